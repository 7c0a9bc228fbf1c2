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
    private readonly Dictionary<Guid, (Optime At, SandboxCollection Collection)> _buried = [];
    private readonly List<Change> _noted = [];
    private readonly SandboxOptions _options;
    private ulong _least;

    /// <param name="alone">Whether its member is the only one of the set.</param>
    public Engine(SandboxOptions options, long term, bool alone)
    {
        _options = options;
        Term = term;
        IsWritable = true;
        Oplog = new OplogStore(options.OplogBytes, alone, keepsChanges: options.Role is not null);
        Uuids = Guid.NewGuid;
        Transactions = new TransactionTable(options.Time, options.TransactionLifetime);
        Sessions = new SessionTable(this);
        History = options.KeepHistory ? new History(this) : null;
        History?.CatalogueChanged();
        Note(BsonDocument.Build(static w => w.String("msg"u8, "initiating set")));
        foreach (var made in options.Synthetic)
        {
            Add(new SandboxCollection(Uuids(), made.Database, made.Name, BsonDocument.Empty) { Synthetic = made });
        }

        _noted.Clear();
    }

    /// <summary>A member that has just copied another one. Under the other's lock.</summary>
    public Engine(Engine source)
    {
        _options = source._options;
        Term = source.Term;
        Oplog = new OplogStore(_options.OplogBytes, alone: false, keepsChanges: true);
        Uuids = source.Uuids;
        Transactions = new TransactionTable(_options.Time, _options.TransactionLifetime);
        Sessions = new SessionTable(this);
        foreach (var collection in source._collections.Values)
        {
            Attach(collection.Copy());
        }

        Sessions.CopyFrom(source.Sessions);
        Oplog.Append(source.Oplog.EntryAt(source.Oplog.End - 1) with { Changes = [] });
        if (source.History is { } remembered)
        {
            History = new History(this);
            History.CopyFrom(remembered);
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

    /// <summary>In which it was elected, as far as it <see cref="IsWritable"/>; the newest that it has heard of otherwise.</summary>
    public long Term { get; set; }

    /// <summary>Whether it is the primary's.</summary>
    public bool IsWritable { get; set; }

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
            _noted.Clear();
            return Oplog.Last;
        }

        var optime = NextOptime();
        var document = entry.ToDocument(Profile, optime, NowMilliseconds);
        Oplog.Append(new LoggedEntry(optime, document, TakeNoted(), optime.Timestamp));
        History?.Stamp(optime.Timestamp, optime.Timestamp);
        return optime;
    }

    /// <summary>Notes what was just done to the data, for the entry that is logged next or amended.</summary>
    public void Remember(Change change)
    {
        if (Oplog.KeepsChanges)
        {
            _noted.Add(change);
        }
    }

    /// <summary>What was noted belongs to the newest entry.</summary>
    /// <param name="holdsFrom">The timestamp from which it is so; the entry's own where none is given.</param>
    public void Amend(ulong? holdsFrom = null)
    {
        var from = holdsFrom ?? Oplog.Last.Timestamp;
        if (_noted.Count > 0)
        {
            Oplog.Amend(TakeNoted(), from);
        }

        History?.Stamp(from, Oplog.Last.Timestamp);
    }

    /// <summary>Does what another member has logged.</summary>
    public void Replay(LoggedEntry entry)
    {
        foreach (var change in entry.Changes)
        {
            change.Apply(this);
        }

        Oplog.Append(entry);
        History?.Stamp(entry.HoldsFrom, entry.Optime.Timestamp);
    }

    /// <summary>Undoes the newest entry, which no majority has.</summary>
    public LoggedEntry RollBack()
    {
        var entry = Oplog.RemoveNewest();
        for (var at = entry.Changes.Count - 1; at >= 0; at--)
        {
            entry.Changes[at].Undo(this);
        }

        History?.Forget(Oplog.Last.Timestamp);
        return entry;
    }

    /// <summary>A collection as a majority has it; itself where nothing of it is still on its way.</summary>
    public SandboxCollection Committed(SandboxCollection collection)
    {
        SandboxCollection? copy = null;
        foreach (var entry in Oplog.Uncommitted())
        {
            for (var at = entry.Changes.Count - 1; at >= 0; at--)
            {
                if (entry.Changes[at] is RecordChange change && change.Collection == collection.Uuid)
                {
                    copy ??= collection.Copy();
                    copy.Put(change.After, change.Before);
                }
            }
        }

        return copy ?? collection;
    }

    /// <exception cref="CommandFault">10107 where the member is not the primary.</exception>
    public void CheckWritable()
    {
        if (!IsWritable)
        {
            throw CommandFault.NotPrimary();
        }
    }

    /// <summary>The newest time of the cluster that it has heard of.</summary>
    public ulong ClusterTime => Math.Max(_least, Oplog.Last.Timestamp);

    /// <summary>A collection as it was at a time of the cluster; itself where nothing has changed since.</summary>
    public SandboxCollection At(SandboxCollection collection, ulong time)
    {
        SandboxCollection? copy = null;
        foreach (var entry in Oplog.After(time).Where(entry => entry.HoldsFrom > time))
        {
            for (var at = entry.Changes.Count - 1; at >= 0; at--)
            {
                if (entry.Changes[at] is RecordChange change && change.Collection == collection.Uuid)
                {
                    copy ??= collection.Copy();
                    copy.Put(change.After, change.Before);
                }
            }
        }

        return copy ?? collection;
    }

    /// <summary>What names a document in the oplog: the fields of its shard key, where it has one, and its <c>_id</c>.</summary>
    public BsonDocument DocumentKey(SandboxCollection collection, Record record) =>
        _options.Role?.Of(collection.Namespace) is { } owned
            ? owned.Key.DocumentKey(record.Document)
            : record.IdDocument();

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
        Wrote(collection, null, collection.Insert(document));
        foreach (var old in collection.Overflow())
        {
            // As in 4.2: what a cap pushes out leaves no entry; every member does it by itself.
            collection.Delete(old);
            Wrote(collection, old, null);
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
        WriteOrigin? origin,
        bool fromMigrate = false
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
        Wrote(collection, old, collection.Replace(old, document));
        return Log(
            new OplogEntry("u", collection.Namespace, collection.Uuid, o)
            {
                O2 = DocumentKey(collection, old),
                Origin = origin,
                FromMigrate = fromMigrate,
            }
        );
    }

    Optime IDocumentSink.Update(
        SandboxCollection collection,
        Record old,
        BsonDocument document,
        BsonDocument o,
        WriteOrigin? origin
    ) => Update(collection, old, document, o, origin, fromMigrate: false);

    Optime IDocumentSink.Delete(SandboxCollection collection, Record record, WriteOrigin? origin) =>
        Delete(collection, record, origin);

    public Optime Delete(SandboxCollection collection, Record record, WriteOrigin? origin, bool fromMigrate = false)
    {
        if (collection.IsCapped)
        {
            throw CommandFault.IllegalOperation($"cannot remove from a capped collection: {collection.Namespace}");
        }

        Transactions.CheckFree(collection, record);
        collection.Delete(record);
        Wrote(collection, record, null);
        return Log(
            new OplogEntry("d", collection.Namespace, collection.Uuid, DocumentKey(collection, record))
            {
                Origin = origin,
                FromMigrate = fromMigrate,
            }
        );
    }

    /// <summary>After a document was written.</summary>
    public void Wrote(SandboxCollection collection, Record? before, Record? after)
    {
        History?.Changed(collection, (after ?? before)!.Document, after?.Document);
        Remember(new RecordChange(collection.Uuid, before, after));
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

        Attach(collection);
        Remember(new CollectionAdded(collection.Uuid, CollectionDefinition.Of(collection)));
    }

    public void Remove(SandboxCollection collection)
    {
        Bury(collection);
        Remember(new CollectionRemoved(collection.Uuid));
    }

    public void Rename(SandboxCollection collection, string database, string name) =>
        Redefine(
            collection,
            () =>
            {
                _byName.Remove(collection.Namespace);
                (collection.Database, collection.Name) = (database, name);
                _byName.Add(collection.Namespace, collection);
                for (var i = 0; i < collection.Indexes.Count; i++)
                {
                    collection.Indexes[i] = IndexSpecs.WithNamespace(collection.Indexes[i], collection.Namespace);
                }
            }
        );

    /// <summary>Changes a collection's name, options or indexes.</summary>
    public void Redefine(SandboxCollection collection, Action change)
    {
        var before = CollectionDefinition.Of(collection);
        History?.CatalogueChanged();
        change();
        Remember(new CollectionDefined(collection.Uuid, before, CollectionDefinition.Of(collection)));
    }

    public void Define(Guid uuid, CollectionDefinition definition)
    {
        var collection = _collections[uuid];
        Detach(collection);
        (collection.Database, collection.Name) = (definition.Database, definition.Name);
        collection.Options = definition.Options;
        collection.Indexes.Clear();
        collection.Indexes.AddRange(definition.Indexes);
        Attach(collection);
    }

    public void Attach(SandboxCollection collection)
    {
        History?.CatalogueChanged();
        _collections.Add(collection.Uuid, collection);
        _byName.Add(collection.Namespace, collection);
    }

    public void Detach(SandboxCollection collection)
    {
        History?.CatalogueChanged();
        _collections.Remove(collection.Uuid);
        _byName.Remove(collection.Namespace);
    }

    /// <summary>Detaches a collection that may have to come back.</summary>
    public void Bury(SandboxCollection collection)
    {
        Detach(collection);
        if (!Oplog.KeepsChanges)
        {
            return;
        }

        foreach (var (uuid, (at, _)) in _buried.ToList())
        {
            if (at < Oplog.Majority)
            {
                _buried.Remove(uuid);
            }
        }

        // The entry that removes it comes after the newest.
        _buried[collection.Uuid] = (Oplog.Last, collection);
    }

    public SandboxCollection Exhume(Guid uuid)
    {
        _buried.Remove(uuid, out var found);
        return found.Collection;
    }

    private List<Change> TakeNoted()
    {
        List<Change> taken = [.. _noted];
        _noted.Clear();
        return taken;
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
