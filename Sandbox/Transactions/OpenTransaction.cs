using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Transactions;

/// <summary>How far a transaction is.</summary>
internal enum TransactionState
{
    InProgress,
    Prepared,
    Committed,
    Aborted,
}

/// <summary>One write of a transaction.</summary>
/// <param name="Entry">As <c>applyOps</c> has it.</param>
/// <param name="Id">Of the document.</param>
/// <param name="After">Null where it is deleted.</param>
internal sealed record TransactionOperation(OplogEntry Entry, BsonDocument Id, BsonDocument? After);

/// <summary>
/// A multi-document transaction: its writes land in copies of the collections that nobody else sees, and each document that it writes is its
/// own until it ends. A copy is made when a collection is first touched, and shows what was committed by then. Under the engine's lock.
/// </summary>
internal sealed class OpenTransaction(Engine engine, BsonDocument lsid, long number, DateTimeOffset started)
    : IDocumentSink
{
    private readonly Dictionary<Guid, SandboxCollection> _copies = [];
    private readonly List<TransactionOperation> _operations = [];

    public BsonDocument Lsid => lsid;

    public long Number => number;

    public DateTimeOffset Started => started;

    public TransactionState State { get; set; } = TransactionState.InProgress;

    /// <summary>Its first entry, once it has one.</summary>
    public Optime? First { get; set; }

    /// <summary>Its last entry so far: the predecessor of the one that decides a prepared one.</summary>
    public Optime? Last { get; set; }

    /// <summary>The time of the cluster that it reads as of; null: each collection as it is when it is first touched.</summary>
    public ulong? ReadAt { get; init; }

    /// <summary>What the other members know of it, once it is prepared.</summary>
    public TransactionPrepared? PreparedAs { get; private set; }

    /// <summary>One that another member has prepared, with all that it holds.</summary>
    public static OpenTransaction Prepared(Engine engine, TransactionPrepared prepared)
    {
        var transaction = new OpenTransaction(engine, prepared.Lsid, prepared.Number, prepared.Started)
        {
            State = TransactionState.Prepared,
            First = prepared.First,
            Last = prepared.Last,
            PreparedAs = prepared,
        };
        foreach (var operation in prepared.Operations)
        {
            transaction._operations.Add(operation);
            var (collection, record) = (operation.Entry.Collection!.Value, new Record(operation.Id, 0));
            if (engine.Transactions.OwnerOf(collection, record) is null)
            {
                engine.Transactions.Take(collection, record, transaction);
            }
        }

        return transaction;
    }

    public TransactionPrepared Prepare() =>
        PreparedAs = new TransactionPrepared(Lsid, Number, Started, [.. _operations], First!.Value, Last!.Value);

    /// <summary>As the oplog's <c>applyOps</c> has them.</summary>
    public IEnumerable<OplogEntry> Operations => _operations.Select(static operation => operation.Entry);

    public int Count => _operations.Count;

    /// <summary>The collection as this transaction sees it.</summary>
    public SandboxCollection View(SandboxCollection collection)
    {
        if (collection.Synthetic is not null || collection.IsCapped || Namespaces.IsView(collection))
        {
            return collection;
        }

        if (!_copies.TryGetValue(collection.Uuid, out var copy))
        {
            var shown = ReadAt is { } time ? engine.At(collection, time) : collection;
            _copies.Add(collection.Uuid, copy = ReferenceEquals(shown, collection) ? collection.Copy() : shown);
        }

        return copy;
    }

    public void CheckFree(SandboxCollection collection, IEnumerable<Record> records)
    {
        foreach (var record in records)
        {
            Take(collection, record);
        }
    }

    public Optime Insert(SandboxCollection collection, BsonDocument document, WriteOrigin? origin)
    {
        CheckKind(collection);
        UniqueIndexes.Check(collection, document, null);
        CheckUnique(engine.Find(collection.Uuid), document);
        var record = new Record(document, 0);
        if (collection.Find(record) is null)
        {
            Take(collection, record);
        }

        collection.Insert(document);
        return Note("i", collection, document, null, record.IdDocument(), document);
    }

    public Optime Update(
        SandboxCollection collection,
        Record old,
        BsonDocument document,
        BsonDocument o,
        WriteOrigin? origin
    )
    {
        CheckKind(collection);
        UniqueIndexes.Check(collection, document, old);
        CheckUnique(engine.Find(collection.Uuid), document);
        Take(collection, old);
        collection.Replace(old, document);
        return Note("u", collection, o, engine.DocumentKey(collection, old), old.IdDocument(), document);
    }

    public Optime Delete(SandboxCollection collection, Record record, WriteOrigin? origin)
    {
        if (collection.IsCapped)
        {
            throw CommandFault.IllegalOperation($"cannot remove from a capped collection: {collection.Namespace}");
        }

        Take(collection, record);
        collection.Delete(record);
        return Note("d", collection, engine.DocumentKey(collection, record), null, record.IdDocument(), null);
    }

    public SandboxCollection Create(string database, string name) =>
        throw new CommandFault(
            263,
            "OperationNotSupportedInTransaction",
            $"Cannot create namespace {database}.{name} in multi-document transaction."
        );

    /// <summary>Before it first touches a collection.</summary>
    /// <exception cref="HeldByTransactionException">What was there at the time that it reads as of is not decided yet.</exception>
    public void CheckReadable(SandboxCollection collection)
    {
        if (ReadAt is { } time && !_copies.ContainsKey(collection.Uuid))
        {
            engine.Transactions.CheckDecided(collection.Uuid, time);
        }
    }

    /// <summary>Whether what it wrote can be put into the collections: unique keys may be taken by now.</summary>
    public void CheckApplicable()
    {
        foreach (var (entry, _, after) in _operations)
        {
            if (after is { } document)
            {
                CheckUnique(engine.Find(entry.Collection!.Value), document);
            }
        }
    }

    /// <summary>Puts what it wrote into the collections that all see.</summary>
    public void Apply()
    {
        foreach (var (entry, id, after) in _operations)
        {
            var collection = engine.Find(entry.Collection!.Value)!;
            var before = collection.Find(new Record(id, 0));
            if (after is not { } document)
            {
                collection.Delete(before!);
                engine.Wrote(collection, before, null);
            }
            else
            {
                var written = before is null ? collection.Insert(document) : collection.Replace(before, document);
                engine.Wrote(collection, before, written);
            }
        }
    }

    /// <summary>Lets go what it holds in memory; what it was stays known.</summary>
    public void Forget()
    {
        _copies.Clear();
        _operations.Clear();
    }

    private Optime Note(
        string op,
        SandboxCollection collection,
        BsonDocument o,
        BsonDocument? o2,
        BsonDocument id,
        BsonDocument? after
    )
    {
        var entry = new OplogEntry(op, collection.Namespace, collection.Uuid, o) { O2 = o2 };
        _operations.Add(new TransactionOperation(entry, id, after));
        return Optime.Zero;
    }

    /// <summary>Makes a document this transaction's own.</summary>
    /// <exception cref="CommandFault">112 where another transaction has it, or somebody changed it since the copy was made.</exception>
    private void Take(SandboxCollection copy, Record record)
    {
        if (engine.Transactions.OwnerOf(copy.Uuid, record) is { } owner)
        {
            if (owner != this)
            {
                throw CommandFault.WriteConflict();
            }

            return;
        }

        var original = engine.Find(copy.Uuid) ?? throw CommandFault.WriteConflict();
        if (!ReferenceEquals(original.Find(record), copy.Find(record)))
        {
            throw CommandFault.WriteConflict();
        }

        engine.Transactions.Take(copy.Uuid, record, this);
    }

    /// <summary>
    /// Whether a unique key was taken by others since the collection was copied: a server lets that fail as any other conflict, so that the transaction
    /// is begun again and sees it.
    /// </summary>
    /// <exception cref="CommandFault">112</exception>
    private void CheckUnique(SandboxCollection? original, BsonDocument document)
    {
        if (original is null)
        {
            return;
        }

        try
        {
            // What it has changed itself is as its copy has it, which was looked at.
            UniqueIndexes.Check(
                original,
                document,
                null,
                other =>
                    engine.Transactions.OwnerOf(original.Uuid, other) == this
                    || other == original.Find(new Record(document, 0))
            );
        }
        catch (CommandFault)
        {
            throw CommandFault.WriteConflict();
        }
    }

    private static void CheckKind(SandboxCollection collection)
    {
        if (collection.IsCapped)
        {
            throw new CommandFault(
                263,
                "OperationNotSupportedInTransaction",
                $"Collection '{collection.Namespace}' is a capped collection. Writes in transactions are not allowed on capped collections."
            );
        }
    }
}
