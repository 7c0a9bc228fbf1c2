using Backup.Metadata;

namespace Backup.Daemon.Schedule;

/// <summary>Whose policy holds.</summary>
public static class Policies
{
    /// <summary>A set of a cluster follows the cluster's policy, any other its own.</summary>
    /// <param name="metadata">The catalogue of everything.</param>
    /// <param name="set">As it is stored.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<SnapshotPolicy> OfAsync(
        IMetadataStore metadata,
        ReplicaSetRecord set,
        CancellationToken cancellation = default
    )
    {
        var deployment = await metadata.Deployments.FindAsync(set.DeploymentId, cancellation);
        return await metadata.Deployments.PolicyAsync(deployment?.Cluster?.DeploymentId ?? set.Id, cancellation);
    }
}
