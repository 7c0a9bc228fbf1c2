using Backup.MongoWire.Bson;

namespace Backup.Sandbox.Storage;

/// <summary>
/// Every state that the data was ever in: each document's versions with the timestamps from which they hold, and the catalogue's. For tests that
/// hold a backup against the source at an optime of the past. It grows without bound. Under the engine's lock.
/// </summary>
internal sealed class History(Engine engine)
{
    private readonly Dictionary<
        Guid,
        SortedDictionary<Record, List<(ulong From, ulong Logged, BsonDocument? Document)>>
    > _documents = [];

    private readonly List<(ulong From, ulong Logged, List<SandboxCollectionState> Collections)> _catalogues = [];
    private readonly List<(Guid Collection, Record Key, BsonDocument? After)> _changes = [];
    private bool _catalogueChanged;

    /// <param name="id"><c>{_id: value}</c>, or the whole document.</param>
    /// <param name="after">Null where it is gone.</param>
    public void Changed(SandboxCollection collection, BsonDocument id, BsonDocument? after)
    {
        var key = new Record(id, 0);
        _changes.Add((collection.Uuid, new Record(key.IdDocument(), 0), after));
    }

    public void CatalogueChanged() => _catalogueChanged = true;

    /// <summary>What has changed since the last stamp holds from this timestamp on.</summary>
    /// <param name="logged">Of the entry that says so.</param>
    public void Stamp(ulong from, ulong logged)
    {
        foreach (var (collection, key, after) in _changes)
        {
            if (!_documents.TryGetValue(collection, out var documents))
            {
                _documents.Add(collection, documents = new(Record.ById));
            }

            if (!documents.TryGetValue(key, out var versions))
            {
                documents.Add(key, versions = []);
            }

            versions.Add((from, logged, after));
        }

        _changes.Clear();
        if (_catalogueChanged)
        {
            _catalogues.Add((from, logged, Catalogue()));
            _catalogueChanged = false;
        }
    }

    /// <summary>What entries after this one have done never was: they are rolled back.</summary>
    public void Forget(ulong after)
    {
        _catalogues.RemoveAll(version => version.Logged > after);
        foreach (var versions in _documents.Values.SelectMany(static documents => documents.Values))
        {
            versions.RemoveAll(version => version.Logged > after);
        }
    }

    /// <summary>Takes over all that another member remembers.</summary>
    public void CopyFrom(History other)
    {
        _catalogues.Clear();
        _catalogues.AddRange(other._catalogues);
        _catalogueChanged = other._catalogueChanged;
        foreach (var (collection, documents) in other._documents)
        {
            var copies = new SortedDictionary<Record, List<(ulong From, ulong Logged, BsonDocument? Document)>>(
                Record.ById
            );
            foreach (var (key, versions) in documents)
            {
                copies.Add(key, [.. versions]);
            }

            _documents[collection] = copies;
        }
    }

    public IReadOnlyList<SandboxCollectionState> At(ulong timestamp) =>
        [
            .. _catalogues
                .Last(version => version.From <= timestamp)
                .Collections.Select(collection =>
                    collection with
                    {
                        Documents = Documents(collection.Uuid, timestamp),
                    }
                ),
        ];

    private List<BsonDocument> Documents(Guid collection, ulong timestamp)
    {
        var found = new List<BsonDocument>();
        foreach (
            var versions in _documents.GetValueOrDefault(collection)?.Values
                ?? Enumerable.Empty<List<(ulong From, ulong Logged, BsonDocument? Document)>>()
        )
        {
            // In order but for a prepared transaction, which holds from a time before it was committed; nobody else wrote the document meanwhile.
            if (versions.FindLast(version => version.From <= timestamp).Document is { } document)
            {
                found.Add(document);
            }
        }

        return found;
    }

    private List<SandboxCollectionState> Catalogue() =>
        [
            .. engine
                .Collections.Where(static collection =>
                    !Namespaces.IsView(collection) && collection.Database is not ("config" or "local")
                )
                .Select(static collection => new SandboxCollectionState(
                    collection.Database,
                    collection.Name,
                    collection.Uuid,
                    collection.Options,
                    [.. collection.Indexes],
                    []
                )),
        ];
}
