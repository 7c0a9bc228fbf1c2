using System.Security.Cryptography;
using Backup.Blockstore;
using Backup.Foundation;
using Backup.Foundation.Compression;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Manifests;

namespace Backup.Tests.Bench;

/// <summary>A replica set with one snapshot and a stretch of mixed oplog entries after it, as server and daemon store them.</summary>
internal static class PitrHistory
{
    private const int SliceBytes = 10 << 20;
    private const uint Start = 1_600_000_000;

    internal const string ReplicaSetId = "r";

    private static readonly Guid Collection = new("11111111-1111-4111-8111-111111111111");

    /// <summary>A deployment with one snapshot, and the slices after it, as server and daemon store them.</summary>
    internal static async Task FillAsync(IMetadataStore metadata, IBlockStore blocks, IObjectStore objects, int entries)
    {
        var now = TimeProvider.System.GetUtcNow();
        var group = await metadata.Access.EnsureGroupAsync("bench");
        var deployment = await metadata.Deployments.EnsureAsync(
            new Deployment("d", group.Id, "rs0", "replicaSet", "mongodb://localhost/", now)
        );
        var set = await metadata.Deployments.EnsureReplicaSetAsync(
            new ReplicaSetRecord(
                ReplicaSetId,
                deployment.Id,
                "rs0",
                "5f0000000000000000000001",
                "4.2.4",
                "4.2",
                "wiredTiger",
                ReplicaSetState.Tailing,
                null,
                null,
                null,
                null,
                Optime.Zero,
                null
            )
        );
        await metadata.Syncs.BeginAsync(new SyncRecord("s", set.Id, SyncState.Copying, At(0), null, now), [], []);
        var manifest = await BaseAsync(blocks, entries);
        await metadata.Snapshots.AddAsync(
            new SnapshotRecord(
                "snapshot",
                set.Id,
                At(0),
                manifest.ToString(),
                Documents(entries),
                0,
                0,
                0,
                0,
                "bench",
                now,
                null,
                "s",
                At(0)
            )
        );
        await ShipAsync(metadata, objects, set.Id, entries);
    }

    /// <summary>The same documents and entries as <c>mongodump --oplog</c> writes them.</summary>
    internal static async Task DumpAsync(string folder, int entries)
    {
        var database = Path.Combine(folder, "bench");
        Directory.CreateDirectory(database);
        await using (var documents = File.Create(Path.Combine(database, "c.bson")))
        {
            for (var i = 1; i <= Documents(entries); i++)
            {
                await documents.WriteAsync(BenchEntries.Document(-i).Memory);
            }
        }

        await File.WriteAllTextAsync(
            Path.Combine(database, "c.metadata.json"),
            """{"options":{},"indexes":[{"v":2,"key":{"_id":1},"name":"_id_","ns":"bench.c"}]}"""
        );
        await using var oplog = File.Create(Path.Combine(folder, "oplog.bson"));
        for (var i = 1; i <= entries; i++)
        {
            await oplog.WriteAsync(Entry(i, Documents(entries)).Memory);
        }
    }

    private static async Task<BlockId> BaseAsync(IBlockStore blocks, int entries)
    {
        using var head = Head.Create(blocks, new ReplicaSetIdentity("rs0", "", "4.2.4", "4.2", "wiredTiger"));
        head.Catalogue.Set(
            new CatalogueCollection(Collection, "bench", "c", CollectionType.Collection, BsonDocument.Empty, [])
        );
        for (var i = 1; i <= Documents(entries); i++)
        {
            head.Put(Collection, BenchEntries.Document(-i).View, isInsert: true);
        }

        var position = new HeadPosition(At(0), At(0), Consistent: true, At(0), At(0));
        return (await head.FlushAsync(position)).Manifest;
    }

    private static async Task ShipAsync(IMetadataStore metadata, IObjectStore objects, string set, int entries)
    {
        var (raw, first, sequence) = (new MemoryStream(), 0, 0L);
        for (var i = 0; i <= entries; i++)
        {
            var entry = i == 0 ? Noop() : Entry(i, Documents(entries));
            raw.Write(entry.Span);
            if (raw.Length < SliceBytes && i < entries)
            {
                continue;
            }

            var bytes = raw.ToArray();
            var frame = new byte[Zstd.MaxCompressedLength(bytes.Length)];
            var length = Zstd.Compress(bytes, frame, level: 1);
            var name = $"{SliceNames.OplogPrefix("s")}{sequence:D12}";
            await objects.PutAsync(name, frame.AsMemory(0, length));
            var slice = new OplogSlice(
                set,
                "s",
                sequence,
                sequence == 0 ? At(0) : At(first - 1),
                At(first),
                At(i),
                i - first + 1,
                name,
                bytes.Length,
                length,
                SHA256.HashData(bytes),
                TimeProvider.System.GetUtcNow()
            );
            if (!await metadata.OplogSlices.AddAsync(slice))
            {
                throw new InvalidOperationException($"slice {sequence} does not follow");
            }

            (raw, first, sequence) = (new MemoryStream(), i + 1, sequence + 1);
        }
    }

    /// <summary>As many as a tenth of the entries.</summary>
    private static int Documents(int entries) => Math.Max(10, entries / 10);

    internal static Optime At(int i) => new(Start + (uint)(i / 1000), (uint)(i % 1000) + 1, 1);

    private static BsonDocument Noop() =>
        BsonDocument.Build(w =>
            w.Timestamp("ts"u8, At(0).Timestamp)
                .Int64("t"u8, 1)
                .Int64("h"u8, 0)
                .Int32("v"u8, 2)
                .String("op"u8, "n")
                .String("ns"u8, "")
                .BeginDocument("o"u8)
                .EndDocument()
        );

    /// <summary>The older documents are those of the snapshot, with negative ids; nothing has id 0.</summary>
    private static BsonDocument Entry(int i, int documents) =>
        BenchEntries.Entry(
            i,
            At(i),
            Collection,
            late: i > BenchEntries.UpdateDistance ? i - BenchEntries.UpdateDistance : -1,
            old: -(i / 6 % documents) - 1,
            gone: Math.Max(0, i - BenchEntries.DeleteDistance)
        );
}
