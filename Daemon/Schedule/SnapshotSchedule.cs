using Backup.Metadata;

namespace Backup.Daemon.Schedule;

/// <summary>When snapshots are due and which have had their time: plain arithmetic over a policy.</summary>
public static class SnapshotSchedule
{
    /// <summary>The newest due time that is not after <paramref name="now"/>.</summary>
    public static DateTimeOffset LastDue(SnapshotPolicy policy, DateTimeOffset now)
    {
        var intervals = Math.Floor((now - policy.Reference) / policy.Interval);
        return policy.Reference + (intervals * policy.Interval);
    }

    /// <summary>Whether a snapshot is to be taken now: there is none yet, or none since the last due time.</summary>
    /// <param name="policy">The replica set's.</param>
    /// <param name="newest">When the newest snapshot was taken.</param>
    /// <param name="now">The time.</param>
    public static bool IsDue(SnapshotPolicy policy, DateTimeOffset? newest, DateTimeOffset now) =>
        newest is null || newest < LastDue(policy, now);

    /// <summary>Snapshots whose time is over. The newest one is always kept.</summary>
    /// <param name="snapshots">Newest first.</param>
    /// <param name="now">The time.</param>
    public static IReadOnlyList<SnapshotRecord> Expired(IReadOnlyList<SnapshotRecord> snapshots, DateTimeOffset now) =>
        [.. snapshots.Skip(1).Where(snapshot => snapshot.ExpiresAt is { } expires && expires <= now)];
}
