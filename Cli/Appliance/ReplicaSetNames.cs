using Backup.Metadata;

namespace Backup.Cli.Appliance;

/// <summary>How users name replica sets.</summary>
internal static class ReplicaSetNames
{
    /// <summary>By id, by name, by <c>deployment/name</c>, or by <c>cluster/shard</c>; of several with one name the one that is not stopped.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9506 none, 9507 several.</exception>
    internal static async Task<ReplicaSetRecord> FindAsync(
        IMetadataStore metadata,
        string name,
        CancellationToken cancellation
    ) =>
        await metadata.Deployments.FindReplicaSetAsync(name, cancellation)
        ?? Find(
            await metadata.Deployments.ReplicaSetsAsync(cancellation),
            (await metadata.Deployments.ListAsync(cancellation)).ToDictionary(static one => one.Id),
            name
        );

    /// <param name="all">Among these.</param>
    /// <param name="deployments">All that these sets are of, by their ids.</param>
    /// <param name="name">As users name it.</param>
    /// <exception cref="Foundation.Errors.BackupException">9506 none, 9507 several.</exception>
    internal static ReplicaSetRecord Find(
        IReadOnlyList<ReplicaSetRecord> all,
        IReadOnlyDictionary<string, Deployment> deployments,
        string name
    )
    {
        if (all.FirstOrDefault(set => set.Id == name) is { } byId)
        {
            return byId;
        }

        var named = all.Where(set => set.Name == name || IsCalled(deployments[set.DeploymentId], set)).ToList();
        var alive = named.Where(set => set.State != ReplicaSetState.Stopped).ToList();
        return (named.Count, alive.Count) switch
        {
            (0, _) => throw CliErrors.NoSuchReplicaSet(name, all.Select(set => set.Name).Distinct()),
            (1, _) => named[0],
            (_, 1) => alive[0],
            _ => throw CliErrors.SeveralReplicaSets(name, named.Select(set => set.Id)),
        };

        bool IsCalled(Deployment deployment, ReplicaSetRecord set) =>
            $"{deployment.Name}/{set.Name}" == name
            || (
                deployment.Cluster is { } member
                && deployments.TryGetValue(member.DeploymentId, out var cluster)
                && $"{cluster.Name}/{member.Shard}" == name
            );
    }
}
