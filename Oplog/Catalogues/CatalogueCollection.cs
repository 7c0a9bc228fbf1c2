using Backup.MongoWire.Bson;

namespace Backup.Oplog.Catalogues;

/// <summary>What a collection is. The numbers are frozen.</summary>
public enum CollectionType
{
    Collection = 0,

    /// <summary>Only in listings that an agent sends; a catalogue holds none.</summary>
    View = 1,

    /// <summary>Holds raw buckets.</summary>
    TimeSeries = 2,
}

/// <summary>One collection as the catalogue knows it.</summary>
/// <param name="Uuid">The collection's UUID.</param>
/// <param name="Database">For example <c>shop</c>.</param>
/// <param name="Name">For example <c>orders</c>; may hold dots.</param>
/// <param name="Type">Plain or time series.</param>
/// <param name="Options">As listCollections gives them: raw, without the UUID.</param>
/// <param name="Indexes">As listIndexes gives them: raw, in order; the <c>_id</c> index first.</param>
public sealed record CatalogueCollection(
    Guid Uuid,
    string Database,
    string Name,
    CollectionType Type,
    BsonDocument Options,
    IReadOnlyList<BsonDocument> Indexes
)
{
    /// <summary>The one <see cref="ExcludedBecause"/> that a fresh copy does not mend. Persisted.</summary>
    public const string WithoutId = "its documents have no _id";

    public string Namespace => $"{Database}.{Name}";

    /// <summary>Whether it is not kept, and a fresh copy would change that.</summary>
    public bool NeedsCopy => ExcludedBecause is not (null or WithoutId);

    public bool IsCapped => Options.View.TryGet("capped"u8, out var capped) && capped.ToBoolean();

    /// <summary>A clustered collection: its records are in the order of the cluster key, which is <c>_id</c>.</summary>
    public bool IsClustered =>
        Options.View.TryGet("clusteredIndex"u8, out var clustered) && clustered.Type != BsonType.Null;

    /// <summary>For a capped collection: bytes of documents it may hold.</summary>
    public long CappedBytes => Options.View.TryGet("size"u8, out var size) && size.IsNumber ? size.ToInt64() : 0;

    /// <summary>For a capped collection: documents it may hold, or <see cref="long.MaxValue"/>.</summary>
    public long CappedDocuments =>
        Options.View.TryGet("max"u8, out var max) && max.IsNumber && max.ToInt64() > 0 ? max.ToInt64() : long.MaxValue;

    /// <summary>
    /// Why this collection is not kept, or null: its documents have no <c>_id</c>, or it can no longer be followed and needs a fresh
    /// copy. Its entries are passed over; it is no part of a snapshot.
    /// </summary>
    public string? ExcludedBecause { get; init; }

    /// <summary>Fields of the stored form that this version does not know, kept as they are.</summary>
    public BsonDocument Unknown { get; init; } = BsonDocument.Empty;
}
