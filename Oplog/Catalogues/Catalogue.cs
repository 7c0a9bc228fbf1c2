using Backup.MongoWire.Bson;

namespace Backup.Oplog.Catalogues;

public enum CollectionType
{
    Collection = 0,
    View = 1,
    TimeSeries = 2,
}

/// <summary>One collection or view as the catalogue knows it.</summary>
/// <param name="Uuid">The collection's UUID; for a view (which has none on the server) one made from its namespace.</param>
/// <param name="Database">For example <c>shop</c>.</param>
/// <param name="Name">For example <c>orders</c>; may hold dots.</param>
/// <param name="Type">View or not.</param>
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
    public string Namespace => $"{Database}.{Name}";

    public bool IsCapped => Options.View.TryGet("capped"u8, out var capped) && capped.ToBoolean();
}

/// <summary>
/// The collections of one replica set by UUID. During the catch-up of an initial sync two collections may bear one name for
/// a while: the UUID is the key, the name an attribute. Not thread-safe.
/// </summary>
public sealed class Catalogue
{
    private readonly Dictionary<Guid, CatalogueCollection> _collections = [];

    public IEnumerable<CatalogueCollection> Collections => _collections.Values;

    public int Count => _collections.Count;

    public CatalogueCollection? Find(Guid uuid) => _collections.GetValueOrDefault(uuid);

    /// <summary>Adds or replaces the collection with this UUID.</summary>
    public void Set(CatalogueCollection collection) => _collections[collection.Uuid] = collection;

    public bool Remove(Guid uuid) => _collections.Remove(uuid);
}
