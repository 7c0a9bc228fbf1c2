using Backup.MongoWire.Bson;

namespace Backup.Oplog.Catalogues;

/// <summary>
/// The collections of one replica set by UUID. During the catch-up of an initial sync two collections may bear one name for
/// a while: the UUID is the key, the name an attribute. Not thread-safe.
/// </summary>
/// <remarks>
/// Views are no entries of their own: their definitions are the documents of <c>&lt;db&gt;.system.views</c>, as on the server
/// (<see cref="ViewDefinition"/>).
/// </remarks>
public sealed class Catalogue
{
    private readonly Dictionary<Guid, CatalogueCollection> _collections = [];

    public IEnumerable<CatalogueCollection> Collections => _collections.Values;

    public int Count => _collections.Count;

    public CatalogueCollection? Find(Guid uuid) => _collections.GetValueOrDefault(uuid);

    /// <summary>The collections of that name: none, one, or several during a catch-up.</summary>
    public IEnumerable<CatalogueCollection> FindByName(string ns) => _collections.Values.Where(c => c.Namespace == ns);

    /// <summary>Names that more than one collection bears; empty once a head is consistent.</summary>
    public IReadOnlyList<string> AmbiguousNames() =>
        [.. _collections.Values.GroupBy(c => c.Namespace).Where(g => g.Count() > 1).Select(g => g.Key).Order()];

    /// <summary>Adds or replaces the collection with this UUID.</summary>
    public void Set(CatalogueCollection collection) => _collections[collection.Uuid] = collection;

    public bool Remove(Guid uuid) => _collections.Remove(uuid);

    /// <summary>Writes <c>[{uuid, db, name, type, options, indexes, …}, …]</c> in the order of namespaces.</summary>
    public void WriteTo(BsonWriter writer, ReadOnlySpan<byte> name) => CatalogueCodec.Write(this, writer, name);

    /// <summary>Reads what <see cref="WriteTo"/> writes.</summary>
    /// <param name="array">The array's raw value; copied.</param>
    /// <exception cref="Foundation.Errors.BackupException">3010</exception>
    public static Catalogue Read(BsonView array) => CatalogueCodec.Read(array);

    /// <summary>A copy that shares nothing that changes.</summary>
    public Catalogue Clone()
    {
        var copy = new Catalogue();
        foreach (var collection in _collections.Values)
        {
            copy.Set(collection);
        }

        return copy;
    }
}
