using Backup.Metadata;

namespace Backup.Daemon.Cuts;

/// <summary>One set of a cluster that is backed up.</summary>
/// <param name="Deployment">Of the set; protected.</param>
/// <param name="Set">Null before an agent has reported it.</param>
internal sealed record ClusterSet(Deployment Deployment, ReplicaSetRecord? Set)
{
    /// <summary>As <c>config.shards</c> names it, or <c>config</c>.</summary>
    internal string Name => Deployment.Cluster!.Shard;
}

/// <summary>Of which sets a cluster is made now.</summary>
internal static class ClusterSets
{
    /// <summary>The config servers first, then the shards by name.</summary>
    internal static async Task<IReadOnlyList<ClusterSet>> OfAsync(
        IMetadataStore metadata,
        string clusterId,
        CancellationToken cancellation
    )
    {
        var all = await metadata.Deployments.ReplicaSetsAsync(cancellation);
        var members = (await metadata.Deployments.ListAsync(cancellation)).Where(one =>
            one.IsProtected && one.Cluster?.DeploymentId == clusterId
        );
        return
        [
            .. members
                .OrderBy(one => one.Cluster!.IsConfigServers ? 0 : 1)
                .ThenBy(one => one.Cluster!.Shard, StringComparer.Ordinal)
                .Select(one => new ClusterSet(one, Newest(all, one.Id))),
        ];
    }

    /// <summary>A set that was built anew under the same URI has a record of its own, and the old one is stopped.</summary>
    private static ReplicaSetRecord? Newest(IReadOnlyList<ReplicaSetRecord> all, string deploymentId)
    {
        var own = all.Where(set => set.DeploymentId == deploymentId).ToList();
        return own.LastOrDefault(set => set.State != ReplicaSetState.Stopped) ?? own.LastOrDefault();
    }
}
