using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;

namespace Backup.Agent.Clusters;

/// <summary>One replica set of a cluster, as the cluster knows it.</summary>
/// <param name="Shard">Its name, or that of the config servers (<see cref="Foundation.Contracts.ClusterSet.ConfigServers"/>).</param>
/// <param name="ReplicaSet">Its replica set's name.</param>
/// <param name="Hosts">Its members, as far as the cluster knows them.</param>
internal sealed record SetAddress(string Shard, string ReplicaSet, IReadOnlyList<HostAddress> Hosts);

/// <summary>What a cluster is made of.</summary>
/// <param name="SourceId"><c>config.version</c>'s <c>clusterId</c>, 24 hex digits.</param>
/// <param name="MongoVersion">Of the router that answered.</param>
/// <param name="Routers">Those that were alive within the last minutes.</param>
/// <param name="Sets">Config servers first.</param>
internal sealed record ClusterMap(
    string SourceId,
    string MongoVersion,
    IReadOnlyList<string> Routers,
    IReadOnlyList<SetAddress> Sets
);

/// <summary>Reads through a cluster's routers what it is made of.</summary>
internal static class ClusterSource
{
    /// <summary>A router writes down every half minute that it is alive.</summary>
    private static readonly TimeSpan RouterSilence = TimeSpan.FromMinutes(5);

    /// <summary>Whether the URI leads to a cluster's routers.</summary>
    /// <exception cref="BackupException">2110 and on: nobody answers.</exception>
    public static async Task<bool> IsBehindAsync(MongoClient client, CancellationToken cancellation) =>
        (await client.SelectAsync(ReadTarget.Nearest, cancellation)).Type == ServerType.Mongos;

    /// <exception cref="BackupException">7030 where something of it is not there; MongoWire's.</exception>
    public static async Task<ClusterMap> ReadAsync(MongoClient routers, CancellationToken cancellation)
    {
        using var info = await AskAsync(routers, "buildInfo", cancellation);
        var sets = new List<SetAddress> { await ConfigServersAsync(routers, cancellation) };
        foreach (var shard in await ListAsync(routers, "shards", cancellation))
        {
            var name = shard.View["_id"u8].AsString;
            // From 8.0 on the config servers may be a shard too: it is one set all the same.
            if (name != Foundation.Contracts.ClusterSet.ConfigServers)
            {
                sets.Add(ParseSet(name, shard.View["host"u8].AsString));
            }
        }

        return new ClusterMap(
            await SourceIdAsync(routers, cancellation),
            info.View["version"u8].AsString,
            await RoutersAsync(routers, cancellation),
            sets
        );
    }

    private static async Task<string> SourceIdAsync(MongoClient routers, CancellationToken cancellation)
    {
        foreach (var version in await ListAsync(routers, "version", cancellation))
        {
            if (version.View.TryGet("clusterId"u8, out var id) && id.Type == BsonType.ObjectId)
            {
                return Convert.ToHexStringLower(id.AsObjectId);
            }
        }

        throw AgentErrors.NoCluster("config.version holds no clusterId");
    }

    private static async Task<SetAddress> ConfigServersAsync(MongoClient routers, CancellationToken cancellation)
    {
        using var reply = await AskAsync(routers, "getShardMap", cancellation);
        return
            reply.View.TryGet("map"u8, out var map)
            && map.AsDocument.TryGet("config"u8, out var config)
            && config.Type == BsonType.String
            ? ParseSet(Foundation.Contracts.ClusterSet.ConfigServers, config.AsString)
            : throw AgentErrors.NoCluster("getShardMap names no config servers");
    }

    /// <summary>Reads <c>s0/host:port,host:port</c>.</summary>
    private static SetAddress ParseSet(string shard, string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash > 0
            ? new SetAddress(
                shard,
                text[..slash],
                [.. text[(slash + 1)..].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(HostAddress.Parse)]
            )
            : throw AgentErrors.NoCluster($"{shard} is '{text}', which is no replica set");
    }

    private static async Task<IReadOnlyList<string>> RoutersAsync(MongoClient routers, CancellationToken cancellation)
    {
        var all = await ListAsync(routers, "mongos", cancellation);
        var seen = all.Select(one =>
                (
                    Name: one.View["_id"u8].AsString,
                    At: one.View.TryGet("ping"u8, out var ping) && ping.Type == BsonType.DateTime ? ping.AsDateTime : 0
                )
            )
            .ToList();
        var newest = seen.Select(one => one.At).DefaultIfEmpty().Max();
        return
        [
            .. seen.Where(one => newest - one.At <= (long)RouterSilence.TotalMilliseconds)
                .Select(one => one.Name)
                .Order(StringComparer.Ordinal)
                .Take(Foundation.Contracts.ClusterReport.MostSets),
        ];
    }

    private static async Task<List<BsonDocument>> ListAsync(
        MongoClient routers,
        string collection,
        CancellationToken cancellation
    )
    {
        var find = BsonDocument.Build(w => w.String("find"u8, collection));
        await using var cursor = await routers.OpenCursorAsync(
            "config",
            find,
            ReadTarget.Primary,
            new CursorOptions(),
            cancellation
        );
        var found = new List<BsonDocument>();
        while (await cursor.NextBatchAsync(cancellation) is { } batch)
        {
            using (batch)
            {
                foreach (var document in batch)
                {
                    found.Add(document.View.ToDocument());
                }
            }
        }

        return found;
    }

    private static Task<CommandReply> AskAsync(MongoClient routers, string name, CancellationToken cancellation) =>
        routers.RunCommandAsync("admin", Source.SourceMember.Command(name), ReadTarget.Primary, cancellation);
}
