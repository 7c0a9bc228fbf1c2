using Backup.Metadata;

namespace Backup.Daemon.Schedule;

/// <summary>When cuts through a cluster are due and which have had their time: plain arithmetic over the cluster's policy.</summary>
public static class CutSchedule
{
    /// <summary>How long a failed cut can be looked at.</summary>
    private static readonly TimeSpan FailedStay = TimeSpan.FromDays(7);

    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(15);

    /// <summary>What is to be made now; null: nothing.</summary>
    /// <param name="policy">The cluster's.</param>
    /// <param name="cuts">Newest first, all of the cluster.</param>
    /// <param name="now">The time.</param>
    public static CutKind? Due(SnapshotPolicy policy, IReadOnlyList<CutRecord> cuts, DateTimeOffset now)
    {
        if (cuts.Any(cut => cut.IsOpen))
        {
            return null;
        }

        // One that is still to come was made while a clock was wrong, and says nothing of when the next one is due.
        cuts = [.. cuts.Where(cut => cut.CreatedAt <= now + SnapshotSchedule.ClocksDiffer)];
        var snapshots = cuts.Where(cut => cut.Kind == CutKind.Snapshot).ToList();
        var newest = snapshots.FirstOrDefault(cut => cut.State == CutState.Complete);
        if (
            SnapshotSchedule.IsDue(policy, newest is null ? [] : [newest.CreatedAt], now)
            && now >= NotBefore(snapshots)
        )
        {
            return CutKind.Snapshot;
        }

        // Before there is a snapshot, or without a window, nobody could restore one.
        if (newest is null || policy.CheckpointInterval is not { } every || policy.PointInTimeWindow == TimeSpan.Zero)
        {
            return null;
        }

        var last = cuts.First(cut => cut.Kind == CutKind.Checkpoint || cut.State == CutState.Complete).CreatedAt;
        return now - last >= every ? CutKind.Checkpoint : null;
    }

    /// <summary>
    /// Cuts that are no snapshots and have had their time: checkpoints stay for the window, failed ones for a week. What is kept of snapshots says the
    /// <see cref="RetentionPlanner"/>.
    /// </summary>
    /// <param name="cuts">All of the cluster.</param>
    /// <param name="window">The point-in-time window; zero: none.</param>
    /// <param name="now">The time.</param>
    public static IReadOnlyList<CutRecord> Outdated(IEnumerable<CutRecord> cuts, TimeSpan window, DateTimeOffset now) =>
        [
            .. cuts.Where(cut =>
                cut switch
                {
                    { State: CutState.Failed } => now - cut.ChangedAt >= FailedStay,
                    { State: CutState.Complete, Kind: CutKind.Checkpoint } => cut.Time.WallClock < now - window,
                    _ => false,
                }
            ),
        ];

    /// <summary>After a failed one it is tried again, less and less often.</summary>
    private static DateTimeOffset NotBefore(IReadOnlyList<CutRecord> snapshots)
    {
        var failures = snapshots.TakeWhile(cut => cut.State == CutState.Failed).Count();
        if (failures == 0)
        {
            return DateTimeOffset.MinValue;
        }

        var pause = TimeSpan.FromMinutes(Math.Pow(2, Math.Min(failures - 1, 10)));
        return snapshots[0].ChangedAt + (pause < LongestPause ? pause : LongestPause);
    }
}
