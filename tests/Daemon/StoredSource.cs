using System.Security.Cryptography;
using System.Text;
using Backup.Blockstore;
using Backup.Foundation;
using Backup.Foundation.Compression;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Catalogues;

namespace Backup.Tests.Daemon;

/// <summary>Stores what an agent would have shipped: a sync's slices and oplog slices, as the server for agents stores them.</summary>
internal sealed class StoredSource(IMetadataStore metadata, IObjectStore objects, TimeProvider time)
{
    private readonly List<ListedCollection> _collections = [];
    private Optime _last;
    private long _sequence;

    internal ReplicaSetRecord Set { get; private set; } = null!;

    internal string SyncId { get; private set; } = "";

    /// <summary>The last entry that was shipped.</summary>
    internal Optime Last => _last;

    internal static BsonDocument Document(int id, string text) =>
        BsonDocument.Build(w => w.Int32("_id"u8, id).String("text"u8, text));

    internal async Task RegisterAsync()
    {
        var now = time.GetUtcNow();
        var group = await metadata.Access.EnsureGroupAsync("default");
        var deployment = await metadata.Deployments.EnsureAsync(
            new Deployment("d1", group.Id, "rs0", "replicaSet", "mongodb://localhost/", now)
        );
        await RegisterAsync("r1", deployment.Id, "rs0", "5f0000000000000000000001");
    }

    /// <summary>A replica set of a deployment that is there.</summary>
    internal async Task RegisterAsync(string id, string deploymentId, string name, string setId) =>
        Set = await metadata.Deployments.EnsureReplicaSetAsync(
            new ReplicaSetRecord(
                id,
                deploymentId,
                name,
                setId,
                "4.2.4",
                "4.2",
                "wiredTiger",
                ReplicaSetState.Waiting,
                null,
                null,
                null,
                null,
                Optime.Zero,
                null
            )
        );

    internal void Lists(string ns, Guid uuid, BsonDocument? options = null) =>
        _collections.Add(Listed(ns, uuid, options));

    private static ListedCollection Listed(string ns, Guid uuid, BsonDocument? options = null) =>
        new(
            ns,
            uuid,
            "collection",
            options ?? BsonDocument.Empty,
            [
                BsonDocument.Build(w =>
                    w.Int32("v"u8, 2)
                        .Document("key"u8, BsonDocument.Build(k => k.Int32("_id"u8, 1)))
                        .String("name"u8, "_id_")
                ),
            ],
            options is not null,
            0,
            0
        );

    internal async Task BeginAsync(string syncId, Optime begin, int ranges = 1, NamespaceFilter? filter = null)
    {
        (SyncId, _last, _sequence) = (syncId, begin, 0);
        var catalogue = _collections.SelectMany(c => c.ToDocument().Memory.ToArray()).ToArray();
        await metadata.Syncs.BeginAsync(
            new SyncRecord(
                syncId,
                Set.Id,
                SyncState.Copying,
                begin,
                null,
                time.GetUtcNow(),
                Order: filter is null ? null : new CopyOrder([], filter)
            ),
            catalogue,
            [
                .. _collections.SelectMany(c =>
                    Enumerable
                        .Range(0, ranges)
                        .Select(range => new SyncCollection(
                            syncId,
                            c.Uuid!.Value,
                            c.Namespace,
                            range,
                            0,
                            0,
                            0,
                            0,
                            0,
                            null,
                            false
                        ))
                ),
            ]
        );
    }

    internal Task CopyAsync(Guid collection, params BsonDocument[] documents) =>
        CopyRangeAsync(collection, 0, documents);

    internal Task CopyRangeAsync(Guid collection, int range, params BsonDocument[] documents) =>
        CopyRangeAsync(SyncId, collection, range, documents);

    internal async Task CopyRangeAsync(string syncId, Guid collection, int range, params BsonDocument[] documents)
    {
        var position = (await metadata.Syncs.FindCollectionAsync(syncId, collection, range))!;
        var raw = documents.SelectMany(d => d.Memory.ToArray()).ToArray();
        var name = $"{SliceNames.RangePrefix(syncId, collection, range)}{position.NextSequence}-{Guid.NewGuid():N}";
        var stored = await PutAsync(name, raw);
        var added = await metadata.Syncs.AddSliceAsync(
            new SyncSlice(
                syncId,
                collection,
                range,
                position.NextSequence,
                name,
                documents.Length,
                raw.Length,
                stored,
                SHA256.HashData(raw)
            ),
            documents[^1].Memory.ToArray()
        );
        Xunit.Assert.True(added);
    }

