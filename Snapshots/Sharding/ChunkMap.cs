using Backup.MongoWire.Bson;

namespace Backup.Snapshots.Sharding;

/// <summary>A range of shard keys and who owns it.</summary>
/// <param name="Min">Inclusive.</param>
/// <param name="Max">Exclusive; of the last chunk everything up to the greatest key.</param>
/// <param name="Shard">The shard's name.</param>
public sealed record ChunkRange(BsonDocument Min, BsonDocument Max, string Shard);

/// <summary>All chunks of a collection, without a hole: who owns a key. Its memory grows with the number of chunks alone.</summary>
public sealed class ChunkMap
{
    private readonly byte[][] _from;

    private ChunkMap(IReadOnlyList<ChunkRange> chunks, byte[][] from) => (Chunks, _from) = (chunks, from);

    /// <summary>In the order of their keys.</summary>
    public IReadOnlyList<ChunkRange> Chunks { get; }

    /// <summary>The shards that own a chunk, in the order of their names.</summary>
    public IEnumerable<string> Shards =>
        Chunks.Select(static chunk => chunk.Shard).Distinct().Order(StringComparer.Ordinal);

    /// <param name="ns">The collection.</param>
    /// <param name="chunks">In any order.</param>
    /// <exception cref="Foundation.Errors.BackupException">4010 where they leave a hole, overlap, or do not reach from the least key to the greatest.</exception>
    public static ChunkMap Of(string ns, IEnumerable<ChunkRange> chunks)
    {
        var sorted = chunks
            .Select(static chunk => (From: ShardKeyPattern.BoundOf(chunk.Min.View), Chunk: chunk))
            .ToArray();
        Array.Sort(sorted, static (left, right) => left.From.AsSpan().SequenceCompareTo(right.From));
        if (sorted.Length == 0)
        {
            throw SnapshotsErrors.Chunks(ns, "there is none");
        }

        if (!IsOnly(sorted[0].Chunk.Min, BsonType.MinKey) || !IsOnly(sorted[^1].Chunk.Max, BsonType.MaxKey))
        {
            throw SnapshotsErrors.Chunks(ns, "they do not reach from the least key to the greatest");
        }

        for (var i = 1; i < sorted.Length; i++)
        {
            if (!ShardKeyPattern.BoundOf(sorted[i - 1].Chunk.Max.View).AsSpan().SequenceEqual(sorted[i].From))
            {
                var end = ExtendedJson.ToText(sorted[i - 1].Chunk.Max.View);
                var next = ExtendedJson.ToText(sorted[i].Chunk.Min.View);
                throw SnapshotsErrors.Chunks(ns, $"one ends with {end}, the next one begins with {next}");
            }
        }

        return new ChunkMap([.. sorted.Select(static one => one.Chunk)], [.. sorted.Select(static one => one.From)]);
    }

    /// <param name="key">As <see cref="ShardKeyPattern.Write"/> makes it.</param>
    /// <returns>The owner's name.</returns>
    public string OwnerOf(ReadOnlySpan<byte> key)
    {
        var (low, high) = (0, _from.Length - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (_from[middle].AsSpan().SequenceCompareTo(key) <= 0)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return Chunks[low].Shard;
    }

    private static bool IsOnly(BsonDocument bound, BsonType type)
    {
        foreach (var value in bound.View)
        {
            if (value.Type != type)
            {
                return false;
            }
        }

        return !bound.View.IsEmpty;
    }
}
