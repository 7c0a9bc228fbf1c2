using Backup.Metadata;

namespace Backup.Daemon.Schedule;

/// <summary>Whether a snapshot is due: plain arithmetic over a policy.</summary>
public static class SnapshotSchedule
{
    /// <summary>Of daemons that share a catalogue, at most.</summary>
    internal static readonly TimeSpan ClocksDiffer = TimeSpan.FromMinutes(10);

    /// <summary>Whether a snapshot is to be taken now: there is none yet, or none since the last due time.</summary>
    /// <param name="policy">Of the replica set or the cluster.</param>
    /// <param name="taken">When snapshots were taken. One that is still to come was taken while a clock was wrong, and says nothing.</param>
    /// <param name="now">The time.</param>
    public static bool IsDue(SnapshotPolicy policy, IEnumerable<DateTimeOffset> taken, DateTimeOffset now)
    {
        var last = new DueTimes(policy).Last(now);
        return !taken.Any(one => last <= one && one <= now + ClocksDiffer);
    }
}