    internal Task DoneAsync(Guid collection, int range = 0) =>
        metadata.Syncs.CollectionDoneAsync(SyncId, collection, range);

    internal Task CopiedAsync(Optime end) => metadata.Syncs.CopiedAsync(SyncId, end);

    /// <summary>One oplog slice of these entries.</summary>
    internal async Task ShipAsync(params BsonDocument[] entries)
    {
        var raw = entries.SelectMany(d => d.Memory.ToArray()).ToArray();
        var first = Optime.FromTimestamp(entries[0].View["ts"u8].AsTimestamp, 1);
        var last = Optime.FromTimestamp(entries[^1].View["ts"u8].AsTimestamp, 1);
        var name = $"{SliceNames.OplogPrefix(SyncId)}{_sequence}";
        var stored = await PutAsync(name, raw);
        var added = await metadata.OplogSlices.AddAsync(
            new OplogSlice(
                Set.Id,
                SyncId,
                _sequence,
                _sequence == 0 ? first : _last,
                first,
                last,
                entries.Length,
                name,
                raw.Length,
                stored,
                SHA256.HashData(raw),
                time.GetUtcNow()
            )
        );
        Xunit.Assert.True(added);
        (_last, _sequence) = (last, _sequence + 1);
    }

    /// <summary>Asks for a fresh copy of some namespaces, as the command does.</summary>
    internal async Task<string> OrderAsync(params string[] namespaces)
    {
        var id = $"p{Guid.NewGuid():N}";
        await metadata.PartialSyncs.AddAsync(
            new SyncRecord(
                id,
                Set.Id,
                SyncState.Wanted,
                Optime.Zero,
                null,
                time.GetUtcNow(),
                SyncId,
                new CopyOrder(namespaces)
            )
        );
        return id;
    }

    /// <summary>Begins it as an agent does that found these collections.</summary>
    internal async Task BeginPartialAsync(string partialId, Optime begin, params (string Namespace, Guid Uuid)[] listed)
    {
        var catalogue = listed.SelectMany(one => Listed(one.Namespace, one.Uuid).ToDocument().Memory.ToArray());
        var begun = await metadata.PartialSyncs.BeginAsync(
            partialId,
            begin,
            [.. catalogue],
            [
                .. listed.Select(one => new SyncCollection(
                    partialId,
                    one.Uuid,
                    one.Namespace,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    null,
                    false
                )),
            ]
        );
        Xunit.Assert.True(begun);
    }

    /// <summary>A sign of life, after which a snapshot asked for before it may be taken.</summary>
    internal async Task SeenAsync()
    {
        await Task.Delay(20);
        await metadata.Deployments.SetSourceOptimeAsync(Set.Id, _last);
    }

    internal static BsonDocument Insert(Optime at, string ns, Guid uuid, BsonDocument document) =>
        Entry(at, "i", ns, uuid, w => w.Document("o"u8, document));

    internal static BsonDocument Set1(Optime at, string ns, Guid uuid, int id, string text) =>
        Entry(
            at,
            "u",
            ns,
            uuid,
            w =>
                w.Document("o2"u8, BsonDocument.Build(o => o.Int32("_id"u8, id)))
                    .Document(
                        "o"u8,
                        BsonDocument.Build(o =>
                            o.Int32("$v"u8, 1).Document("$set"u8, BsonDocument.Build(s => s.String("text"u8, text)))
                        )
                    )
        );

    internal static BsonDocument Upsert(Optime at, string ns, Guid uuid, int id, string text) =>
        Entry(
            at,
            "u",
            ns,
            uuid,
            w =>
                w.Boolean("b"u8, true)
                    .Document("o2"u8, BsonDocument.Build(o => o.Int32("_id"u8, id)))
                    .Document(
                        "o"u8,
                        BsonDocument.Build(o => o.Document("$set"u8, BsonDocument.Build(s => s.String("text"u8, text))))
                    )
        );

