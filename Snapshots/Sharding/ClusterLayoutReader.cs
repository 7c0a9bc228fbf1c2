using Backup.MongoWire.Bson;
using Backup.Snapshots.Reading;

namespace Backup.Snapshots.Sharding;

/// <summary>
/// Reads the <c>config</c> database of the config servers. Chunks name their collection by namespace up to MongoDB 4.4, by UUID from 5.0 on; dropped
/// collections stay listed up to 4.4.
/// </summary>
public static class ClusterLayoutReader
{
    /// <summary>The shards alone.</summary>
    /// <exception cref="Foundation.Errors.BackupException">4011 where this is no config server's data; others of reading it.</exception>
    public static async Task<IReadOnlyList<ShardDefinition>> ShardsAsync(
        SnapshotReader config,
        CancellationToken cancellation = default
    )
    {
        var shards = new List<ShardDefinition>();
        await EachAsync(config, "shards", isNeeded: true, one => shards.Add(Shard(one)), cancellation);
        shards.Sort(static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        return shards;
    }

    /// <exception cref="Foundation.Errors.BackupException">4010 where the chunks of a collection do not fit together, 4011 where this is no config server's data.</exception>
    public static async Task<ClusterLayout> ReadAsync(SnapshotReader config, CancellationToken cancellation = default)
    {
        var databases = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var zones = new List<ZoneRange>();
        var (clusterId, isBalancerOn) = ("", true);
        await EachAsync(config, "databases", isNeeded: false, AddDatabase, cancellation);
        await EachAsync(config, "tags", isNeeded: false, one => zones.Add(Zone(one)), cancellation);
        await EachAsync(config, "version", isNeeded: false, ReadVersion, cancellation);
        await EachAsync(config, "settings", isNeeded: false, ReadSettings, cancellation);
        return new ClusterLayout(
            clusterId,
            await ShardsAsync(config, cancellation),
            databases,
            await CollectionsAsync(config, cancellation),
            zones,
            isBalancerOn
        );

        void AddDatabase(BsonView one)
        {
            if (one.TryGet("primary"u8, out var primary) && primary.Type == BsonType.String)
            {
                databases[one["_id"u8].AsString] = primary.AsString;
            }
        }

        void ReadVersion(BsonView one)
        {
            if (one.TryGet("clusterId"u8, out var id) && id.Type == BsonType.ObjectId)
            {
                clusterId = Convert.ToHexStringLower(id.AsObjectId);
            }
        }

        void ReadSettings(BsonView one)
        {
            if (one["_id"u8] is { Type: BsonType.String, AsString: "balancer" })
            {
                isBalancerOn =
                    !(one.TryGet("stopped"u8, out var stopped) && stopped.ToBoolean())
                    && !(one.TryGet("mode"u8, out var mode) && mode.Type == BsonType.String && mode.AsString == "off");
            }
        }
    }

    private static async Task<SortedDictionary<string, ShardedCollection>> CollectionsAsync(
        SnapshotReader config,
        CancellationToken cancellation
    )
    {
        var byName = new Dictionary<string, List<ChunkRange>>();
        var byUuid = new Dictionary<Guid, List<ChunkRange>>();
        var names = new Dictionary<string, string>();
        await EachAsync(config, "chunks", isNeeded: false, AddChunk, cancellation);
        var collections = new SortedDictionary<string, ShardedCollection>(StringComparer.Ordinal);
        await EachAsync(config, "collections", isNeeded: false, AddCollection, cancellation);
        return collections;

        void AddChunk(BsonView one)
        {
            var shard = one["shard"u8].AsString;
            // One string for all chunks of a shard: there may be millions of them.
            names.TryAdd(shard, shard);
            var chunk = new ChunkRange(
                one["min"u8].AsDocument.ToDocument(),
                one["max"u8].AsDocument.ToDocument(),
                names[shard]
            );
            if (one.TryGet("uuid"u8, out var uuid))
            {
                Listed(byUuid, uuid.AsUuid).Add(chunk);
            }

            if (one.TryGet("ns"u8, out var ns))
            {
                Listed(byName, ns.AsString).Add(chunk);
            }
        }

        void AddCollection(BsonView one)
        {
            var ns = one["_id"u8].AsString;
            if (IsFlagged(one, "dropped"u8) || ns.StartsWith("config.", StringComparison.Ordinal))
            {
                return;
            }

            var uuid = one.TryGet("uuid"u8, out var known) ? known.AsUuid : Guid.Empty;
            var chunks = byUuid.GetValueOrDefault(uuid) ?? byName.GetValueOrDefault(ns) ?? [];
            collections[ns] = new ShardedCollection(
                ns,
                uuid,
                new ShardKeyPattern(one["key"u8].AsDocument.ToDocument()),
                IsFlagged(one, "unique"u8),
                !IsFlagged(one, "unsplittable"u8),
                ChunkMap.Of(ns, chunks)
            );
        }
    }

    private static List<ChunkRange> Listed<TKey>(Dictionary<TKey, List<ChunkRange>> lists, TKey key)
        where TKey : notnull
    {
        if (!lists.TryGetValue(key, out var list))
        {
            lists[key] = list = [];
        }

        return list;
    }

    private static ShardDefinition Shard(BsonView one)
    {
        var zones = new List<string>();
        if (one.TryGet("tags"u8, out var tags))
        {
            foreach (var tag in tags.AsDocument)
            {
                zones.Add(tag.AsString);
            }
        }

        return new ShardDefinition(one["_id"u8].AsString, one["host"u8].AsString, zones, IsFlagged(one, "draining"u8));
    }

    private static ZoneRange Zone(BsonView one) =>
        new(
            one["ns"u8].AsString,
            one["min"u8].AsDocument.ToDocument(),
            one["max"u8].AsDocument.ToDocument(),
            one["tag"u8].AsString
        );

    private static bool IsFlagged(BsonView document, ReadOnlySpan<byte> name) =>
        document.TryGet(name, out var flag) && flag.ToBoolean();

    private delegate void Take(BsonView document);

    private static async Task EachAsync(
        SnapshotReader config,
        string name,
        bool isNeeded,
        Take take,
        CancellationToken cancellation
    )
    {
        var collection = config.Collections.FirstOrDefault(one => one.Database == "config" && one.Name == name);
        if (collection is null)
        {
            if (isNeeded)
            {
                throw SnapshotsErrors.NoConfigServers(config.Manifest.ReplicaSet.Name, name);
            }

            return;
        }

        await using var cursor = config.OpenCollection(collection.Uuid);
        while (await cursor.MoveNextAsync(cancellation))
        {
            take(cursor.View);
        }
    }
}
