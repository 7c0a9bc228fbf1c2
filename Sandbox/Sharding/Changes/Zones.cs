using Backup.MongoWire.Bson;
using Backup.Sandbox.Sharding.Catalogue;

namespace Backup.Sandbox.Sharding.Changes;

/// <summary>Zones of shards, and the ranges of keys that belong to them.</summary>
internal static class Zones
{
    /// <exception cref="CommandFault">70</exception>
    public static Task AddAsync(ConfigServers config, string shard, string zone, CancellationToken cancellation)
    {
        var known = Known(config, shard);
        return known.Zones.Contains(zone)
            ? Task.CompletedTask
            : SetAsync(config, shard, [.. known.Zones, zone], cancellation);
    }

    /// <exception cref="CommandFault">70, 163</exception>
    public static Task RemoveAsync(ConfigServers config, string shard, string zone, CancellationToken cancellation)
    {
        var known = Known(config, shard);
        var isLast = config.Catalogue.Shards.Count(one => one.Zones.Contains(zone)) == 1;
        return isLast && config.Catalogue.Zones.Any(range => range.Zone == zone)
            ? throw new CommandFault(
                163,
                "ZoneStillInUse",
                "cannot remove a shard from zone if a chunk range is associated with it"
            )
            : SetAsync(config, shard, [.. known.Zones.Where(one => one != zone)], cancellation);
    }

    /// <param name="zone">Null: the range belongs to none any more.</param>
    /// <exception cref="CommandFault">177, 178</exception>
    public static Task AssignAsync(
        ConfigServers config,
        string ns,
        KeyRange range,
        string? zone,
        CancellationToken cancellation
    )
    {
        var id = BsonDocument.Build(w =>
            w.BeginDocument(""u8).String("ns"u8, ns).Document("min"u8, range.Min).EndDocument()
        );
        if (zone is null)
        {
            return config.WriteAsync(writer => writer.Delete("tags", id), cancellation);
        }

        var catalogue = config.Catalogue;
        if (catalogue.Shards.All(shard => !shard.Zones.Contains(zone)))
        {
            throw new CommandFault(177, "ZoneNotFound", $"zone {zone} does not exist");
        }

        foreach (var other in catalogue.Zones.Where(other => other.Namespace == ns && other.Range.Overlaps(range)))
        {
            if (other.Range != range)
            {
                throw new CommandFault(
                    178,
                    "RangeOverlapConflict",
                    $"Zone range: {Text(range)}  on  {zone} is overlapping with existing: {Text(other.Range)}  on  {other.Zone}"
                );
            }
        }

        return config.WriteAsync(
            writer =>
                writer.Put(
                    "tags",
                    BsonDocument.Build(w =>
                    {
                        w.Element("_id"u8, id.View.First).String("ns"u8, ns);
                        w.Document("min"u8, range.Min).Document("max"u8, range.Max).String("tag"u8, zone);
                    })
                ),
            cancellation
        );
    }

    private static Task SetAsync(
        ConfigServers config,
        string shard,
        IReadOnlyList<string> zones,
        CancellationToken cancellation
    ) =>
        config.WriteAsync(
            writer =>
                writer.Set(
                    "shards",
                    ConfigWriter.Id(shard),
                    w =>
                    {
                        Span<byte> scratch = stackalloc byte[11];
                        w.BeginArray("tags"u8);
                        foreach (var zone in zones)
                        {
                            w.String(w.ArrayItemName(scratch), zone);
                        }

                        w.EndArray();
                    }
                ),
            cancellation
        );

    private static ShardEntry Known(ConfigServers config, string shard) =>
        config.Catalogue.Shard(shard) ?? throw new CommandFault(70, "ShardNotFound", $"shard {shard} does not exist");

    private static string Text(KeyRange range) =>
        $"{ExtendedJson.ToText(range.Min.View)} -->> {ExtendedJson.ToText(range.Max.View)}";
}
