using Backup.MongoWire.Bson;
using Backup.Sandbox.Sharding.Catalogue;
using Backup.Sandbox.Sharding.Changes;
using Backup.Sandbox.Sharding.Shards;

namespace Backup.Sandbox.Sharding.Routing;

/// <summary>What a router is told about the cluster itself: databases, chunks, shards, zones, the balancer.</summary>
internal static class RouterAdmin
{
    private static readonly TimeSpan BalancerLimit = TimeSpan.FromSeconds(60);

    public static BsonDocument ListShards(RouterContext context)
    {
        context.CheckAdmin();
        var shards = context.Catalogue.Shards.Select(static shard => shard.Document).ToList();
        return context.Reply(w => WriteBatch.Statements(w, "shards", shards));
    }

    public static BsonDocument ShardMap(RouterContext context)
    {
        var map = ShardCommands.Map(context.Cluster, isConfigServer: false);
        return context.Reply(w => ShardCommands.Write(w, map));
    }

    public static async Task<BsonDocument> AddShardAsync(RouterContext context)
    {
        context.CheckAdmin();
        var admission = new ShardAdmission(context.Cluster);
        var name = await admission.AddAsync(context.CollectionName, context.Text("name"u8), context.Cancellation);
        return context.Reply(w => w.String("shardAdded"u8, name));
    }

    public static async Task<BsonDocument> RemoveShardAsync(RouterContext context)
    {
        context.CheckAdmin();
        var admission = new ShardAdmission(context.Cluster);
        var answer = await admission.RemoveAsync(context.CollectionName, context.Cancellation);
        return context.Reply(w =>
        {
            foreach (var field in answer.View)
            {
                w.Element(field);
            }
        });
    }

    public static async Task<BsonDocument> EnableShardingAsync(RouterContext context)
    {
        context.CheckAdmin();
        var name = context.CollectionName;
        if (name is "admin" or "local" or "config")
        {
            throw CommandFault.InvalidOptions($"can't shard {name} database");
        }

        var database = await context.Router.OpenDatabaseAsync(context, "enableSharding", name);
        if (!database.IsPartitioned)
        {
            await context.Cluster.Config.WriteAsync(
                writer =>
                {
                    writer.Lock(name, "enableSharding");
                    writer.Set("databases", ConfigWriter.Id(name), static w => w.Boolean("partitioned"u8, true));
                    writer.Unlock(name);
                },
                context.Cancellation
            );
        }

        return context.Reply(static _ => { });
    }

    public static async Task<BsonDocument> ShardCollectionAsync(RouterContext context)
    {
        context.CheckAdmin();
        var ns = context.CollectionName;
        var pattern = context.Document("key"u8) ?? throw CommandFault.BadValue("shardCollection needs 'key'");
        var uuid = await new CollectionSharding(context.Cluster).ShardAsync(
            ns,
            new ShardKey(pattern),
            context.Flag("unique"u8),
            context.Cancellation
        );
        return context.Reply(w => w.String("collectionsharded"u8, ns).Uuid("collectionUUID"u8, uuid));
    }

    public static async Task<BsonDocument> SplitAsync(RouterContext context)
    {
        context.CheckAdmin();
        var middle = context.Document("middle"u8);
        await new ChunkSplit(context.Cluster).RunAsync(
            context.CollectionName,
            collection => (Find(context, collection, middle), middle),
            context.Cancellation
        );
        return context.Reply(static _ => { });
    }

