using Backup.Blockstore;
using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Manifests;
using Backup.Snapshots.Reading;

namespace Backup.Tests.Golden;

/// <summary>The real head: flushed, merged and opened again from its manifest all along the way, read through its snapshot.</summary>
public sealed class HeadTarget(int operationsPerFlush) : IGoldenTarget
{
    private static readonly ReplicaSetIdentity Set = new("rs0", new string('0', 24), "4.2.4", "4.2", "wiredTiger");
    private static readonly HeadOptions Options = new() { MaxRuns = 3 };

    private readonly MemoryBlockStore _store = new();
    private Head _head = Head.Create(new MemoryBlockStore(), Set);
    private Catalogue _catalogue = new();
    private int _operations;
    private int _flushes;

    public int Merges { get; private set; }

    public void Attach(Catalogue catalogue)
    {
        _catalogue = catalogue;
        _head = Head.Create(_store, Set, Options);
    }

    public void Load(CatalogueCollection collection, IReadOnlyList<BsonDocument> documents)
    {
        var builder = new BaseRunBuilder(_store, collection.IsCapped, Options);
        foreach (var document in documents)
        {
            Wait(builder.AddAsync(document).AsTask());
        }

        _head.Catalogue.Set(collection);
        _head.SetBaseRun(collection.Uuid, builder.CompleteAsync().GetAwaiter().GetResult());
        Wait(builder.DisposeAsync().AsTask());
    }

    public IReadOnlyList<BsonDocument> Read(CatalogueCollection collection)
    {
        Flush();
        var reader = SnapshotReader.OpenAsync(_store, _head.Manifest!.Value).GetAwaiter().GetResult();
        return ReadAsync(reader, collection.Uuid).GetAwaiter().GetResult();
    }

    public void Put(Guid collection, BsonView document, bool isInsert) =>
        Before(collection).Put(collection, document, isInsert);

    public void Update(Guid collection, BsonView idHolder, BsonView update, MissingDocument ifMissing, Optime at) =>
        Before(collection).Update(collection, idHolder, update, ifMissing, at);

    public void Delete(Guid collection, BsonView idHolder) => Before(collection).Delete(collection, idHolder);

    public void TrimOldest(Guid collection, long maximumBytes, long maximumDocuments) =>
        Before(collection).TrimOldest(collection, maximumBytes, maximumDocuments);

    public bool KeepsLimits(Guid collection) => _head.KeepsLimits(collection);

    public void Clear(Guid collection) => Before(collection).Clear(collection);

    public void Drop(Guid collection) => Before(collection).Drop(collection);

    public void Dispose() => _head.Dispose();

    private static async Task<IReadOnlyList<BsonDocument>> ReadAsync(SnapshotReader reader, Guid uuid)
    {
        var documents = new List<BsonDocument>();
        await using var cursor = reader.OpenCollection(uuid);
        while (await cursor.MoveNextAsync())
        {
            documents.Add(cursor.View.ToDocument());
        }

        return documents;
    }

    private static void Wait(Task task) => task.GetAwaiter().GetResult();

    private Head Before(Guid collection)
    {
        if (++_operations % operationsPerFlush == 0)
        {
            Flush();
        }

        // The runner's catalogue is the replayer's; an opened head has one of its own.
        if (_catalogue.Find(collection) is { } definition)
        {
            _head.Catalogue.Set(definition);
        }

        return _head;
    }

    private void Flush()
    {
        foreach (var gone in _head.Catalogue.Collections.Where(c => _catalogue.Find(c.Uuid) is null).ToList())
        {
            _head.Catalogue.Remove(gone.Uuid);
        }

        foreach (var definition in _catalogue.Collections)
        {
            _head.Catalogue.Set(definition);
        }

        if (++_flushes % 3 == 0)
        {
            Merges += _head.MergeAsync().GetAwaiter().GetResult();
        }

        var flushed = _head.FlushAsync(default).GetAwaiter().GetResult();
        if (_flushes % 2 == 0)
        {
            _head.Dispose();
            _head = Head.OpenAsync(_store, flushed.Manifest, Options).GetAwaiter().GetResult();
        }
    }
}
