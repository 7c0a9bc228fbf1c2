using Backup.MongoQuery.Paths;
using Backup.MongoWire.Bson;

namespace Backup.MongoQuery.Expressions;

/// <summary>Reads aggregation expressions.</summary>
internal static class ExpressionParser
{
    private const int MaximumDepth = 100;

    internal static Expression Parse(BsonElement value) => Parse(value, 0);

    private static Expression Parse(BsonElement value, int depth)
    {
        if (depth > MaximumDepth)
        {
            throw MongoQueryErrors.NotSupported($"an expression nested deeper than {MaximumDepth}");
        }

        switch (value.Type)
        {
            case BsonType.String when value.AsUtf8 is [(byte)'$', ..]:
                return Path(value.AsUtf8);
            case BsonType.Array:
                var items = Items(value.AsDocument, depth + 1);
                return Folded(new ArrayExpression(items), items);
            case BsonType.Document when value.AsDocument is { IsEmpty: false, First.Name: [(byte)'$', ..] }:
                return OnlyField(value.AsDocument)
                    ? Operator(value.AsDocument.First, depth)
                    : throw MongoQueryErrors.Location(
                        15983,
                        "an object representing an expression must have exactly one field"
                    );
            case BsonType.Document:
                var fields = new List<(byte[], Expression)>();
                foreach (var field in value.AsDocument)
                {
                    fields.Add(
                        field.Name is [] or [(byte)'$', ..] || field.Name.Contains((byte)'.')
                            ? throw MongoQueryErrors.Location(
                                16412,
                                $"FieldPath field names may not be empty, start with '$' or contain '.'. Consider using $literal. '{field.NameText}'"
                            )
                            : (field.Name.ToArray(), Parse(field, depth + 1))
                    );
                }

                return Folded(new DocumentExpression(fields), fields.ConvertAll(static field => field.Item2));
            default:
                return new Constant(Value.Of(value));
        }
    }

    private static Expression Path(ReadOnlySpan<byte> text)
    {
        if (!text.StartsWith("$$"u8))
        {
            return new PathExpression(Checked(text[1..]));
        }

        var end = text.IndexOf((byte)'.');
        var name = System.Text.Encoding.UTF8.GetString(end < 0 ? text : text[..end]);
        return name switch
        {
            "$$ROOT" or "$$CURRENT" => end < 0 ? new Root() : new PathExpression(Checked(text[(end + 1)..])),
            "$$REMOVE" when end < 0 => new Constant(Value.Missing),
            _ => throw MongoQueryErrors.NotSupported($"the variable {name}"),
        };
    }

    private static FieldPath Checked(ReadOnlySpan<byte> text)
    {
        var path = FieldPath.Parse(text);
        for (var i = 0; i < path.Length; i++)
        {
            if (path[i] is [] or [(byte)'$', ..])
            {
                throw MongoQueryErrors.Location(16410, "FieldPath field names may not be empty or start with '$'.");
            }
        }

        return path;
    }

    private static List<Expression> Items(BsonView array, int depth)
    {
        var items = new List<Expression>();
        foreach (var item in array)
        {
            items.Add(Parse(item, depth));
        }

        return items;
    }

    private static bool OnlyField(BsonView document)
    {
        var count = 0;
        foreach (var _ in document)
        {
            count++;
        }

        return count == 1;
    }

    private static Expression Operator(BsonElement operation, int depth)
    {
        var name = operation.NameText;
        switch (name)
        {
            case "$literal":
                return new Constant(Value.Of(operation));
            case "$cond":
                return Cond(operation, depth);
            case "$switch":
                return Switch(operation, depth);
        }

        var operands =
            operation.Type == BsonType.Array ? Items(operation.AsDocument, depth + 1) : [Parse(operation, depth + 1)];
        switch (name)
        {
            case "$and" or "$or":
                return Joined(name == "$and", operands);
            case "$ifNull":
                Require(name, operands, 2, 2);
                return Folded(new IfNull(operands[0], operands[1]), operands);
        }

        if (!Operators.Known.TryGetValue(name, out var known))
        {
            throw MongoQueryErrors.NotSupported($"The expression {name}");
        }

        Require(name, operands, known.Least, known.Most);
        return Folded(new Computed(known.Compute, operands), operands);
    }

    /// <summary>
    /// Of constants alone the value is computed at once, as a server does: what fails is told even where it would never be asked.
    /// </summary>
    private static Expression Folded(Expression expression, List<Expression> operands) =>
        operands.TrueForAll(static one => one is Constant)
            ? new Constant(expression.Evaluate(BsonDocument.Empty))
            : expression;

    private static Expression Joined(bool isAnd, List<Expression> operands) =>
        operands.Exists(one => one is Constant constant && constant.Value.IsTrue != isAnd)
            ? new Constant(Value.Of(!isAnd))
            : Folded(new Junction(isAnd, operands), operands);

    private static void Require(string name, List<Expression> operands, int least, int most)
    {
        if (operands.Count < least || operands.Count > most)
        {
            throw MongoQueryErrors.Location(
                16020,
                $"Expression {name} takes {(least == most ? "exactly" : "at least")} {least} arguments. {operands.Count} were passed in."
            );
        }
    }

    private static Expression Cond(BsonElement operation, int depth)
    {
        if (operation.Type != BsonType.Document)
        {
            var operands = operation.Type == BsonType.Array ? Items(operation.AsDocument, depth + 1) : [];
            Require("$cond", operands, 3, 3);
            return Folded(new Branches([(operands[0], operands[1])], operands[2]), operands);
        }

        foreach (var part in operation.AsDocument)
        {
            if (part.NameText is not ("if" or "then" or "else"))
            {
                throw MongoQueryErrors.Location(17083, $"Unrecognized parameter to $cond: {part.NameText}");
            }
        }

        var parts = new List<Expression>
        {
            Part(operation, "if", depth),
            Part(operation, "then", depth),
            Part(operation, "else", depth),
        };
        return Folded(new Branches([(parts[0], parts[1])], parts[2]), parts);
    }

    private static Branches Switch(BsonElement operation, int depth)
    {
        if (
            operation.Type != BsonType.Document
            || !operation.AsDocument.TryGet("branches"u8, out var given)
            || given.Type != BsonType.Array
            || given.AsDocument.IsEmpty
        )
        {
            throw MongoQueryErrors.Location(40068, "$switch requires at least one branch.");
        }

        var branches = new List<(Expression, Expression)>();
        foreach (var branch in given.AsDocument)
        {
            branches.Add((Part(branch, "case", depth), Part(branch, "then", depth)));
        }

        return new Branches(
            branches,
            operation.AsDocument.TryGet("default"u8, out var otherwise) ? Parse(otherwise, depth + 1) : null
        );
    }

    private static Expression Part(BsonElement operation, string name, int depth) =>
        operation.Type == BsonType.Document
        && operation.AsDocument.TryGet(System.Text.Encoding.UTF8.GetBytes(name), out var part)
            ? Parse(part, depth + 1)
            : throw MongoQueryErrors.Location(17080, $"Missing '{name}' parameter to {operation.NameText}");
}
