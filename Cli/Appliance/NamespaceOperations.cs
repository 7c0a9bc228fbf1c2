using System.Text.Json;
using Backup.Cli.Control;
using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Metadata;

namespace Backup.Cli.Appliance;

/// <summary>What of a deployment is backed up; heads and agents follow a change by themselves.</summary>
internal sealed class NamespaceOperations(IMetadataStore metadata)
{
    /// <exception cref="Foundation.Errors.BackupException">9506, 9507.</exception>
    internal async Task<NamespacesView> ReadAsync(string replicaSet, CancellationToken cancellation)
    {
        var set = await ReplicaSetNames.FindAsync(metadata, replicaSet, cancellation);
        return await ViewAsync(
            set,
            (await metadata.Deployments.FindAsync(set.DeploymentId, cancellation))!,
            cancellation
        );
    }

    /// <exception cref="Foundation.Errors.BackupException">1005 where a pattern is none: nothing is changed then.</exception>
    internal async Task<NamespacesView> ChangeAsync(
        string replicaSet,
        NamespacesChange change,
        CancellationToken cancellation
    )
    {
        var set = await ReplicaSetNames.FindAsync(metadata, replicaSet, cancellation);
        var deployment = (await metadata.Deployments.FindAsync(set.DeploymentId, cancellation))!;
        var before = change.Clear ? NamespaceFilter.Everything : deployment.Namespaces;
        var filter = NamespaceFilter.Of(change.Include ?? before.Include, change.Exclude ?? before.Exclude);
        return await ViewAsync(
            set,
            await metadata.Deployments.SetNamespacesAsync(deployment.Id, filter, cancellation),
            cancellation
        );
    }

    /// <summary>What a snapshot holds; null: everything.</summary>
    internal static IReadOnlyList<FilterView>? Of(SnapshotRecord snapshot) =>
        FiltersOf(snapshot) is { Count: > 0 } filters
            ? [.. filters.Select(one => new FilterView(one.Include, one.Exclude))]
            : null;

    private async Task<NamespacesView> ViewAsync(
        ReplicaSetRecord set,
        Deployment deployment,
        CancellationToken cancellation
    )
    {
        var snapshots = await metadata.Snapshots.ListAsync(set.Id, cancellation);
        var sync = set.SyncId is { } id ? await metadata.Syncs.FindAsync(id, cancellation) : null;
        // A change of the head's filter comes with a snapshot: the newest one tells.
        var held = snapshots.FirstOrDefault(one => one.SyncId == set.SyncId) is { } newest
            ? FiltersOf(newest)
            : NamespaceFilters.Of(sync?.Order?.Wanted);
        var wanted = deployment.Namespaces;
        return new NamespacesView(
            deployment.Name,
            wanted.Include,
            wanted.Exclude,
            sync is not null && held.SequenceEqual(NamespaceFilters.Of(wanted)),
            wanted.ToString()
        );
    }

    private static IReadOnlyList<NamespaceFilter> FiltersOf(SnapshotRecord snapshot) =>
        snapshot.Filters is null
            ? []
            : JsonSerializer.Deserialize(snapshot.Filters, AgentJson.Default.NamespaceFilters)!;
}
