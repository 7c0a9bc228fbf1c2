using Backup.MongoQuery.Expressions;
using Backup.MongoQuery.Paths;
using Backup.MongoWire.Bson;

namespace Backup.MongoQuery.Filters;

/// <summary>Reads queries: <c>{a: {$gt: 3, $lt: 9}, $or: […]}</c>.</summary>
internal static class FilterParser
{
    /// <summary>Clauses in clauses; as of a server.</summary>
    private const int MaximumDepth = 100;

    internal static Filter Query(BsonView query, int depth)
    {
        if (depth > MaximumDepth)
        {
            throw MongoQueryErrors.BadValue($"exceeded maximum query tree depth of {MaximumDepth}");
        }

        var parts = new List<Filter>();
        foreach (var field in query)
        {
            if (field.Name is not [(byte)'$', ..])
            {
                Conditions(FieldPath.Parse(field.Name), field, depth, parts);
                continue;
            }

            switch (field.NameText)
            {
                case "$and":
                    parts.Add(new AllOf(Clauses(field, depth)));
                    break;
                case "$or":
                    parts.Add(new AnyOf(Clauses(field, depth)));
                    break;
                case "$nor":
                    parts.Add(new Not(new AnyOf(Clauses(field, depth))));
                    break;
                case "$expr":
                    parts.Add(new ExpressionFilter(ExpressionParser.Parse(field)));
                    break;
                case "$comment":
                    break;
                case "$where" or "$text" or "$jsonSchema" or "$alwaysTrue" or "$alwaysFalse" or "$sampleRate":
                    throw MongoQueryErrors.NotSupported(field.NameText);
                default:
                    throw MongoQueryErrors.BadValue($"unknown top level operator: {field.NameText}");
            }
        }

        return parts.Count == 1 ? parts[0] : new AllOf(parts);
    }

    internal static Filter OfValue(BsonElement condition)
    {
        var parts = new List<Filter>();
        Conditions(null, condition, 0, parts);
        return new ValueFilter(parts.Count == 1 ? parts[0] : new AllOf(parts));
    }

    private static List<Filter> Clauses(BsonElement field, int depth)
    {
        if (field.Type != BsonType.Array || field.AsDocument.IsEmpty)
        {
            throw MongoQueryErrors.BadValue($"{field.NameText} must be a nonempty array");
        }

        var clauses = new List<Filter>();
        foreach (var clause in field.AsDocument)
        {
            clauses.Add(
                clause.Type == BsonType.Document
                    ? Query(clause.AsDocument, depth + 1)
                    : throw MongoQueryErrors.BadValue("$or/$and/$nor entries need to be full objects")
            );
        }

        return clauses;
    }

    private static void Conditions(FieldPath? path, BsonElement field, int depth, List<Filter> parts)
    {
        if (field.Type == BsonType.RegularExpression)
        {
            parts.Add(new PathFilter(path, new Pattern(PatternSource.Of(field))));
            return;
        }

        if (!IsOperators(field))
        {
            parts.Add(new PathFilter(path, Compare(Comparison.Equal, field)));
            return;
        }

        foreach (var operation in field.AsDocument)
        {
            if (operation.NameIs("$options"u8))
            {
                if (!field.AsDocument.Has("$regex"u8))
                {
                    throw MongoQueryErrors.BadValue("$options needs a $regex");
                }

                continue;
            }

            if (!operation.NameIs("$comment"u8))
            {
                parts.Add(Operator(path, operation, field.AsDocument, depth));
            }
        }
    }

    /// <summary>Whether a value is a document of operators; a DBRef is a value although its names start with '$'.</summary>
    private static bool IsOperators(BsonElement field) =>
        field.Type == BsonType.Document
        && !field.AsDocument.IsEmpty
        && field.AsDocument.First.Name is [(byte)'$', ..]
        && !(field.AsDocument.Has("$ref"u8) && field.AsDocument.Has("$id"u8));

