using System.Globalization;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;

namespace Backup.WebUI.Resources;

/// <summary>Snapshots of replica sets and of clusters in one shape.</summary>
internal static class SnapshotEntries
{
    public const string Complete = "complete";

    /// <summary>Newest first.</summary>
    /// <param name="desk">Who knows them.</param>
    /// <param name="subject">Of what.</param>
    /// <param name="all">Of a cluster with those that failed, and with checkpoints; of a shard with the parts of the cluster's.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<IReadOnlyList<SnapshotEntryView>> OfAsync(
        ISnapshotDesk desk,
        Subject subject,
        bool all,
        CancellationToken cancellation
    )
    {
        var entries = subject.IsCluster
            ? (await desk.ClusterSnapshotsAsync(subject.Id, all, cancellation)).Select(Of)
            : (await desk.SnapshotsAsync(subject.Id, cancellation)).Where(one => all || one.PartOf is null).Select(Of);
        return [.. entries.OrderByDescending(KeyOf, StringComparer.Ordinal)];
    }

    /// <summary>Null where there is none.</summary>
    public static SnapshotEntryView? NewestOf(HoldingsView held) =>
        held.Newest is { } newest ? Of(newest)
        : held.NewestOfCluster is { } whole ? Of(whole)
        : null;

    /// <summary>Orders them by their age.</summary>
    public static string KeyOf(SnapshotEntryView entry) =>
        string.Create(CultureInfo.InvariantCulture, $"{entry.CreatedAt.ToUnixTimeMilliseconds():D15} {entry.Id}");

    private static SnapshotEntryView Of(SnapshotView one) =>
        new(
            one.Id,
            "snapshot",
            Complete,
            one.Optime,
            one.Documents,
            one.RawBytes,
            one.NewBytes,
            one.StoredBytes,
            one.CreatedAt,
            one.ExpiresAt,
            one.Trigger,
            Error: null,
            Sets: null
        )
        {
            PinnedAt = one.PinnedAt,
            Kept = one.Kept,
            Of = one.ReplicaSet,
            DurationSeconds = one.DurationSeconds,
            Filters = one.Filters,
            PartOf = one.PartOf,
        };

    private static SnapshotEntryView Of(ClusterSnapshotView one) =>
        new(
            one.Id,
            one.Kind,
            one.State,
            one.Time,
            one.Documents,
            one.RawBytes,
            one.NewBytes,
            one.StoredBytes,
            one.CreatedAt,
            one.ExpiresAt,
            one.Trigger,
            one.Error,
            one.Sets
        )
        {
            PinnedAt = one.PinnedAt,
            Kept = one.Kept,
            Of = one.Cluster,
            BalancerRested = one.BalancerRested,
        };
}
