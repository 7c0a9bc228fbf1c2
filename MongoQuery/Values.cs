using Backup.MongoWire.Bson;

namespace Backup.MongoQuery;

/// <summary>Values on their own.</summary>
public static class Values
{
    /// <summary>The value alone, as the only field of a document.</summary>
    public static BsonDocument Wrap(BsonElement value)
    {
        using var writer = new BsonWriter(value.Value.Length + 16);
        writer.BeginDocument().Raw(default, value.Type, value.Value).EndDocument();
        return writer.ToDocument();
    }
}
