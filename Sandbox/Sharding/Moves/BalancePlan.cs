using Backup.Sandbox.Sharding.Catalogue;

namespace Backup.Sandbox.Sharding.Moves;

/// <summary>Which chunks should move now, at most one of each collection.</summary>
internal static class BalancePlan
{
    public static IEnumerable<(ShardedCollection Collection, Chunk Chunk, string To)> Of(ClusterCatalogue catalogue)
    {
        foreach (
            var collection in catalogue.Collections.Values.OrderBy(static one => one.Namespace, StringComparer.Ordinal)
        )
        {
            if (MoveOf(catalogue, collection) is { } move)
            {
                yield return (collection, move.Chunk, move.To);
            }
        }
    }

    /// <summary>As a server has it: chunks of shards that are drained first, then those outside of their zone, then the fullest shard's.</summary>
    private static (Chunk Chunk, string To)? MoveOf(ClusterCatalogue catalogue, ShardedCollection collection)
    {
        var zones = catalogue.Zones.Where(zone => zone.Namespace == collection.Namespace).ToList();
        foreach (var chunk in collection.Chunks)
        {
            var zone = ZoneOf(chunk);
            var shard = catalogue.Shard(chunk.Shard);
            var isOutside = zone is not null && shard is not null && !shard.Zones.Contains(zone);
            if ((shard is null or { IsDraining: true } || isOutside) && Emptiest(zone, except: chunk.Shard) is { } to)
            {
                return (chunk, to);
            }
        }

        return zones
            .Select(static zone => (string?)zone.Zone)
            .Distinct()
            .Append(null)
            .Select(Even)
            .FirstOrDefault(static move => move is not null);

        string? ZoneOf(Chunk chunk) => zones.Find(zone => zone.Range.Covers(chunk.Range))?.Zone;

        long CountOf(string shard, string? zone) =>
            collection.Chunks.Count(chunk => chunk.Shard == shard && (zone is null || ZoneOf(chunk) == zone));

        IEnumerable<string> Candidates(string? zone) =>
            catalogue
                .Shards.Where(shard => !shard.IsDraining && (zone is null || shard.Zones.Contains(zone)))
                .Select(static shard => shard.Name);

        string? Emptiest(string? zone, string except) =>
            Candidates(zone).Where(shard => shard != except).MinBy(shard => CountOf(shard, null));

        (Chunk Chunk, string To)? Even(string? zone)
        {
            var shards = Candidates(zone).ToList();
            if (shards.Count < 2)
            {
                return null;
            }

            var (most, least) = (
                shards.MaxBy(shard => CountOf(shard, zone))!,
                shards.MinBy(shard => CountOf(shard, zone))!
            );
            var moves = collection.Chunks.FirstOrDefault(chunk => chunk.Shard == most && ZoneOf(chunk) == zone);
            return moves is not null && CountOf(most, zone) - CountOf(least, zone) >= Threshold()
                ? (moves, least)
                : null;
        }

        int Threshold() =>
            collection.Chunks.Count switch
            {
                < 20 => 2,
                < 80 => 4,
                _ => 8,
            };
    }
}