    private static Filter Operator(FieldPath? path, BsonElement operation, BsonView all, int depth)
    {
        switch (operation.NameText)
        {
            case "$not":
                return new Not(Inverted(path, operation, depth + 1));
            case "$nin":
                return new Not(new PathFilter(path, In(operation)));
            case "$ne" when operation.Type == BsonType.RegularExpression:
                throw MongoQueryErrors.BadValue("Can't have regex as arg to $ne.");
            case "$ne":
                return new Not(new PathFilter(path, Compare(Comparison.Equal, operation)));
            case "$exists":
                var exists = new PathFilter(path, new Exists());
                return Value.Of(operation).IsTrue ? exists : new Not(exists);
            case "$all":
                return All(path, operation, depth + 1);
            default:
                return new PathFilter(path, Test(operation, all, depth));
        }
    }

    private static ValueTest Test(BsonElement operation, BsonView all, int depth) =>
        operation.NameText switch
        {
            "$eq" => Compare(Comparison.Equal, operation),
            "$gt" => Compare(Comparison.Greater, operation),
            "$gte" => Compare(Comparison.GreaterOrEqual, operation),
            "$lt" => Compare(Comparison.Less, operation),
            "$lte" => Compare(Comparison.LessOrEqual, operation),
            "$in" => In(operation),
            "$type" => new OfType(TypeNames.Read(operation)),
            "$size" => new OfSize(Size(operation)),
            "$mod" => Mod(operation),
            "$regex" => new Pattern(PatternSource.Of(operation, all)),
            "$elemMatch" => ElemMatch(operation, depth + 1),
            "$bitsAllSet"
            or "$bitsAllClear"
            or "$bitsAnySet"
            or "$bitsAnyClear"
            or "$geoWithin"
            or "$geoIntersects"
            or "$near"
            or "$nearSphere"
            or "$within"
            or "$geoNear"
            or "$maxDistance"
            or "$minDistance" => throw MongoQueryErrors.NotSupported(operation.NameText),
            var name => throw MongoQueryErrors.BadValue($"unknown operator: {name}"),
        };

    private static Compared Compare(Comparison comparison, BsonElement operand)
    {
        if (operand.Type == BsonType.Undefined)
        {
            throw MongoQueryErrors.BadValue("cannot compare to undefined");
        }

        return operand.Type == BsonType.RegularExpression && comparison != Comparison.Equal
            ? throw MongoQueryErrors.BadValue($"Can't have RegEx as arg to predicate over field '{operand.NameText}'.")
            : new Compared(comparison, Value.Of(operand));
    }

    private static AllOf Inverted(FieldPath? path, BsonElement operation, int depth)
    {
        var parts = new List<Filter>();
        if (operation.Type == BsonType.RegularExpression)
        {
            parts.Add(new PathFilter(path, new Pattern(PatternSource.Of(operation))));
            return new AllOf(parts);
        }

        if (operation.Type != BsonType.Document)
        {
            throw MongoQueryErrors.BadValue("$not needs a regex or a document");
        }

        if (operation.AsDocument.IsEmpty)
        {
            throw MongoQueryErrors.BadValue("$not cannot be empty");
        }

        foreach (var inner in operation.AsDocument)
        {
            if (inner.NameIs("$regex"u8) || inner.NameIs("$options"u8))
            {
                // Releases differ in whether they take it.
                throw MongoQueryErrors.NotSupported("$regex in $not (write $not: /pattern/)");
            }

            parts.Add(Operator(path, inner, operation.AsDocument, Deeper(depth)));
        }

        return new AllOf(parts);
    }

