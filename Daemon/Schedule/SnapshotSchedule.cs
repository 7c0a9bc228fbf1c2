using Backup.Metadata;

namespace Backup.Daemon.Schedule;

/// <summary>Whether a snapshot is due: plain arithmetic over a policy.</summary>
public static class SnapshotSchedule
{
    /// <summary>Whether a snapshot is to be taken now: there is none yet, or none since the last due time.</summary>
    /// <param name="policy">Of the replica set or the cluster.</param>
    /// <param name="newest">When the newest snapshot was taken.</param>
    /// <param name="now">The time.</param>
    public static bool IsDue(SnapshotPolicy policy, DateTimeOffset? newest, DateTimeOffset now) =>
        newest is null || newest < new DueTimes(policy).Last(now);
}
