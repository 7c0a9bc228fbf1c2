using System.Text;
using System.Text.RegularExpressions;
using Backup.MongoWire.Bson;

namespace Backup.Sandbox.Query;

/// <summary>Reads conditions: <c>{$gt: 3, $lt: 9}</c>, a regular expression, a plain value.</summary>
internal static class ConditionParser
{
    private static readonly TimeSpan RegexLimit = TimeSpan.FromSeconds(1);

    public static Condition OfField(BsonElement field)
    {
        if (field.Type == BsonType.RegularExpression)
        {
            return new Pattern(ReadRegex(field));
        }

        if (field.Type != BsonType.Document || field.AsDocument.IsEmpty || !IsOperator(field.AsDocument.First))
        {
            return new Compared(Comparison.Equal, Wrap(field));
        }

        var parts = new List<Condition>();
        foreach (var operation in field.AsDocument)
        {
            if (operation.NameIs("$options"u8) || operation.NameIs("$comment"u8))
            {
                continue;
            }

            parts.Add(Operator(operation, field.AsDocument));
        }

        return parts.Count == 1 ? parts[0] : new Together(parts);
    }

    // DBRefs are values although their names start with '$'.
    private static bool IsOperator(BsonElement first) =>
        first.Name is [(byte)'$', ..] && !first.NameIs("$ref"u8) && !first.NameIs("$id"u8) && !first.NameIs("$db"u8);

    private static Condition Operator(BsonElement operation, BsonView all) =>
        operation.NameText switch
        {
            "$eq" => new Compared(Comparison.Equal, Wrap(operation)),
            "$ne" => new Negated(new Compared(Comparison.Equal, Wrap(operation))),
            "$gt" => new Compared(Comparison.Greater, Wrap(operation)),
            "$gte" => new Compared(Comparison.GreaterOrEqual, Wrap(operation)),
            "$lt" => new Compared(Comparison.Less, Wrap(operation)),
            "$lte" => new Compared(Comparison.LessOrEqual, Wrap(operation)),
            "$in" => new AnyOfConditions(Each(operation)),
            "$nin" => new Negated(new AnyOfConditions(Each(operation))),
            "$exists" => operation.ToBoolean() ? new Exists() : new Negated(new Exists()),
            "$type" => new OfType(Types(operation)),
            "$size" => new OfSize(operation.ToInt64()),
            "$mod" => Mod(operation),
            "$regex" => new Pattern(ReadRegex(operation, all)),
            "$not" => new Negated(OfField(operation)),
            "$all" => new Together(Each(operation)),
            "$elemMatch" => ElemMatch(operation),
            var name => throw CommandFault.BadValue($"unknown operator: {name}"),
        };

    private static ItemMatches ElemMatch(BsonElement operation)
    {
        var inner = operation.AsDocument;
        var onValue =
            !inner.IsEmpty
            && inner.First.Name is [(byte)'$', ..]
            && inner.First.NameText is not ("$and" or "$or" or "$nor");
        return new ItemMatches(onValue ? Filter.OfValue(operation) : Filter.Parse(inner.ToDocument()), onValue);
    }

    private static List<Condition> Each(BsonElement operation)
    {
        if (operation.Type != BsonType.Array)
        {
            throw CommandFault.BadValue($"{operation.NameText} needs an array");
        }

        var parts = new List<Condition>();
        foreach (var item in operation.AsDocument)
        {
            var isMatch = item.Type == BsonType.Document && item.AsDocument.Has("$elemMatch"u8);
            parts.Add(
                item.Type == BsonType.RegularExpression ? new Pattern(ReadRegex(item))
                : isMatch ? OfField(item)
                : new Compared(Comparison.Equal, Wrap(item))
            );
        }

        return parts;
    }

    private static Modulo Mod(BsonElement operation)
    {
        var numbers = new List<long>();
        foreach (var item in operation.AsDocument)
        {
            numbers.Add(item.ToInt64());
        }

        return numbers is [not 0, _]
            ? new Modulo(numbers[0], numbers[1])
            : throw CommandFault.BadValue("malformed mod, needs [divisor, remainder] and a divisor other than 0");
    }

    private static HashSet<BsonType> Types(BsonElement operation)
    {
        var types = new HashSet<BsonType>();
        if (operation.Type == BsonType.Array)
        {
            foreach (var item in operation.AsDocument)
            {
                AddType(types, item);
            }
        }
        else
        {
            AddType(types, operation);
        }

        return types;
    }

    private static void AddType(HashSet<BsonType> types, BsonElement name)
    {
        if (name.Type != BsonType.String)
        {
            types.Add((BsonType)(byte)name.ToInt64());
            return;
        }

        if (name.AsString == "number")
        {
            types.UnionWith([BsonType.Int32, BsonType.Int64, BsonType.Double, BsonType.Decimal128]);
            return;
        }

        types.Add(
            name.AsString switch
            {
                "double" => BsonType.Double,
                "string" => BsonType.String,
                "object" => BsonType.Document,
                "array" => BsonType.Array,
                "binData" => BsonType.Binary,
                "undefined" => BsonType.Undefined,
                "objectId" => BsonType.ObjectId,
                "bool" => BsonType.Boolean,
                "date" => BsonType.DateTime,
                "null" => BsonType.Null,
                "regex" => BsonType.RegularExpression,
                "dbPointer" => BsonType.DbPointer,
                "javascript" => BsonType.JavaScript,
                "symbol" => BsonType.Symbol,
                "javascriptWithScope" => BsonType.JavaScriptWithScope,
                "int" => BsonType.Int32,
                "timestamp" => BsonType.Timestamp,
                "long" => BsonType.Int64,
                "decimal" => BsonType.Decimal128,
                "minKey" => BsonType.MinKey,
                "maxKey" => BsonType.MaxKey,
                var unknown => throw CommandFault.BadValue($"Unknown type name alias: {unknown}"),
            }
        );
    }

    private static Regex ReadRegex(BsonElement value, BsonView all = default)
    {
        var pattern = "";
        var options = "";
        if (value.Type == BsonType.RegularExpression)
        {
            var end = value.Value.IndexOf((byte)0);
            pattern = Encoding.UTF8.GetString(value.Value[..end]);
            options = Encoding.UTF8.GetString(value.Value[(end + 1)..^1]);
        }
        else
        {
            pattern = value.AsString;
        }

        if (all.Length > 0 && all.TryGet("$options"u8, out var extra))
        {
            options = extra.AsString;
        }

        var flags = RegexOptions.CultureInvariant;
        flags |= options.Contains('i') ? RegexOptions.IgnoreCase : 0;
        flags |= options.Contains('m') ? RegexOptions.Multiline : 0;
        flags |= options.Contains('s') ? RegexOptions.Singleline : 0;
        flags |= options.Contains('x') ? RegexOptions.IgnorePatternWhitespace : 0;
        try
        {
            return new Regex(pattern, flags, RegexLimit);
        }
        catch (ArgumentException)
        {
            throw new CommandFault(51091, "Location51091", "Regular expression is invalid");
        }
    }

    /// <summary>The value alone, as the only field of a document.</summary>
    internal static BsonDocument Wrap(BsonElement value)
    {
        using var writer = new BsonWriter();
        writer.BeginDocument().Raw(default, value.Type, value.Value).EndDocument();
        return writer.ToDocument();
    }
}
