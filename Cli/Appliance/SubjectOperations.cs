using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;

namespace Backup.Cli.Appliance;

/// <summary>What names stand for, in some of the groups.</summary>
internal sealed class SubjectOperations(IMetadataStore metadata) : ISubjectDesk
{
    public async Task<FoundSubjectView> FindAsync(
        string name,
        SubjectKind kind,
        IReadOnlySet<string> groups,
        CancellationToken cancellation
    )
    {
        List<Deployment> ours =
        [
            .. (await metadata.Deployments.ListAsync(cancellation)).Where(one => groups.Contains(one.GroupId)),
        ];
        if (kind == SubjectKind.Any && ClusterNames.Find(ours, name) is { } cluster)
        {
            return View(cluster);
        }

        var known = ours.ToDictionary(static one => one.Id);
        List<ReplicaSetRecord> sets =
        [
            .. (await metadata.Deployments.ReplicaSetsAsync(cancellation)).Where(one =>
                known.ContainsKey(one.DeploymentId)
            ),
        ];
        var isSet = sets.Exists(set => set.Id == name || set.Name == name);
        var deployment = kind switch
        {
            SubjectKind.Deployment => ours.Find(IsCalled)
                ?? throw CliErrors.NoSuchDeployment(name, ours.Select(static one => one.Name)),
            SubjectKind.Source when !isSet => ours.Find(IsCalled),
            _ => null,
        };
        return deployment is not null ? View(deployment) : View(ReplicaSetNames.Find(sets, known, name), known);

        bool IsCalled(Deployment one) => one.Id == name || one.Name == name;
    }

    public async Task<FoundSubjectView> OfSnapshotAsync(
        string snapshot,
        IReadOnlySet<string> groups,
        CancellationToken cancellation
    )
    {
        var deployments = (await metadata.Deployments.ListAsync(cancellation)).ToDictionary(static one => one.Id);
        var found =
            await metadata.Clusters.FindCutAsync(snapshot, cancellation) is { } cut
            && deployments.TryGetValue(cut.ClusterId, out var cluster)
                ? View(cluster)
            : await metadata.Snapshots.FindAsync(snapshot, cancellation) is { } of
            && await metadata.Deployments.FindReplicaSetAsync(of.ReplicaSetId, cancellation) is { } set
                ? View(set, deployments)
            : null;
        return found is not null && groups.Contains(found.Group) ? found : throw CliErrors.NoSuchSnapshot(snapshot);
    }

    /// <summary>Of a cluster, a replica set, or a snapshot, in whatever group it is; null where there is none: whoever looks for it says so.</summary>
    internal async Task<string?> GroupOfAsync(string? name, string? snapshot, CancellationToken cancellation)
    {
        var all = (await metadata.Access.GroupsAsync(cancellation)).Select(static one => one.Id).ToHashSet();
        try
        {
            return name is not null ? (await FindAsync(name, SubjectKind.Any, all, cancellation)).Group
                : snapshot is not null ? (await OfSnapshotAsync(snapshot, all, cancellation)).Group
                : null;
        }
        catch (BackupException unknown) when (!unknown.IsTransient)
        {
            return null;
        }
    }

    private static FoundSubjectView View(Deployment one) =>
        new(
            one.Type == DeploymentTypes.ShardedCluster ? SubjectView.Cluster : "deployment",
            one.Name,
            one.Id,
            one.GroupId
        );

    private static FoundSubjectView View(ReplicaSetRecord set, Dictionary<string, Deployment> deployments) =>
        new(SubjectView.ReplicaSet, set.Name, set.Id, deployments[set.DeploymentId].GroupId);
}