    internal static BsonDocument Replace(Optime at, string ns, Guid uuid, int id, string text) =>
        Entry(
            at,
            "u",
            ns,
            uuid,
            w => w.Document("o2"u8, BsonDocument.Build(o => o.Int32("_id"u8, id))).Document("o"u8, Document(id, text))
        );

    internal static BsonDocument Delete(Optime at, string ns, Guid uuid, int id) =>
        Entry(at, "d", ns, uuid, w => w.Document("o"u8, BsonDocument.Build(o => o.Int32("_id"u8, id))));

    internal static BsonDocument Command(Optime at, string ns, BsonDocument command, Guid? uuid = null) =>
        Entry(at, "c", ns, uuid, w => w.Document("o"u8, command));

    /// <summary>A transaction of one insert, prepared; or the end of a longer one.</summary>
    /// <param name="previous">The part before; zero: this is all of it.</param>
    internal static BsonDocument Prepare(
        Optime at,
        int session,
        string ns,
        Guid uuid,
        BsonDocument inserted,
        Optime previous = default
    ) => Part(at, session, ns, uuid, inserted, previous, "prepare");

    /// <summary>The first part of a longer transaction: one insert.</summary>
    internal static BsonDocument Begin(Optime at, int session, string ns, Guid uuid, BsonDocument inserted) =>
        Part(at, session, ns, uuid, inserted, Optime.Zero, "partialTxn");

    private static BsonDocument Part(
        Optime at,
        int session,
        string ns,
        Guid uuid,
        BsonDocument inserted,
        Optime previous,
        string flag
    ) =>
        Transaction(
            at,
            session,
            previous,
            o =>
                o.BeginArray("applyOps"u8)
                    .BeginDocument("0"u8)
                    .String("op"u8, "i")
                    .String("ns"u8, ns)
                    .Uuid("ui"u8, uuid)
                    .Document("o"u8, inserted)
                    .EndDocument()
                    .EndArray()
                    .Boolean(Encoding.UTF8.GetBytes(flag), true)
        );

    /// <param name="commitTimestamp">When it was committed in the cluster: not before it was prepared, not after the entry.</param>
    internal static BsonDocument Commit(Optime at, int session, Optime prepared, Optime commitTimestamp) =>
        Transaction(
            at,
            session,
            prepared,
            o => o.Int32("commitTransaction"u8, 1).Timestamp("commitTimestamp"u8, commitTimestamp.Timestamp)
        );

    internal static BsonDocument Abort(Optime at, int session, Optime prepared) =>
        Transaction(at, session, prepared, o => o.Int32("abortTransaction"u8, 1));

    internal static BsonDocument Transaction(Optime at, int session, Optime previous, Action<BsonWriter> command) =>
        Entry(
            at,
            "c",
            "admin.$cmd",
            null,
            w =>
            {
                w.Document("lsid"u8, BsonDocument.Build(l => l.Int32("id"u8, session))).Int64("txnNumber"u8, 1);
                w.Document(
                    "prevOpTime"u8,
                    BsonDocument.Build(p => p.Timestamp("ts"u8, previous.Timestamp).Int64("t"u8, previous.Term))
                );
                w.Document("o"u8, BsonDocument.Build(command));
            }
        );

    internal static BsonDocument Noop(Optime at) =>
        Entry(at, "n", "", null, w => w.Document("o"u8, BsonDocument.Build(o => o.String("msg"u8, "periodic noop"))));

    internal static BsonDocument Entry(Optime at, string op, string ns, Guid? uuid, Action<BsonWriter> body) =>
        BsonDocument.Build(w =>
        {
            w.Timestamp("ts"u8, at.Timestamp).Int64("t"u8, 1).Int64("v"u8, 2).String("op"u8, op).String("ns"u8, ns);
            if (uuid is { } known)
            {
                w.Uuid("ui"u8, known);
            }

            body(w);
        });

    private async Task<int> PutAsync(string name, byte[] raw)
    {
        var compressed = new byte[Zstd.MaxCompressedLength(raw.Length)];
        var length = Zstd.Compress(raw, compressed);
        await objects.PutAsync(name, compressed.AsMemory(0, length));
        return length;
    }
}
