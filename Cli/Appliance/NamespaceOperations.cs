using System.Text.Json;
using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Appliance;

/// <summary>What of a deployment is backed up; heads and agents follow a change by themselves.</summary>
internal sealed class NamespaceOperations(IMetadataStore metadata)
{
    /// <exception cref="Foundation.Errors.BackupException">9506, 9507.</exception>
    internal async Task<NamespacesView> ReadAsync(string replicaSet, CancellationToken cancellation)
    {
        if (await FindClusterAsync(replicaSet, cancellation) is { } cluster)
        {
            return await ViewAsync(cluster, await ShardsAsync(cluster, cancellation), cancellation);
        }

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
        if (await FindClusterAsync(replicaSet, cancellation) is { } cluster)
        {
            return await ChangeAsync(cluster, change, cancellation);
        }

        var set = await ReplicaSetNames.FindAsync(metadata, replicaSet, cancellation);
        var deployment = (await metadata.Deployments.FindAsync(set.DeploymentId, cancellation))!;
        if (deployment.Cluster is not null)
        {
            throw CliErrors.Argument(
                $"'{deployment.Name}' is a part of a cluster.",
                "What is backed up is set for the cluster: the config servers are copied whole, every shard follows."
            );
        }

        var before = change.Clear ? NamespaceFilter.Everything : deployment.Namespaces;
        var filter = NamespaceFilter.Of(change.Include ?? before.Include, change.Exclude ?? before.Exclude);
        return await ViewAsync(
            set,
            await metadata.Deployments.SetNamespacesAsync(deployment.Id, filter, cancellation),
            cancellation
        );
    }

    /// <summary>
    /// The cluster first: a shard that comes meanwhile follows it. Those that were not reached when this breaks off differ from it, which shows as not in
    /// force; the same change again mends it.
    /// </summary>
    private async Task<NamespacesView> ChangeAsync(
        Deployment cluster,
        NamespacesChange change,
        CancellationToken cancellation
    )
    {
        var before = change.Clear ? NamespaceFilter.Everything : cluster.Namespaces;
        var filter = NamespaceFilter.Of(change.Include ?? before.Include, change.Exclude ?? before.Exclude);
        var changed = await metadata.Deployments.SetNamespacesAsync(cluster.Id, filter, cancellation);
        foreach (var shard in await ShardsAsync(cluster, cancellation))
        {
            await metadata.Deployments.SetNamespacesAsync(shard.Id, filter, cancellation);
        }

        return await ViewAsync(changed, await ShardsAsync(cluster, cancellation), cancellation);
    }

    private async Task<Deployment?> FindClusterAsync(string name, CancellationToken cancellation) =>
        (await metadata.Deployments.ListAsync(cancellation)).FirstOrDefault(one =>
            one.Type == DeploymentTypes.ShardedCluster && (one.Id == name || one.Name == name)
        );

    /// <summary>Those that a filter is for: the config servers are copied whole.</summary>
    private async Task<IReadOnlyList<Deployment>> ShardsAsync(Deployment cluster, CancellationToken cancellation) =>
        [
            .. (await metadata.Deployments.ListAsync(cancellation)).Where(one =>
                one.Cluster?.DeploymentId == cluster.Id && !one.Cluster.IsConfigServers && one.IsProtected
            ),
        ];

    private async Task<NamespacesView> ViewAsync(
        Deployment cluster,
        IReadOnlyList<Deployment> shards,
        CancellationToken cancellation
    )
    {
        var sets = await metadata.Deployments.ReplicaSetsAsync(cancellation);
        var isInForce = shards.Count > 0;
        foreach (var shard in shards)
        {
            var set = sets.LastOrDefault(one => one.DeploymentId == shard.Id);
            isInForce &=
                set is not null
                && shard.Namespaces == cluster.Namespaces
                && (await ViewAsync(set, shard, cancellation)).InForce;
        }

        return new NamespacesView(
            cluster.Name,
            cluster.Namespaces.Include,
            cluster.Namespaces.Exclude,
            isInForce,
            cluster.Namespaces.ToString()
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
