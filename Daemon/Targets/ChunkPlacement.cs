using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.Snapshots.Sharding;

namespace Backup.Daemon.Targets;

/// <summary>Brings the chunks of an empty sharded collection of the target to where they are wanted: first who owns what, then where it is split.</summary>
internal sealed class ChunkPlacement(TargetCommands commands)
{
    /// <param name="ns">The collection; it has no documents yet, so that moving a chunk is quick.</param>
    /// <param name="wanted">In the order of keys, without a hole; the shards are the target's.</param>
    /// <param name="told">Told now and then how far it is.</param>
    /// <param name="cancellation">Stops between two commands.</param>
    /// <exception cref="BackupException">9031.</exception>
    internal async Task PlaceAsync(
        string ns,
        IReadOnlyList<ChunkRange> wanted,
        Action<string> told,
        CancellationToken cancellation
    )
    {
        var owned = Coalesced(wanted);
        told($"splitting and placing {wanted.Count} chunks of {ns}");
        await SplitAsync(ns, owned, cancellation);
        foreach (var chunk in (await ChunksAsync(ns, cancellation)).Chunks)
        {
            var owner = OwnerOf(owned, chunk.Min);
            if (owner != chunk.Shard)
            {
                await commands.RunAsync(
                    $"moving a chunk of '{ns}' to '{owner}'",
                    "admin",
                    w =>
                    {
                        w.String("moveChunk"u8, ns);
                        Bounds(w, chunk.Min, chunk.Max);
                        w.String("to"u8, owner);
                    },
                    cancellation
                );
            }
        }

        await SplitAsync(ns, wanted, cancellation);
        await MergeAsync(ns, wanted, cancellation);
    }

    /// <summary>The target's chunks of it now.</summary>
    internal async Task<ChunkMap> ChunksAsync(string ns, CancellationToken cancellation)
    {
        BsonDocument? collection = null;
        await foreach (
            var one in commands.QueryAsync(
                "config",
                w => w.String("find"u8, "collections").BeginDocument("filter"u8).String("_id"u8, ns).EndDocument(),
                cancellation
            )
        )
        {
            collection = one;
        }

        // By UUID from MongoDB 5.0 on, by namespace before.
        var isByUuid = collection is { } known && known.View.Has("timestamp"u8);
        var chunks = new List<ChunkRange>();
        await foreach (
            var one in commands.QueryAsync(
                "config",
                w =>
                {
                    w.String("find"u8, "chunks").BeginDocument("filter"u8);
                    _ = isByUuid ? w.Element("uuid"u8, collection!.Value.View["uuid"u8]) : w.String("ns"u8, ns);
                    w.EndDocument();
                },
                cancellation
            )
        )
        {
            chunks.Add(
                new ChunkRange(
                    one.View["min"u8].AsDocument.ToDocument(),
                    one.View["max"u8].AsDocument.ToDocument(),
                    one.View["shard"u8].AsString
                )
            );
        }

        return ChunkMap.Of(ns, chunks);
    }

    /// <summary>Neighbours with one owner as one.</summary>
    private static List<ChunkRange> Coalesced(IReadOnlyList<ChunkRange> chunks)
    {
        var runs = new List<ChunkRange>();
        foreach (var chunk in chunks)
        {
            if (runs.Count > 0 && runs[^1].Shard == chunk.Shard)
            {
                runs[^1] = runs[^1] with { Max = chunk.Max };
            }
            else
            {
                runs.Add(chunk);
            }
        }

        return runs;
    }

    private static string OwnerOf(List<ChunkRange> runs, BsonDocument key)
    {
        var (low, high) = (0, runs.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (BsonOrder.CompareDocuments(runs[middle].Min.View, key.View) <= 0)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return runs[low].Shard;
    }

    private async Task SplitAsync(string ns, IReadOnlyList<ChunkRange> wanted, CancellationToken cancellation)
    {
        var bounds = new SortedSet<BsonDocument>(BsonOrder.Documents);
        foreach (var chunk in (await ChunksAsync(ns, cancellation)).Chunks)
        {
            bounds.Add(chunk.Min);
        }

        foreach (var chunk in wanted.Skip(1).Where(chunk => bounds.Add(chunk.Min)))
        {
            await commands.RunAsync(
                $"splitting '{ns}'",
                "admin",
                w => w.String("split"u8, ns).Document("middle"u8, chunk.Min),
                cancellation
            );
        }
    }

    /// <summary>Bounds that the server made by itself and nobody wants. What cannot be merged stays: more bounds do no harm.</summary>
    private async Task MergeAsync(string ns, IReadOnlyList<ChunkRange> wanted, CancellationToken cancellation)
    {
        var bounds = new SortedSet<BsonDocument>(wanted.Select(static chunk => chunk.Min), BsonOrder.Documents);
        var chunks = (await ChunksAsync(ns, cancellation)).Chunks;
        for (var i = 0; i < chunks.Count; )
        {
            var first = i;
            for (i++; i < chunks.Count && !bounds.Contains(chunks[i].Min); i++) { }

            if (i - first > 1)
            {
                await commands.RunAsync(
                    $"merging chunks of '{ns}'",
                    "admin",
                    w =>
                    {
                        w.String("mergeChunks"u8, ns);
                        Bounds(w, chunks[first].Min, chunks[i - 1].Max);
                    },
                    cancellation
                );
            }
        }
    }

    private static void Bounds(BsonWriter writer, BsonDocument min, BsonDocument max) =>
        writer.BeginArray("bounds"u8).Document("0"u8, min).Document("1"u8, max).EndArray();
}
