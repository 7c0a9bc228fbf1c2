using Backup.Foundation;
using Backup.Metadata;

namespace Backup.Daemon.Schedule;

/// <summary>
/// The snapshots that the moments of a point-in-time window are replayed from: in a chain of snapshots of which none is further than a day of oplog from
/// the one before, the newest that is not after the window's start, and all after it. The chain does not depend on the window, so a longer one never
/// needs less.
/// </summary>
internal static class WindowBases
{
    private static readonly TimeSpan LongestReplay = TimeSpan.FromDays(1);

    /// <param name="snapshots">Of one replica set, newest first.</param>
    /// <param name="events">Of that replica set.</param>
    /// <param name="window">Zero: none.</param>
    /// <param name="now">The time.</param>
    /// <returns>Ids of those that the window needs, whatever else keeps them.</returns>
    internal static IReadOnlySet<string> Of(
        IReadOnlyList<SnapshotRecord> snapshots,
        IEnumerable<TimelineEvent> events,
        TimeSpan window,
        DateTimeOffset now
    )
    {
        var bases = new HashSet<string>(StringComparer.Ordinal);
        if (window <= TimeSpan.Zero)
        {
            return bases;
        }

        var start = now - window;
        var seams = events.Where(one => one.IsSeam).Select(one => (one.SyncId, one.At)).ToHashSet();
        // Each initial sync has an oplog of its own: a snapshot of one is no base for moments of another.
        var syncs = snapshots.Reverse().GroupBy(snapshot => snapshot.SyncId).Select(sync => sync.ToList()).ToList();
        foreach (var (index, oldestFirst) in syncs.Index())
        {
            if (index + 1 < syncs.Count && syncs[index + 1][0].Optime.WallClock <= start)
            {
                continue; // The whole window lies in later ones.
            }

            var chain = Chain(oldestFirst, seams);
            var first = Math.Max(0, chain.FindLastIndex(snapshot => snapshot.Optime.WallClock <= start));
            bases.UnionWith(chain.Skip(first).Select(snapshot => snapshot.Id));
        }

        return bases;
    }

    /// <summary>As few as can be, with those at seams, where replaying from before does not lead behind.</summary>
    private static List<SnapshotRecord> Chain(
        List<SnapshotRecord> oldestFirst,
        HashSet<(string SyncId, Optime At)> seams
    )
    {
        List<SnapshotRecord> chain = [oldestFirst[0]];
        for (var i = 1; i < oldestFirst.Count; i++)
        {
            var one = oldestFirst[i];
            if (
                seams.Contains((one.SyncId, one.Optime))
                || (
                    i + 1 < oldestFirst.Count
                    && oldestFirst[i + 1].Optime.WallClock - chain[^1].Optime.WallClock > LongestReplay
                )
            )
            {
                chain.Add(one);
            }
        }

        return chain;
    }
}
