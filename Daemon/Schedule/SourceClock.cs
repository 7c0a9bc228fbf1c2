using Backup.Metadata;

namespace Backup.Daemon.Schedule;

/// <summary>
/// The time by which something is removed. This host's clock alone is not trusted with that: one that is a year ahead for a minute (a machine's battery, a virtual machine that was brought
/// back) would take every window and every snapshot with it. The sources have clocks of their own, and even an idle one writes an entry every ten seconds: nothing is removed
/// that would not be due a day after the newest of these.
/// </summary>
internal static class SourceClock
{
    /// <summary>How far behind the newest entry may be. What is of a source that is away for longer stays.</summary>
    private static readonly TimeSpan MayBeBehind = TimeSpan.FromDays(1);

    /// <param name="now">By this host's clock.</param>
    /// <param name="sets">A replica set, or all of a cluster. Those that nothing was heard of say nothing.</param>
    /// <returns>No later than <paramref name="now"/>.</returns>
    public static DateTimeOffset Removal(DateTimeOffset now, IEnumerable<ReplicaSetRecord> sets)
    {
        var heard = sets.Select(static one => one.SourceOptime).Where(static one => !one.IsZero).ToList();
        if (heard.Count == 0)
        {
            return now;
        }

        var latest = heard.Max().WallClock + MayBeBehind;
        return latest < now ? latest : now;
    }
}
