using Backup.Metadata;

namespace Backup.Cli.Appliance;

/// <summary>How users name sharded clusters: by id, or by the name of the deployment; of several with one name the one that is protected.</summary>
internal static class ClusterNames
{
    /// <returns>Null where no cluster is called so.</returns>
    internal static async Task<Deployment?> FindAsync(
        IMetadataStore metadata,
        string name,
        CancellationToken cancellation
    ) =>
        await metadata.Deployments.FindAsync(name, cancellation) is { Type: DeploymentTypes.ShardedCluster } byId ? byId
        // Whose id it is is meant, whatever is called so.
        : await metadata.Deployments.FindReplicaSetAsync(name, cancellation) is not null ? null
        : Find(await metadata.Deployments.ListAsync(cancellation), name);

    /// <param name="deployments">Among these.</param>
    /// <param name="name">As users name it.</param>
    /// <returns>Null where no cluster is called so.</returns>
    internal static Deployment? Find(IReadOnlyList<Deployment> deployments, string name)
    {
        var clusters = deployments.Where(static one => one.Type == DeploymentTypes.ShardedCluster).ToList();
        return clusters.Find(one => one.Id == name)
            ?? clusters.Find(one => one.Name == name && one.IsProtected)
            ?? clusters.Find(one => one.Name == name);
    }

    /// <exception cref="Foundation.Errors.BackupException">9530.</exception>
    internal static async Task<Deployment> RequireAsync(
        IMetadataStore metadata,
        string name,
        CancellationToken cancellation
    ) => await FindAsync(metadata, name, cancellation) ?? throw CliErrors.NoSuchCluster(name);
}
