using Backup.MongoQuery.Paths;
using Backup.MongoWire.Bson;

namespace Backup.MongoQuery.Expressions;

/// <summary>An aggregation expression.</summary>
internal abstract class Expression
{
    /// <param name="root">The document it is asked of.</param>
    /// <returns>Missing where there is none.</returns>
    /// <exception cref="QueryException">2600 where a server fails too, 2601 at values that are not supported.</exception>
    public abstract Value Evaluate(BsonDocument root);
}

internal sealed class Constant(Value value) : Expression
{
    internal Value Value => value;

    public override Value Evaluate(BsonDocument root) => value;
}

internal sealed class Root : Expression
{
    public override Value Evaluate(BsonDocument root) => Value.Of(root);
}

/// <summary><c>$a.b</c>: through arrays it becomes an array of what their items have there.</summary>
internal sealed class PathExpression(FieldPath path) : Expression
{
    public override Value Evaluate(BsonDocument root) => At(root.View, 0);

    private Value At(BsonView document, int depth)
    {
        if (!document.TryGet(path[depth], out var field))
        {
            return Value.Missing;
        }

        if (depth == path.Length - 1)
        {
            return Value.Of(field);
        }

        return field.Type switch
        {
            BsonType.Document => At(field.AsDocument, depth + 1),
            BsonType.Array => InItems(field.AsDocument, depth + 1),
            _ => Value.Missing,
        };
    }

    private Value InItems(BsonView array, int depth)
    {
        var found = new List<Value>();
        foreach (var item in array)
        {
            if (item.Type == BsonType.Document && At(item.AsDocument, depth) is { IsMissing: false } value)
            {
                found.Add(value);
            }
        }

        return Value.Of(found);
    }
}

/// <summary>A document of expressions; what is missing is left out.</summary>
internal sealed class DocumentExpression(IReadOnlyList<(byte[] Name, Expression Value)> fields) : Expression
{
    public override Value Evaluate(BsonDocument root) =>
        Value.Of(
            BsonDocument.Build(w =>
            {
                foreach (var (name, expression) in fields)
                {
                    var value = expression.Evaluate(root);
                    if (!value.IsMissing)
                    {
                        value.Write(w, name);
                    }
                }
            })
        );
}

/// <summary>An array of expressions; what is missing becomes null.</summary>
internal sealed class ArrayExpression(IReadOnlyList<Expression> items) : Expression
{
    public override Value Evaluate(BsonDocument root) =>
        Value.Of(items.Select(item => item.Evaluate(root) is { IsMissing: false } value ? value : Value.Null));
}

/// <summary>An operator of values that are all computed first.</summary>
internal sealed class Computed(Func<IReadOnlyList<Value>, Value> compute, IReadOnlyList<Expression> operands)
    : Expression
{
    public override Value Evaluate(BsonDocument root)
    {
        var values = new Value[operands.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = operands[i].Evaluate(root);
        }

        return compute(values);
    }
}

/// <summary><c>$and</c> and <c>$or</c>: no operand is asked that does not matter.</summary>
internal sealed class Junction(bool isAnd, IReadOnlyList<Expression> operands) : Expression
{
    public override Value Evaluate(BsonDocument root)
    {
        foreach (var operand in operands)
        {
            if (operand.Evaluate(root).IsTrue != isAnd)
            {
                return Value.Of(!isAnd);
            }
        }

        return Value.Of(isAnd);
    }
}

/// <summary><c>$cond</c> and <c>$switch</c>: the first branch whose condition holds.</summary>
internal sealed class Branches(IReadOnlyList<(Expression If, Expression Then)> branches, Expression? otherwise)
    : Expression
{
    public override Value Evaluate(BsonDocument root)
    {
        foreach (var (condition, then) in branches)
        {
            if (condition.Evaluate(root).IsTrue)
            {
                return then.Evaluate(root);
            }
        }

        return otherwise is null
            ? throw MongoQueryErrors.Location(
                40066,
                "$switch could not find a matching branch for an input, and no default was specified."
            )
            : otherwise.Evaluate(root);
    }
}

internal sealed class IfNull(Expression value, Expression otherwise) : Expression
{
    public override Value Evaluate(BsonDocument root) =>
        value.Evaluate(root) is { IsNullish: false } found ? found : otherwise.Evaluate(root);
}
