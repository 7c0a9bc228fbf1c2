using System.Globalization;
using Backup.Metadata;
using Backup.Metadata.Alerting;
using Backup.WebUI.Access;

namespace Backup.WebUI.Resources;

/// <summary>Finds what a path names, in the group that it names. What is another group's is not there.</summary>
/// <param name="metadata">The catalogue of everything.</param>
internal sealed class GroupThings(IMetadataStore metadata)
{
    /// <summary>By its id or a replica set's of it, or by name where one that is protected, or else one alone, has it.</summary>
    public async Task<Deployment> DeploymentAsync(string group, string deployment, CancellationToken cancellation)
    {
        var all = await DeploymentsAsync(group, cancellation);
        return all.FirstOrDefault(one => one.Id == deployment)
            ?? (
                await metadata.Deployments.FindReplicaSetAsync(deployment, cancellation) is { } set
                    ? all.FirstOrDefault(one => one.Id == set.DeploymentId)
                    : null
            )
            ?? all.FirstOrDefault(one => one.Name == deployment && one.IsProtected)
            ?? all.FirstOrDefault(one => one.Name == deployment)
            ?? throw WebUIErrors.Nothing("such deployment in this group");
    }

    /// <summary>One of the group; what is about the appliance as a whole is everybody's to see, but for what names accounts.</summary>
    public async Task<AlertRecord> AlertAsync(
        string group,
        string alert,
        Caller caller,
        CancellationToken cancellation
    ) =>
        long.TryParse(alert, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
        && await metadata.Alerts.FindAsync(id, cancellation) is { } found
        && (found.GroupId is null || found.GroupId == group)
        && (caller.IsOfAppliance || !found.IsOfAccounts)
            ? found
            : throw WebUIErrors.Nothing("such alert in this group");

    public async Task<IReadOnlyList<Deployment>> DeploymentsAsync(string group, CancellationToken cancellation) =>
        [.. (await metadata.Deployments.ListAsync(cancellation)).Where(one => one.GroupId == group)];

    /// <summary>What has snapshots: the cluster itself, or the replica set of the deployment; the very one whose id is named.</summary>
    /// <exception cref="Foundation.Errors.BackupException">8503, 8518 no agent has found it yet.</exception>
    public async Task<Subject> SubjectAsync(string group, string deployment, CancellationToken cancellation)
    {
        var found = await DeploymentAsync(group, deployment, cancellation);
        if (
            await metadata.Deployments.FindReplicaSetAsync(deployment, cancellation) is { } set
            && set.DeploymentId == found.Id
        )
        {
            return new Subject(found, set.Id, IsCluster: false);
        }

        return await SubjectOfAsync(found, cancellation) ?? throw WebUIErrors.Undiscovered(found.Name);
    }

    /// <summary>Null where no agent has found it yet.</summary>
    public async Task<Subject?> SubjectOfAsync(Deployment deployment, CancellationToken cancellation)
    {
        if (deployment.Type == DeploymentTypes.ShardedCluster)
        {
            return new Subject(deployment, deployment.Id, IsCluster: true);
        }

        var sets = await metadata.Deployments.ReplicaSetsAsync(cancellation);
        return FollowedOf(sets.Where(one => one.DeploymentId == deployment.Id)) is { } set
            ? new Subject(deployment, set.Id, IsCluster: false)
            : null;
    }

    /// <summary>The same of several at once, by the deployment: ids of what has snapshots; nothing of one that no agent has found yet.</summary>
    public async Task<IReadOnlyDictionary<string, string>> SubjectsAsync(
        IEnumerable<Deployment> deployments,
        CancellationToken cancellation
    )
    {
        var sets = (await metadata.Deployments.ReplicaSetsAsync(cancellation)).ToLookup(static one => one.DeploymentId);
        var subjects = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var one in deployments)
        {
            if ((one.Type == DeploymentTypes.ShardedCluster ? one.Id : FollowedOf(sets[one.Id])?.Id) is { } subject)
            {
                subjects[one.Id] = subject;
            }
        }

        return subjects;
    }

    /// <summary>One that was made anew under its old address is another set: the one that is followed counts.</summary>
    private static ReplicaSetRecord? FollowedOf(IEnumerable<ReplicaSetRecord> sets) =>
        sets.OrderBy(static one => one.State == ReplicaSetState.Stopped).FirstOrDefault();

    /// <summary>Ids of replica sets and deployments that are this group's: what jobs and links are about.</summary>
    public async Task<IReadOnlyDictionary<string, string>> NamesAsync(string group, CancellationToken cancellation)
    {
        var deployments = (await DeploymentsAsync(group, cancellation)).ToDictionary(static one => one.Id);
        var names = deployments.ToDictionary(static one => one.Key, static one => one.Value.Name);
        foreach (var set in await metadata.Deployments.ReplicaSetsAsync(cancellation))
        {
            if (deployments.TryGetValue(set.DeploymentId, out var deployment))
            {
                names[set.Id] = deployment.Name == set.Name ? set.Name : $"{deployment.Name}/{set.Name}";
            }
        }

        return names;
    }
}

/// <summary>What has snapshots.</summary>
/// <param name="Deployment">Whose it is.</param>
/// <param name="Id">Of the replica set, or of the cluster's deployment.</param>
/// <param name="IsCluster">Which of the two.</param>
internal sealed record Subject(Deployment Deployment, string Id, bool IsCluster);
