using Backup.Metadata;

namespace Backup.Daemon.Clusters;

/// <summary>One replica set that is, or was, a part of a cluster.</summary>
/// <param name="Shard">Its name as a shard, or <see cref="ClusterMembership.ConfigServers"/>.</param>
/// <param name="Deployment">Its deployment; removed where it is no longer a part.</param>
/// <param name="Set">Its replica set.</param>
public sealed record ClusterMember(string Shard, Deployment Deployment, ReplicaSetRecord Set)
{
    public bool IsConfigServers => Shard == ClusterMembership.ConfigServers;

    /// <summary>Config servers first, then by name; of one name in the order in which they were found.</summary>
    public static async Task<IReadOnlyList<ClusterMember>> OfAsync(
        IMetadataStore metadata,
        string clusterId,
        CancellationToken cancellation = default
    ) =>
        Of(
            await metadata.Deployments.ListAsync(cancellation),
            await metadata.Deployments.ReplicaSetsAsync(cancellation),
            clusterId
        );

    /// <param name="all">Every deployment.</param>
    /// <param name="sets">Every replica set.</param>
    /// <param name="clusterId">The cluster's deployment.</param>
    public static IReadOnlyList<ClusterMember> Of(
        IEnumerable<Deployment> all,
        IEnumerable<ReplicaSetRecord> sets,
        string clusterId
    )
    {
        var deployments = all.Where(one => one.Cluster?.DeploymentId == clusterId).ToDictionary(static one => one.Id);
        return
        [
            .. sets.Where(set => deployments.ContainsKey(set.DeploymentId))
                .Select(set => (Set: set, Deployment: deployments[set.DeploymentId]))
                .Select(static one => new ClusterMember(one.Deployment.Cluster!.Shard, one.Deployment, one.Set))
                .OrderBy(static one => one.IsConfigServers ? 0 : 1)
                .ThenBy(static one => one.Shard, StringComparer.Ordinal)
                .ThenBy(static one => one.Deployment.CreatedAt),
        ];
    }
}
