using System.Text;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Commands;

namespace Backup.Sandbox.Sharding.Shards;

/// <summary>What members of a cluster answer beside what every member does.</summary>
internal static class ShardCommands
{
    /// <summary>Which set each host belongs to, as it is known here.</summary>
    public static BsonDocument ShardMap(CommandContext context)
    {
        var (role, cluster) = Of(context);
        var map = Map(cluster, role.IsConfigServer);
        return context.Reply(w => Write(w, map));
    }

    public static BsonDocument ShardingState(CommandContext context)
    {
        var (role, cluster) = Of(context);
        return context.Reply(w =>
        {
            w.Boolean("enabled"u8, true).String("configServer"u8, cluster.ConfigServers.HostList);
            w.String("shardName"u8, role.ShardName ?? "config").ObjectId("clusterId"u8, cluster.Id);
        });
    }

    /// <summary>Brings a transaction of several shards to its end. Of routers only.</summary>
    public static async ValueTask<BsonDocument> CoordinateAsync(CommandContext context, CancellationToken cancellation)
    {
        var (role, _) = Of(context);
        if (!context.IsOfCluster || role.Coordinator is not { } coordinator)
        {
            throw CommandFault.Unauthorized("coordinateCommitTransaction is for routers only");
        }

        var id = BsonDocument.Build(w =>
        {
            w.Document("lsid"u8, context.View["lsid"u8].AsDocument.ToDocument());
            w.Int64("txnNumber"u8, context.View["txnNumber"u8].ToInt64());
        });
        var participants = new List<string>();
        foreach (var participant in context.View["participants"u8].AsDocument)
        {
            participants.Add(participant.AsDocument["shardId"u8].AsString);
        }

        await coordinator.DecideAsync(id, participants, cancellation);
        return context.Reply(static _ => { });
    }

    /// <summary>The shards by name and host, and the config servers.</summary>
    /// <param name="isConfigServer">These know themselves by another name.</param>
    public static SortedDictionary<string, string> Map(SandboxCluster cluster, bool isConfigServer)
    {
        var map = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var config = cluster.ConfigServers.HostList;
        map["config"] = config;
        if (isConfigServer)
        {
            map["<local>"] = config;
        }
        else
        {
            Add(config);
        }

        foreach (var shard in cluster.Config.Catalogue.Shards)
        {
            map[shard.Name] = shard.Host;
            Add(shard.Host);
        }

        return map;

        void Add(string host)
        {
            map[host] = host;
            foreach (var one in host[(host.IndexOf('/') + 1)..].Split(','))
            {
                map[one] = host;
            }
        }
    }

    public static void Write(BsonWriter writer, SortedDictionary<string, string> map)
    {
        writer.BeginDocument("map"u8);
        foreach (var (name, host) in map)
        {
            writer.String(Encoding.UTF8.GetBytes(name), host);
        }

        writer.EndDocument();
    }

    private static (ClusterRole Role, SandboxCluster Cluster) Of(CommandContext context) =>
        context.Member.Options.Role is { Cluster: { } cluster } role
            ? (role, cluster)
            : throw CommandFault.CommandNotFound(context.View.First.NameText);
}
