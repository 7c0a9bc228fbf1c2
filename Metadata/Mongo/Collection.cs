using Backup.Metadata.Mongo.Documents;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo;

/// <summary>An index. Frozen once released: another one is a step of <see cref="MongoMigrations"/>.</summary>
/// <param name="Name">Unique in its collection.</param>
/// <param name="Keys">Fields, those in descending order with a minus in front.</param>
internal sealed record Index(string Name, params string[] Keys)
{
    public bool Unique { get; init; }

    /// <summary>It holds only documents in which this field is a string: a null is no duplicate of another null.</summary>
    public string? OnlyWith { get; init; }

    /// <summary>Documents go when this date field is that old; null: they stay.</summary>
    public TimeSpan? Expires { get; init; }

    /// <summary>As <c>createIndexes</c> takes it.</summary>
    internal BsonDocument Spec()
    {
        using var writer = new BsonWriter();
        writer.BeginDocument().BeginDocument("key"u8);
        foreach (var key in Keys)
        {
            var name = System.Text.Encoding.UTF8.GetBytes(key.TrimStart('-'));
            writer.Int32(name, key[0] == '-' ? -1 : 1);
        }

        writer.EndDocument().String("name"u8, Name);
        if (Unique)
        {
            writer.Boolean("unique"u8, true);
        }

        if (OnlyWith is { } field)
        {
            writer.Document("partialFilterExpression"u8, Doc.Of((field, Doc.Of(("$type", "string")))));
        }

        if (Expires is { } after)
        {
            writer.Int64("expireAfterSeconds"u8, (long)after.TotalSeconds);
        }

        writer.EndDocument();
        return writer.ToDocument();
    }
}

/// <summary>A collection of the catalogue. Frozen once released.</summary>
/// <param name="name">For people: camel case.</param>
/// <param name="indexes">Beside the one on <c>_id</c>.</param>
internal abstract class Collection(string name, Index[] indexes)
{
    internal string Name => name;

    internal IReadOnlyList<Index> Indexes => indexes;

    /// <summary>Names of the fields, <c>_id</c> first; for the test that freezes them.</summary>
    internal abstract IReadOnlyList<string> FieldNames { get; }

    /// <summary>Of the records; null where documents are none.</summary>
    internal virtual RecordMap? Map => null;

    /// <summary>The record's property that is the <c>_id</c>; null: ids say nothing.</summary>
    internal virtual string? Key => null;

    /// <summary>A document as this release writes it, without what stands beside the record.</summary>
    internal virtual BsonDocument Normal(BsonDocument document) => document;
}

/// <summary>A collection whose documents are records.</summary>
/// <param name="key">The property that is the <c>_id</c>; null: ids are object ids that say nothing, and a unique index tells records apart.</param>
/// <param name="beside">Fields that documents have and records have not.</param>
internal sealed class Collection<T>(string name, string? key, string[]? beside = null, params Index[] indexes)
    : Collection(name, indexes)
    where T : class
{
    private readonly RecordMap _map = RecordMap.Of(typeof(T));

    internal override IReadOnlyList<string> FieldNames =>
        ["_id", .. _map.Fields.Where(one => one.Property != key).Select(one => one.Text), .. beside ?? []];

    internal override RecordMap Map => _map;

    internal override string? Key => key;

    internal override BsonDocument Normal(BsonDocument document) => Write(Read(document));

    internal T Read(BsonDocument document) => (T)_map.Read(document.View, key);

    /// <param name="more">Fields beside the record's.</param>
    internal BsonDocument Write(T record, params ReadOnlySpan<(string Name, object? Value)> more)
    {
        using var writer = new BsonWriter();
        writer.BeginDocument();
        if (key is null)
        {
            writer.ObjectId("_id"u8, ObjectIds.Next());
        }

        _map.WriteFields(writer, record, key);
        Doc.Fields(writer, more);
        writer.EndDocument();
        return writer.ToDocument();
    }
}
