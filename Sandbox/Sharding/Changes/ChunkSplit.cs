using Backup.MongoWire.Bson;
using Backup.Sandbox.Sharding.Catalogue;
using Backup.Sandbox.Sharding.Moves;

namespace Backup.Sandbox.Sharding.Changes;

/// <summary>Splits chunks. The documents stay where they are.</summary>
internal sealed class ChunkSplit(SandboxCluster cluster)
{
    /// <param name="find">Given a collection, the chunk, and the key at which it is split; null: at its middle document.</param>
    /// <exception cref="CommandFault">118, or without a code where the key is a bound already.</exception>
    public async Task RunAsync(
        string ns,
        Func<ShardedCollection, (Chunk Chunk, BsonDocument? At)> find,
        CancellationToken cancellation
    )
    {
        await cluster.Balancer.Moving.WaitAsync(cancellation);
        try
        {
            var collection = cluster.Config.Catalogue.Collection(ns) ?? throw NotSharded(ns);
            var (chunk, given) = find(collection);
            var at = given ?? Middle(collection, chunk);
            if (BsonOrder.CompareDocuments(at.View, chunk.Range.Min.View) == 0)
            {
                throw CommandFault.Nameless(
                    $"new split key {ExtendedJson.ToText(at.View)} is a boundary key of existing chunk"
                );
            }

            await cluster.Config.WriteAsync(writer => Write(writer, collection, chunk, at), cancellation);
            await cluster.PublishAsync(cluster.Config.Catalogue.Collection(ns)!, [chunk.Shard], cancellation);
        }
        finally
        {
            cluster.Balancer.Moving.Release();
        }
    }

    public static CommandFault NotSharded(string ns) =>
        new(118, "NamespaceNotSharded", $"Collection {ns} is not sharded.");

    private static void Write(ConfigWriter writer, ShardedCollection collection, Chunk chunk, BsonDocument at)
    {
        // As on a server: a new major version where the shard has the newest one, so that its routers take notice.
        var isNewest = collection.VersionOf(chunk.Shard) == collection.Version;
        var next = ShardedCollection.Major(collection.Version) + (isNewest ? 1u : 0);
        var minor = isNewest ? 0 : (uint)collection.Version;
        var left = chunk with
        {
            Range = new KeyRange(chunk.Range.Min, at),
            LastMod = ShardedCollection.Versioned(next, minor + 1),
            Jumbo = null,
        };
        var right = chunk with
        {
            Id = Chunk.NewId(collection.Namespace, at),
            Range = new KeyRange(at, chunk.Range.Max),
            LastMod = ShardedCollection.Versioned(next, minor + 2),
            Jumbo = null,
        };
        writer.ApplyChunks(
            "config",
            [left.ToDocument(collection), right.ToDocument(collection)],
            upsert: true,
            static w => w.BeginDocument("writeConcern"u8).Int32("w"u8, 0).Int32("wtimeout"u8, 0).EndDocument()
        );
        writer.Log(
            "split",
            collection.Namespace,
            "config",
            BsonDocument.Build(w =>
            {
                Describe(w, "before"u8, chunk, collection);
                Describe(w, "left"u8, left, collection);
                Describe(w, "right"u8, right, collection);
            })
        );
    }

    private static void Describe(BsonWriter w, ReadOnlySpan<byte> name, Chunk chunk, ShardedCollection collection)
    {
        w.BeginDocument(name).Document("min"u8, chunk.Range.Min).Document("max"u8, chunk.Range.Max);
        w.Timestamp("lastmod"u8, chunk.LastMod).ObjectId("lastmodEpoch"u8, collection.Epoch).EndDocument();
    }

    private BsonDocument Middle(ShardedCollection collection, Chunk chunk)
    {
        var keys = cluster
            .Link(chunk.Shard)
            .Read(engine =>
                ChunkDocuments
                    .Of(engine, collection, chunk.Range)
                    .Select(record => collection.Key.Of(record.Document)!.Value)
                    .Order(BsonOrder.Documents)
                    .ToList()
            );
        return keys.Count > 1
            ? keys[keys.Count / 2]
            : throw CommandFault.Nameless("cannot find median in chunk, possibly empty");
    }
}
