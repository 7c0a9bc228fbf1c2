namespace Backup.WebUI.Contracts;

/// <summary>How everything is, and what is held of each subject, as of one moment.</summary>
/// <param name="Status">Of all groups.</param>
/// <param name="Holdings">By replica set or cluster, of those that were asked for.</param>
public sealed record BoardView(StatusView Status, IReadOnlyDictionary<string, HoldingsView> Holdings);

/// <summary>What is held of a replica set or of a cluster, for whoever does not ask for each snapshot.</summary>
/// <param name="Newest">Of a replica set its newest snapshot; null where there is none.</param>
/// <param name="NewestOfCluster">Of a cluster like that.</param>
/// <param name="Taken">When each complete snapshot was taken.</param>
/// <param name="NewBytes">What all of them have added to the store.</param>
/// <param name="Ranges">Which moments can be restored, and why others cannot.</param>
public sealed record HoldingsView(
    SnapshotView? Newest,
    ClusterSnapshotView? NewestOfCluster,
    IReadOnlyList<DateTimeOffset> Taken,
    long NewBytes,
    RangesView Ranges
);
