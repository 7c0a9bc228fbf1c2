using Backup.MongoWire.Bson;

namespace Backup.MongoQuery.Filters;

/// <summary>The types of <c>$type</c>, by number and by name.</summary>
internal static class TypeNames
{
    private static readonly Dictionary<string, BsonType> ByName = new()
    {
        ["double"] = BsonType.Double,
        ["string"] = BsonType.String,
        ["object"] = BsonType.Document,
        ["array"] = BsonType.Array,
        ["binData"] = BsonType.Binary,
        ["undefined"] = BsonType.Undefined,
        ["objectId"] = BsonType.ObjectId,
        ["bool"] = BsonType.Boolean,
        ["date"] = BsonType.DateTime,
        ["null"] = BsonType.Null,
        ["regex"] = BsonType.RegularExpression,
        ["dbPointer"] = BsonType.DbPointer,
        ["javascript"] = BsonType.JavaScript,
        ["symbol"] = BsonType.Symbol,
        ["javascriptWithScope"] = BsonType.JavaScriptWithScope,
        ["int"] = BsonType.Int32,
        ["timestamp"] = BsonType.Timestamp,
        ["long"] = BsonType.Int64,
        ["decimal"] = BsonType.Decimal128,
        ["minKey"] = BsonType.MinKey,
        ["maxKey"] = BsonType.MaxKey,
    };

    private static readonly Dictionary<BsonType, string> Names = ByName.ToDictionary(
        static one => one.Value,
        static one => one.Key
    );

    internal static string NameOf(BsonType type) => type == BsonType.EndOfDocument ? "missing" : Names[type];

    internal static HashSet<BsonType> Read(BsonElement operation)
    {
        var types = new HashSet<BsonType>();
        if (operation.Type != BsonType.Array)
        {
            Add(types, operation);
            return types;
        }

        foreach (var item in operation.AsDocument)
        {
            Add(types, item);
        }

        return types.Count > 0 ? types : throw MongoQueryErrors.FailedToParse("$type must match at least one type");
    }

    private static void Add(HashSet<BsonType> types, BsonElement name)
    {
        if (name.Type != BsonType.String)
        {
            var number = name.IsNumber && name.ToDouble() % 1 == 0 ? name.ToInt64() : 0;
            var known = ByName.Values.FirstOrDefault(type =>
                (long)type == number || (type == BsonType.MinKey && number is -1 or 255)
            );
            types.Add(
                known != BsonType.EndOfDocument && (number != 255)
                    ? known
                    : throw MongoQueryErrors.BadValue("Invalid numerical type code")
            );
            return;
        }

        if (name.AsString == "number")
        {
            types.UnionWith([BsonType.Int32, BsonType.Int64, BsonType.Double, BsonType.Decimal128]);
            return;
        }

        types.Add(
            ByName.TryGetValue(name.AsString, out var type)
                ? type
                : throw MongoQueryErrors.BadValue($"Unknown type name alias: {name.AsString}")
        );
    }
}
