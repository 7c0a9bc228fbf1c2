using Backup.Daemon.Schedule;
using Backup.Metadata;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Appliance;

/// <summary>What is held of many replica sets and clusters, from one look at the catalogue.</summary>
/// <param name="metadata">The catalogue of everything.</param>
/// <param name="operations">How they are.</param>
/// <param name="restores">Which moments of replica sets there are.</param>
/// <param name="clusterRestores">And of clusters.</param>
/// <param name="time">The clock.</param>
internal sealed class HoldingsOperations(
    IMetadataStore metadata,
    ApplianceOperations operations,
    RestoreOperations restores,
    ClusterRestoreOperations clusterRestores,
    TimeProvider time
)
{
    private readonly Retention _retention = new(metadata, time);

    /// <param name="subjects">Replica sets that are no parts of a cluster, and clusters.</param>
    /// <param name="cancellation">Gives up.</param>
    internal async Task<BoardView> BoardAsync(IReadOnlyCollection<string> subjects, CancellationToken cancellation)
    {
        var glance = await metadata.GlanceAsync(cancellation);
        var wanted = subjects.ToHashSet(StringComparer.Ordinal);
        var holdings = new Dictionary<string, HoldingsView>(StringComparer.Ordinal);
        foreach (var set in glance.ReplicaSets.Where(one => wanted.Contains(one.Id)))
        {
            holdings[set.Id] = await OfSetAsync(glance, set, cancellation);
        }

        foreach (var cluster in glance.Deployments.Where(one => wanted.Contains(one.Id)))
        {
            holdings[cluster.Id] = await OfClusterAsync(glance, cluster, cancellation);
        }

        return new BoardView(await operations.StatusAsync(glance, cancellation), holdings);
    }

    private async Task<HoldingsView> OfSetAsync(Glance glance, ReplicaSetRecord set, CancellationToken cancellation)
    {
        var kept = _retention.OfSet(glance, set, glance.PolicyOf(set.Id));
        var newest = kept.MaxBy(static one => one.Snapshot.CreatedAt);
        return new HoldingsView(
            newest is null ? null : ApplianceOperations.View(newest.Snapshot, set, newest.Keeping),
            NewestOfCluster: null,
            [.. kept.Select(static one => one.Snapshot.CreatedAt)],
            kept.Sum(static one => one.Snapshot.NewBytes),
            await restores.RangesAsync(glance, set, cancellation)
        );
    }

    private async Task<HoldingsView> OfClusterAsync(Glance glance, Deployment cluster, CancellationToken cancellation)
    {
        var kept = _retention.OfCluster(glance, cluster);
        var cuts = kept.Select(static one => one.Cut.Id).ToHashSet(StringComparer.Ordinal);
        var newest = kept.MaxBy(static one => one.Cut.CreatedAt);
        return new HoldingsView(
            Newest: null,
            newest is null
                ? null
                : ClusterOperations.View(
                    cluster,
                    newest.Cut,
                    ClusterOperations.PartsOf(glance, newest.Cut),
                    newest.Keeping
                ),
            [.. kept.Select(static one => one.Cut.CreatedAt)],
            _retention
                .SetsOf(glance, cluster.Id)
                .SelectMany(set => glance.Snapshots[set.Id])
                .Where(one => one.CutId is { } cut && cuts.Contains(cut))
                .Sum(static one => one.NewBytes),
            await clusterRestores.RangesAsync(glance, cluster, cancellation)
        );
    }
}
