using Backup.MongoWire.Bson;
using Backup.Snapshots.Exports;
using Backup.Snapshots.Sharding;

namespace Backup.Daemon.Targets;

/// <summary>
/// Makes collections of a target cluster what they were: sharded by their key, with their zones, and with chunks where they belong. Of another
/// shape than the source the chunks are spread over the shards that there are; as it was they go to the shards that stand for the source's.
/// </summary>
/// <param name="commands">Of the target.</param>
/// <param name="layout">Of the source, at the moment that is restored.</param>
/// <param name="shards">Of the target, by name.</param>
/// <param name="standIns">By the source's shard the target's; null where the target has another shape.</param>
internal sealed class TargetSharding(
    TargetCommands commands,
    ClusterLayout layout,
    IReadOnlyList<ShardDefinition> shards,
    IReadOnlyDictionary<string, string>? standIns
)
{
    private readonly ChunkPlacement _placement = new(commands);
    private readonly HashSet<string> _absentZones = new(StringComparer.Ordinal);

    /// <summary>Zones that no shard of the target belongs to.</summary>
    internal IReadOnlyCollection<string> AbsentZones => _absentZones;

    internal static async Task<IReadOnlyList<ShardDefinition>> ShardsAsync(
        TargetCommands commands,
        CancellationToken cancellation
    )
    {
        var shards = new List<ShardDefinition>();
        await foreach (var one in commands.QueryAsync("config", w => w.String("find"u8, "shards"), cancellation))
        {
            var zones = new List<string>();
            if (one.View.TryGet("tags"u8, out var tags))
            {
                foreach (var tag in tags.AsDocument)
                {
                    zones.Add(tag.AsString);
                }
            }

            var isDraining = one.View.TryGet("draining"u8, out var draining) && draining.ToBoolean();
            shards.Add(new(one.View["_id"u8].AsString, one.View["host"u8].AsString, zones, isDraining));
        }

        shards.Sort(static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        return shards;
    }

    /// <summary>What the source's servers know of the namespace's documents; null where it is not sharded.</summary>
    internal ShardedCollection? Find(ExportItem item) =>
        layout.Collections.GetValueOrDefault(item.Origin) is { IsSplittable: true } sharded ? sharded : null;

    /// <summary>The database may have sharded collections; new where it was not there, and then on the shard that stands for its primary.</summary>
    internal async Task EnableAsync(string database, CancellationToken cancellation)
    {
        var primary =
            layout.PrimaryOf(database) is { } known && standIns is not null ? standIns.GetValueOrDefault(known) : null;
        await commands.RunAsync(
            $"enabling sharding of '{database}'",
            "admin",
            w => w.String("enableSharding"u8, database),
            cancellation
        );
        if (primary is not null && await PrimaryAsync(database, cancellation) is { } now && now != primary)
        {
            await commands.RunAsync(
                $"moving '{database}' to its primary shard",
                "admin",
                w => w.String("movePrimary"u8, database).String("to"u8, primary),
                cancellation
            );
        }
    }

    /// <summary>Shards an empty collection, gives it its zones, and places its chunks. One that is sharded already keeps its key.</summary>
    internal async Task ShardAsync(
        ExportItem item,
        ShardedCollection sharded,
        Action<string> told,
        CancellationToken cancellation
    )
    {
        // Under the name that it gets: the one that it had at the source may be in use there.
        var ns = item.Namespace;
        // Time series are sharded by their own name, in the users' terms: that the server made of it what stands in its catalogue.
        if (item.Type == ExportItem.TimeSeries)
        {
            return;
        }

        if (!await IsShardedAsync(ns, cancellation))
        {
            await commands.RunAsync(
                $"sharding '{ns}'",
                "admin",
                w =>
                {
                    w.String("shardCollection"u8, ns).Document("key"u8, sharded.Key.Pattern);
                    w.Boolean("unique"u8, sharded.IsUnique);
                    if (item.Options.View.Has("collation"u8))
                    {
                        // Keys are compared byte by byte whatever the collection's own collation is.
                        w.BeginDocument("collation"u8).String("locale"u8, "simple").EndDocument();
                    }
                },
                cancellation
            );
        }

        var zones = await AddZonesAsync(sharded.Namespace, ns, cancellation);
        if (standIns is not null)
        {
            var exact = sharded.Chunks.Chunks.Select(chunk => chunk with { Shard = standIns[chunk.Shard] }).ToList();
            await _placement.PlaceAsync(ns, exact, told, cancellation);
        }
        else if (!sharded.Key.IsHashed)
        {
            await _placement.PlaceAsync(ns, Spread(sharded.Chunks.Chunks, zones), told, cancellation);
        }
    }

    /// <summary>Neighbouring chunks to one shard, to each about as many; in a zone to one of its shards.</summary>
    private List<ChunkRange> Spread(IReadOnlyList<ChunkRange> chunks, List<ZoneRange> zones)
    {
        var all = shards.Where(static shard => !shard.IsDraining).ToList();
        all = all.Count == 0 ? [.. shards] : all;
        var spread = new List<ChunkRange>(chunks.Count);
        foreach (var (number, chunk) in chunks.Index())
        {
            var zone = zones.Find(one => Overlaps(one, chunk));
            var choice = zone is null ? all : all.FindAll(shard => shard.Zones.Contains(zone.Zone));
            choice = choice.Count == 0 ? all : choice;
            spread.Add(chunk with { Shard = choice[(int)((long)number * choice.Count / chunks.Count)].Name });
        }

        return spread;
    }

    private static bool Overlaps(ZoneRange zone, ChunkRange chunk) =>
        BsonOrder.CompareDocuments(zone.Min.View, chunk.Max.View) < 0
        && BsonOrder.CompareDocuments(chunk.Min.View, zone.Max.View) < 0;

    /// <param name="origin">The name at the source.</param>
    /// <param name="ns">The name that it gets.</param>
    /// <param name="cancellation">Those that were added stay.</param>
    private async Task<List<ZoneRange>> AddZonesAsync(string origin, string ns, CancellationToken cancellation)
    {
        var added = new List<ZoneRange>();
        foreach (var zone in layout.Zones.Where(one => one.Namespace == origin))
        {
            if (!shards.Any(shard => shard.Zones.Contains(zone.Zone)))
            {
                _absentZones.Add(zone.Zone);
                continue;
            }

            await commands.RunAsync(
                $"adding a range of '{ns}' to the zone '{zone.Zone}'",
                "admin",
                w =>
                    w.String("updateZoneKeyRange"u8, ns)
                        .Document("min"u8, zone.Min)
                        .Document("max"u8, zone.Max)
                        .String("zone"u8, zone.Zone),
                cancellation
            );
            added.Add(zone);
        }

        return added;
    }

    private async Task<bool> IsShardedAsync(string ns, CancellationToken cancellation)
    {
        await foreach (
            var one in commands.QueryAsync(
                "config",
                w => w.String("find"u8, "collections").BeginDocument("filter"u8).String("_id"u8, ns).EndDocument(),
                cancellation
            )
        )
        {
            return !(one.View.TryGet("dropped"u8, out var dropped) && dropped.ToBoolean())
                && !(one.View.TryGet("unsplittable"u8, out var whole) && whole.ToBoolean());
        }

        return false;
    }

    private async Task<string?> PrimaryAsync(string database, CancellationToken cancellation)
    {
        await foreach (
            var one in commands.QueryAsync(
                "config",
                w => w.String("find"u8, "databases").BeginDocument("filter"u8).String("_id"u8, database).EndDocument(),
                cancellation
            )
        )
        {
            return one.View["primary"u8].AsString;
        }

        return null;
    }
}
