using Backup.Metadata;

namespace Backup.Cli.Appliance;

/// <summary>Who has a policy: a cluster as a whole, or a replica set that belongs to none.</summary>
/// <param name="Id">Whose policy it is.</param>
/// <param name="Name">For people.</param>
/// <param name="Cluster">Null of a replica set.</param>
/// <param name="Set">Null of a cluster.</param>
/// <param name="IsMember">Whether a set of the cluster was named, not the cluster.</param>
internal sealed record PolicySubject(
    string Id,
    string Name,
    Deployment? Cluster,
    ReplicaSetRecord? Set,
    bool IsMember = false
)
{
    internal bool IsCluster => Cluster is not null;

    /// <exception cref="Foundation.Errors.BackupException">9506 none is called so, 9507 several are.</exception>
    internal static async Task<PolicySubject> FindAsync(
        IMetadataStore metadata,
        string name,
        CancellationToken cancellation
    ) =>
        await ClusterNames.FindAsync(metadata, name, cancellation) is { } cluster
            ? OfCluster(cluster)
            : await OfSetAsync(metadata, await ReplicaSetNames.FindAsync(metadata, name, cancellation), cancellation);

    internal static PolicySubject OfCluster(Deployment cluster) => new(cluster.Id, cluster.Name, cluster, Set: null);

    internal static async Task<PolicySubject> OfSetAsync(
        IMetadataStore metadata,
        ReplicaSetRecord set,
        CancellationToken cancellation
    )
    {
        var deployment = await metadata.Deployments.FindAsync(set.DeploymentId, cancellation);
        return
            deployment?.Cluster is { } membership
            && await metadata.Deployments.FindAsync(membership.DeploymentId, cancellation) is { } whole
            ? OfCluster(whole) with
            {
                IsMember = true,
            }
            : new PolicySubject(set.Id, set.Name, Cluster: null, set);
    }
}
