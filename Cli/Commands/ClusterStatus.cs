using Backup.Cli.Output;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary>How <c>backup status</c> shows a sharded cluster, and what somebody has to know of.</summary>
internal static class ClusterStatus
{
    internal static void Print(ClusterView cluster)
    {
        Console.Out.WriteLine(
            $"  sharded cluster of MongoDB {cluster.MongoVersion}, {cluster.Members.Count(one => one.Set != "config")} shards; balancer {Balancer(cluster)}"
        );
        Console.Out.WriteLine(
            cluster.Newest is { Time: { } time }
                ? $"  {Count(cluster.Snapshots)}, the newest up to {DateTimeOffset.FromUnixTimeSeconds(time.T):u}{Flag(cluster.Newest)}"
                : "  no cluster snapshot yet"
        );
        if (cluster.UnderWay is { } cut)
        {
            Console.Out.WriteLine($"  a {cut.Kind} is being made: {Stage(cut.State)}");
        }
    }

    internal static void Print(IEnumerable<AlertView> alerts)
    {
        foreach (var alert in alerts)
        {
            Printer.Error($"alert {alert.Condition} of {alert.Subject}, since {alert.Since:u}", alert.Error);
        }
    }

    /// <summary>What a set is in its cluster.</summary>
    internal static string Role(string set) => set == "config" ? "config servers" : $"shard {set}";

    internal static string Flag(ClusterSnapshotView snapshot) =>
        snapshot.BalancerRested == false ? " (its balancer did not rest)" : "";

    private static string Balancer(ClusterView cluster) =>
        cluster.StoppedSince is { } since ? $"stopped for a snapshot since {since:u}" : cluster.Balancer;

    private static string Count(int snapshots) =>
        snapshots == 1 ? "1 cluster snapshot" : $"{snapshots} cluster snapshots";

    private static string Stage(string state) =>
        state switch
        {
            "wanted" => "waiting for the cluster's agent",
            "stopping" => "stopping the balancer",
            "marking" => "finding its time",
            _ => "bringing the heads to its time",
        };
}
