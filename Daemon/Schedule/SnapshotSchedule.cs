using Backup.Metadata;

namespace Backup.Daemon.Schedule;

/// <summary>When snapshots are due and which have had their time: plain arithmetic over a policy.</summary>
public static class SnapshotSchedule
{
    private static readonly TimeSpan LongestReplay = TimeSpan.FromDays(1);

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

    /// <summary>
    /// Snapshots whose time is over. The newest one is always kept, and so are those that the point-in-time window needs as bases: the newest that
    /// is not after its start, and inside it as many that no moment is further than a day of oplog from its base, and the one at each seam.
    /// </summary>
    /// <param name="snapshots">Newest first.</param>
    /// <param name="events">Of the replica set.</param>
    /// <param name="window">The point-in-time window; zero: none.</param>
    /// <param name="now">The time.</param>
    public static IReadOnlyList<SnapshotRecord> Expired(
        IReadOnlyList<SnapshotRecord> snapshots,
        IEnumerable<TimelineEvent> events,
        TimeSpan window,
        DateTimeOffset now
    )
    {
        var seams = events.Where(one => one.IsSeam).Select(one => (one.SyncId, one.At)).ToHashSet();
        var bases = window > TimeSpan.Zero ? Bases(snapshots, seams, now - window, now) : [];
        return [.. snapshots.Skip(1).Where(snapshot => IsOver(snapshot, now) && !bases.Contains(snapshot.Id))];
    }

    private static bool IsOver(SnapshotRecord snapshot, DateTimeOffset now) =>
        snapshot.ExpiresAt is { } expires && expires <= now;

    private static HashSet<string> Bases(
        IReadOnlyList<SnapshotRecord> snapshots,
        HashSet<(string SyncId, Foundation.Optime At)> seams,
        DateTimeOffset start,
        DateTimeOffset now
    )
    {
        var bases = new HashSet<string>(StringComparer.Ordinal);
        // Each initial sync has an oplog of its own: a snapshot of one is no base for moments of another.
        var syncs = snapshots.Reverse().GroupBy(snapshot => snapshot.SyncId).Select(sync => sync.ToList()).ToList();
        foreach (var (index, oldestFirst) in syncs.Index())
        {
            if (index + 1 < syncs.Count && syncs[index + 1][0].Optime.WallClock <= start)
            {
                continue; // The whole window lies in later ones.
            }

            var first = Math.Max(0, oldestFirst.FindLastIndex(snapshot => snapshot.Optime.WallClock <= start));
            var last = oldestFirst[first];
            bases.Add(last.Id);
            for (var i = first + 1; i < oldestFirst.Count; i++)
            {
                var isNeeded =
                    !IsOver(oldestFirst[i], now)
                    || seams.Contains((oldestFirst[i].SyncId, oldestFirst[i].Optime))
                    || (i + 1 < oldestFirst.Count && Between(last, oldestFirst[i + 1]) > LongestReplay);
                if (isNeeded)
                {
                    last = oldestFirst[i];
                    bases.Add(last.Id);
                }
            }
        }

        return bases;
    }

    private static TimeSpan Between(SnapshotRecord earlier, SnapshotRecord later) =>
        later.Optime.WallClock - earlier.Optime.WallClock;
}
