using Backup.Daemon.PointInTime;
using Backup.Foundation;
using Backup.Metadata;

namespace Backup.Daemon.Clusters;

/// <summary>A stretch of which every moment of a whole cluster can be restored.</summary>
/// <param name="From">The first moment.</param>
/// <param name="To">The last moment.</param>
public sealed record ClusterRange(Optime From, Optime To);

/// <summary>A stretch of which no moment of the whole cluster can be restored, or not all of it.</summary>
/// <param name="Set">The set that cannot be restored: a shard, or the config servers.</param>
/// <param name="Gap">Of that set, cut to the stretch.</param>
/// <param name="IsAbsent">The set is not backed up there at all: no copy of it begins so early, or ends so late.</param>
public sealed record ClusterGap(string Set, RestorableGap Gap, bool IsAbsent = false);

/// <summary>What of a cluster can be restored.</summary>
/// <param name="Ranges">Oldest first; they do not touch.</param>
/// <param name="Gaps">Oldest first.</param>
/// <param name="Cuts">Complete snapshots and checkpoints, oldest first.</param>
public sealed record ClusterTimeline(
    IReadOnlyList<ClusterRange> Ranges,
    IReadOnlyList<ClusterGap> Gaps,
    IReadOnlyList<CutRecord> Cuts
);

/// <summary>Stretches of time as lists of ranges, sorted, that do not touch.</summary>
internal static class ClusterRanges
{
    /// <summary>What is in both.</summary>
    internal static List<ClusterRange> Intersect(IReadOnlyList<ClusterRange> left, IReadOnlyList<ClusterRange> right)
    {
        var both = new List<ClusterRange>();
        for (var (i, j) = (0, 0); i < left.Count && j < right.Count; )
        {
            var from = left[i].From > right[j].From ? left[i].From : right[j].From;
            var to = left[i].To < right[j].To ? left[i].To : right[j].To;
            if (from <= to)
            {
                both.Add(new ClusterRange(from, to));
            }

            _ = left[i].To < right[j].To ? i++ : j++;
        }

        return both;
    }

    /// <summary>What is in any of them: those that overlap or share an end become one.</summary>
    internal static List<ClusterRange> Union(IEnumerable<ClusterRange> ranges)
    {
        var union = new List<ClusterRange>();
        foreach (var range in ranges.OrderBy(static one => one.From))
        {
            if (union.Count > 0 && range.From <= union[^1].To)
            {
                union[^1] = union[^1] with { To = range.To > union[^1].To ? range.To : union[^1].To };
            }
            else
            {
                union.Add(range);
            }
        }

        return union;
    }
}