    public static async Task<BsonDocument> MoveChunkAsync(RouterContext context)
    {
        context.CheckAdmin();
        var ns = context.CollectionName;
        var collection = context.Catalogue.Collection(ns) ?? throw ChunkSplit.NotSharded(ns);
        var to =
            context.Text("to"u8) ?? throw CommandFault.BadValue("you have to specify where you want to move the chunk");
        if (context.Catalogue.Shard(to) is { IsDraining: true })
        {
            throw CommandFault.IllegalOperation($"{to} is currently draining.");
        }

        if (context.Catalogue.Shard(to) is null)
        {
            throw new CommandFault(
                70,
                "ShardNotFound",
                $"Could not move chunk in '{ns}' to shard '{to}' because that shard does not exist"
            );
        }

        var started = context.Cluster.Time.GetTimestamp();
        await context.Cluster.Balancer.MoveAsync(
            collection,
            Find(context, collection, null),
            to,
            context.Flag("_waitForDelete"u8) || context.Flag("waitForDelete"u8),
            context.Cancellation
        );
        var took = (int)context.Cluster.Time.GetElapsedTime(started).TotalMilliseconds;
        return context.Reply(w => w.Int32("millis"u8, took));
    }

    public static async Task<BsonDocument> AddShardToZoneAsync(RouterContext context)
    {
        context.CheckAdmin();
        var zone = context.Text("zone"u8) ?? throw CommandFault.BadValue("addShardToZone needs 'zone'");
        await Zones.AddAsync(context.Cluster.Config, context.CollectionName, zone, context.Cancellation);
        return context.Reply(static _ => { });
    }

    public static async Task<BsonDocument> RemoveShardFromZoneAsync(RouterContext context)
    {
        context.CheckAdmin();
        var zone = context.Text("zone"u8) ?? throw CommandFault.BadValue("removeShardFromZone needs 'zone'");
        await Zones.RemoveAsync(context.Cluster.Config, context.CollectionName, zone, context.Cancellation);
        return context.Reply(static _ => { });
    }

    public static async Task<BsonDocument> UpdateZoneKeyRangeAsync(RouterContext context)
    {
        context.CheckAdmin();
        if (context.Document("min"u8) is not { } min || context.Document("max"u8) is not { } max)
        {
            throw CommandFault.BadValue("updateZoneKeyRange needs 'min' and 'max'");
        }

        await Zones.AssignAsync(
            context.Cluster.Config,
            context.CollectionName,
            new KeyRange(min, max),
            context.Text("zone"u8),
            context.Cancellation
        );
        return context.Reply(static _ => { });
    }

    public static async Task<BsonDocument> StartBalancerAsync(RouterContext context)
    {
        context.CheckAdmin();
        await context.Cluster.Balancer.StartAsync(context.Cancellation);
        return context.Reply(static _ => { });
    }

    public static async Task<BsonDocument> StopBalancerAsync(RouterContext context)
    {
        context.CheckAdmin();
        var limit = context.Number("maxTimeMS"u8, 0);
        await context.Cluster.Balancer.StopAsync(
            limit > 0 ? TimeSpan.FromMilliseconds(limit) : BalancerLimit,
            context.Cancellation
        );
        return context.Reply(static _ => { });
    }

    public static BsonDocument BalancerStatus(RouterContext context)
    {
        context.CheckAdmin();
        var balancer = context.Cluster.Balancer;
        var isOn = context.Catalogue.IsBalancerOn;
        return context.Reply(w =>
            w.String("mode"u8, isOn ? "full" : "off")
                .Boolean("inBalancerRound"u8, balancer.IsInRound)
                .Int64("numBalancerRounds"u8, balancer.Rounds)
        );
    }

    public static BsonDocument FlushConfig(RouterContext context) =>
        // A router of the sandbox asks the config servers each time.
        context.Reply(static w => w.Boolean("flushed"u8, true));

    private static Chunk Find(RouterContext context, ShardedCollection collection, BsonDocument? key)
    {
        if (context.Document("find"u8) is { } query)
        {
            key = collection.Key.OfQuery(query);
        }
        else if (context.View.TryGet("bounds"u8, out var bounds))
        {
            key = bounds.AsDocument["0"u8].AsDocument.ToDocument();
        }

        return key is { } known
            ? collection.ChunkOf(known)
            : throw CommandFault.BadValue("no shard key found in chunk query");
    }
}
