using Backup.Blockstore;
using Backup.MongoWire.Bson;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Keys;
using Backup.Snapshots.Manifests;
using Backup.Snapshots.Reading;
using Backup.Snapshots.Records;
using Backup.Snapshots.Runs;

namespace Backup.Tests.Snapshots;

/// <summary>What several tests make and read.</summary>
internal static class Documents
{
    internal static readonly ReplicaSetIdentity Set = new("rs0", new string('0', 24), "4.2.4", "4.2", "wiredTiger");

    internal static BsonDocument Of(int id, int version, int padding = 0) =>
        BsonDocument.Build(writer =>
        {
            writer.Int32("_id"u8, id).Int32("v"u8, version);
            if (padding > 0)
            {
                var bytes = new byte[padding];
                new Random(id * 31 + version).NextBytes(bytes);
                writer.Binary("p"u8, bytes);
            }
        });

    internal static CatalogueCollection Collection(Guid uuid, string name = "c", BsonDocument? options = null) =>
        new(uuid, "db", name, CollectionType.Collection, options ?? BsonDocument.Empty, []);

    internal static async Task<RunReference?> RunAsync(IBlockStore store, IEnumerable<BsonDocument> inOrder)
    {
        await using var writer = new RunWriter(store);
        var record = new System.Buffers.ArrayBufferWriter<byte>();
        foreach (var document in inOrder)
        {
            record.ResetWrittenCount();
            RecordWriter.Put(record, document.Span);
            await writer.AddAsync(DocumentKey.Of(document.View), record.WrittenSpan);
        }

        return await writer.CompleteAsync();
    }

    internal static async Task<List<BsonDocument>> ReadAsync(SnapshotReader reader, Guid uuid)
    {
        var documents = new List<BsonDocument>();
        await using var cursor = reader.OpenCollection(uuid);
        while (await cursor.MoveNextAsync())
        {
            documents.Add(cursor.View.ToDocument());
        }

        return documents;
    }

    /// <summary>Reads by batches, and now and then a single document between them.</summary>
    /// <returns>All documents, and how many batches they came in.</returns>
    internal static async Task<(List<BsonDocument> Documents, int Batches)> ReadMixedAsync(
        SnapshotReader reader,
        Guid uuid,
        Random random
    )
    {
        var (documents, batches) = (new List<BsonDocument>(), 0);
        await using var cursor = reader.OpenCollection(uuid);
        while (true)
        {
            if (random.Next(4) == 0)
            {
                if (!await cursor.MoveNextAsync())
                {
                    return (documents, batches);
                }

                documents.Add(cursor.View.ToDocument());
                continue;
            }

            if (!await cursor.MoveToBatchAsync())
            {
                return (documents, batches);
            }

            batches++;
            var before = documents.Count;
            for (var rest = cursor.Batch; rest.Length > 0; rest = rest[documents[^1].Span.Length..])
            {
                documents.Add(new BsonView(rest.Span).ToDocument());
            }

            if (documents.Count - before != cursor.BatchCount)
            {
                throw new InvalidOperationException($"{cursor.BatchCount} documents were announced.");
            }
        }
    }
}
