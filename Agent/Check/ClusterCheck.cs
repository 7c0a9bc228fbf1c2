using Backup.Agent.Clusters;
using Backup.Agent.Source;
using Backup.MongoWire.Client;

namespace Backup.Agent.Check;

/// <summary>Whether a cluster's routers let the agent do what it does there; its sets are checked as deployments of their own.</summary>
internal static class ClusterCheck
{
    /// <exception cref="Foundation.Errors.BackupException">7030 where something of it is not there; MongoWire's.</exception>
    public static async Task<ClusterCheckReport> RunAsync(
        MongoClient routers,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var (user, missing) = await Privileges.MissingAsync(
            routers,
            ReadTarget.Primary,
            Privileges.OfCluster,
            cancellation
        );
        var map = await ClusterSource.ReadAsync(routers, cancellation);
        var balancer = await new Balancer(routers, time).StatusAsync(cancellation);
        return new ClusterCheckReport(
            map.MongoVersion,
            [.. map.Sets.Select(set => $"{set.Shard}: {set.ReplicaSet}/{string.Join(',', set.Hosts)}")],
            map.Routers,
            balancer.IsOn,
            user,
            missing
        );
    }
}
