using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Commands;
using Backup.Sandbox.Transactions;

namespace Backup.Sandbox.Storage;

/// <summary>
/// The data of one member: catalogue, documents, oplog. All state is behind <see cref="Gate"/>; each public method
/// that changes something is called with it held and leaves an oplog entry.
/// </summary>
internal sealed class Engine : IDocumentSink
{
    private readonly Dictionary<Guid, SandboxCollection> _collections = [];
    private readonly Dictionary<string, SandboxCollection> _byName = [];
    private readonly SandboxOptions _options;
    private ulong _least;

    public Engine(SandboxOptions options, long term)
    {
        _options = options;
        Term = term;
        Oplog = new OplogStore(options.OplogBytes);
        Uuids = Guid.NewGuid;
        Transactions = new TransactionTable(options.Time);
        Sessions = new SessionTable(this);
        History = options.KeepHistory ? new History(this) : null;
        History?.CatalogueChanged();
        Note(BsonDocument.Build(static w => w.String("msg"u8, "initiating set")));
        foreach (var made in options.Synthetic)
        {
            Add(new SandboxCollection(Uuids(), made.Database, made.Name, BsonDocument.Empty) { Synthetic = made });
        }
    }

    public Lock Gate { get; } = new();

    public SandboxOptions Options => _options;

    /// <summary>Which documents open transactions hold.</summary>
    public TransactionTable Transactions { get; }

    public SessionTable Sessions { get; }

    /// <summary>Null unless the options want it.</summary>
    public History? History { get; }

    public OplogStore Oplog { get; }

    public long Term { get; }

    public WireProfile Profile => _options.Profile;

    public Func<Guid> Uuids { get; }

    public IEnumerable<SandboxCollection> Collections => _collections.Values;

    public long NowMilliseconds => _options.Time.GetUtcNow().ToUnixTimeMilliseconds();

    public SandboxCollection? Find(string ns) => _byName.GetValueOrDefault(ns);

    public SandboxCollection? Find(Guid uuid) => _collections.GetValueOrDefault(uuid);

    /// <summary>Gives an entry its optime and appends it.</summary>
    public Optime Log(OplogEntry entry)
    {
        if (IsUnreplicated(entry.Ns))
        {
            return Oplog.Last;
        }

        var optime = NextOptime();
        Oplog.Append(optime, entry.ToDocument(Profile, optime, NowMilliseconds));
        History?.Stamp(optime.Timestamp);
        return optime;
    }

    /// <summary>Entries to come stand behind this timestamp.</summary>
    public void AdvanceTo(ulong timestamp) => _least = Math.Max(_least, timestamp);

    public void CheckFree(SandboxCollection collection, IEnumerable<Record> records)
    {
        foreach (var record in records)
        {
            Transactions.CheckFree(collection, record);
        }
    }

    Optime IDocumentSink.Insert(SandboxCollection collection, BsonDocument document, WriteOrigin? origin) =>
        Insert(collection, document, origin);

    public SandboxCollection Create(string database, string name) =>
        CatalogueWriter.Create(this, database, name, BsonDocument.Empty);

    public Optime Note(BsonDocument data) => Log(new OplogEntry("n", "", null, data));

    public ulong NextTimestamp() => NextOptime().Timestamp;

    public Optime Insert(
        SandboxCollection collection,
        BsonDocument document,
        WriteOrigin? origin = null,
        bool fromMigrate = false
    )
    {
        if (collection.IsCapped && document.Length > collection.CappedBytes)
        {
            throw CommandFault.BadValue("object to insert exceeds cappedMaxSize");
        }

        UniqueIndexes.Check(collection, document, null);
        Transactions.CheckFree(collection, new Record(document, 0));
        collection.Insert(document);
        History?.Changed(collection, document, document);
        foreach (var old in collection.Overflow())
        {
            // As in 4.2: what a cap pushes out leaves no entry; every member does it by itself.
            collection.Delete(old);
            History?.Changed(collection, old.Document, null);
        }

        return Log(
            new OplogEntry("i", collection.Namespace, collection.Uuid, document)
            {
                Origin = origin,
                FromMigrate = fromMigrate,
            }
        );
    }

    /// <param name="o">What the oplog says: the whole document, modifiers or a diff.</param>
    public Optime Update(
        SandboxCollection collection,
        Record old,
        BsonDocument document,
        BsonDocument o,
        WriteOrigin? origin
    )
    {
        if (collection.IsCapped && document.Length != old.Document.Length)
        {
            throw new CommandFault(
                10003,
                "CannotGrowDocumentInCappedNamespace",
                "Cannot change the size of a document in a capped collection"
            );
        }

        UniqueIndexes.Check(collection, document, old);
        Transactions.CheckFree(collection, old);
        collection.Replace(old, document);
        History?.Changed(collection, document, document);
        return Log(
            new OplogEntry("u", collection.Namespace, collection.Uuid, o) { O2 = old.IdDocument(), Origin = origin }
        );
    }

    public Optime Delete(SandboxCollection collection, Record record, WriteOrigin? origin)
    {
        if (collection.IsCapped)
        {
            throw CommandFault.IllegalOperation($"cannot remove from a capped collection: {collection.Namespace}");
        }

        Transactions.CheckFree(collection, record);
        collection.Delete(record);
        History?.Changed(collection, record.Document, null);
        return Log(new OplogEntry("d", collection.Namespace, collection.Uuid, record.IdDocument()) { Origin = origin });
    }

    public void Add(SandboxCollection collection)
    {
        if (collection.Indexes.Count == 0 && !Namespaces.IsView(collection))
        {
            var first = collection.IsClustered
                ? IndexSpecs.Clustered(collection.Options)
                : IndexSpecs.IdIndex(collection, Profile);
            collection.Indexes.AddRange(first is { } index ? [index] : []);
        }

        History?.CatalogueChanged();
        _collections.Add(collection.Uuid, collection);
        _byName.Add(collection.Namespace, collection);
    }

    public void Remove(SandboxCollection collection)
    {
        History?.CatalogueChanged();
        _collections.Remove(collection.Uuid);
        _byName.Remove(collection.Namespace);
    }

    public void Rename(SandboxCollection collection, string database, string name)
    {
        History?.CatalogueChanged();
        _byName.Remove(collection.Namespace);
        (collection.Database, collection.Name) = (database, name);
        _byName.Add(collection.Namespace, collection);
        for (var i = 0; i < collection.Indexes.Count; i++)
        {
            collection.Indexes[i] = IndexSpecs.WithNamespace(collection.Indexes[i], collection.Namespace);
        }
    }

    private Optime NextOptime()
    {
        var seconds = (uint)_options.Time.GetUtcNow().ToUnixTimeSeconds();
        var last = Oplog.Last.Timestamp >= _least ? Oplog.Last : Optime.FromTimestamp(_least, Term);
        return seconds > last.T ? new Optime(seconds, 1, Term) : new Optime(last.T, last.I + 1, Term);
    }

    private static bool IsUnreplicated(string ns) =>
        ns.StartsWith("local.", StringComparison.Ordinal) || ns.EndsWith(".system.profile", StringComparison.Ordinal);
}