    private static Filter All(FieldPath? path, BsonElement operation, int depth)
    {
        if (operation.Type != BsonType.Array)
        {
            throw MongoQueryErrors.BadValue("$all needs an array");
        }

        var parts = new List<Filter>();
        var matches = 0;
        foreach (var item in operation.AsDocument)
        {
            if (IsOperators(item))
            {
                if (!item.AsDocument.First.NameIs("$elemMatch"u8))
                {
                    throw MongoQueryErrors.BadValue("no $ expressions in $all");
                }

                matches++;
                parts.Add(new PathFilter(path, ElemMatch(item.AsDocument.First, depth)));
                continue;
            }

            parts.Add(
                new PathFilter(
                    path,
                    item.Type == BsonType.RegularExpression
                        ? new Pattern(PatternSource.Of(item))
                        : Compare(Comparison.Equal, item)
                )
            );
        }

        if (matches > 0 && matches < parts.Count)
        {
            throw MongoQueryErrors.BadValue("$all/$elemMatch has to be consistent");
        }

        // Of nothing nothing has it all.
        return parts.Count == 0 ? new AnyOf([]) : new AllOf(parts);
    }

    private static ValueTest In(BsonElement operation)
    {
        if (operation.Type != BsonType.Array)
        {
            throw MongoQueryErrors.BadValue($"{operation.NameText} needs an array");
        }

        var values = new List<Value>();
        var patterns = new List<Pattern>();
        foreach (var item in operation.AsDocument)
        {
            if (IsOperators(item))
            {
                throw MongoQueryErrors.BadValue("cannot nest $ under $in");
            }

            switch (item.Type)
            {
                case BsonType.Undefined:
                    throw MongoQueryErrors.BadValue("InMatchExpression equality cannot be undefined");
                case BsonType.RegularExpression:
                    patterns.Add(new Pattern(PatternSource.Of(item)));
                    break;
                default:
                    values.Add(Value.Of(item));
                    break;
            }
        }

        // A server turns a choice of one into an equality, which undefined meets where null is asked for.
        return patterns.Count == 0 && values.Count > 0 && values.TrueForAll(one => Value.Compare(one, values[0]) == 0)
            ? new Compared(Comparison.Equal, values[0])
            : new OneOf(values, patterns);
    }

    private static ItemMatches ElemMatch(BsonElement operation, int depth)
    {
        if (operation.Type != BsonType.Document)
        {
            throw MongoQueryErrors.BadValue("$elemMatch needs an Object");
        }

        var inner = operation.AsDocument;
        if (!IsOperators(operation) || inner.First.NameText is "$and" or "$or" or "$nor" or "$where")
        {
            return new ItemMatches(Query(inner, Deeper(depth)), onValue: false);
        }

        var parts = new List<Filter>();
        Conditions(null, operation, Deeper(depth), parts);
        return new ItemMatches(new AllOf(parts), onValue: true);
    }

    private static int Deeper(int depth) =>
        depth < MaximumDepth
            ? depth + 1
            : throw MongoQueryErrors.BadValue($"exceeded maximum query tree depth of {MaximumDepth}");

    private static long Size(BsonElement operation) =>
        operation.IsNumber && operation.ToDouble() is >= 0 and <= int.MaxValue && operation.ToDouble() % 1 == 0
            ? operation.ToInt64()
            : throw MongoQueryErrors.NotSupported("$size of anything but a whole number from 0 up");

    private static Modulo Mod(BsonElement operation)
    {
        var numbers = new List<int>();
        foreach (var item in operation.Type == BsonType.Array ? operation.AsDocument : BsonDocument.Empty.View)
        {
            if (!item.IsNumber || item.ToDouble() % 1 != 0 || Math.Abs(item.ToDouble()) > int.MaxValue)
            {
                throw MongoQueryErrors.NotSupported("$mod by anything but whole 32-bit numbers");
            }

            numbers.Add((int)item.ToInt64());
        }

        return numbers is [not 0, _]
            ? new Modulo(numbers[0], numbers[1])
            : throw MongoQueryErrors.BadValue("malformed mod, needs [divisor, remainder] and a divisor other than 0");
    }
}
