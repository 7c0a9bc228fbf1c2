using Backup.Daemon.PointInTime;
using Backup.Foundation;
using Backup.Metadata;

namespace Backup.Daemon.Clusters;

/// <summary>
/// Which moments of a whole cluster can be restored: those at which its config servers can, and every shard that they name at that moment. A moment is
/// a time of the cluster, the same for all sets; chunks that moved in between are no obstacle, as their owner is read at the moment.
/// </summary>
/// <param name="services">What restores work with.</param>
public sealed class ClusterTimelineReader(RestoreServices services)
{
    private readonly TimelineReader _timelines = new(services.Metadata, services.Blocks);
    private readonly ShardHistory _history = new(services);

    /// <param name="clusterId">The cluster's deployment.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Foundation.Errors.BackupException">Those of reading the config servers' backup.</exception>
    public async Task<ClusterTimeline> ReadAsync(string clusterId, CancellationToken cancellation = default) =>
        await ReadAsync(
            await ClusterMember.OfAsync(services.Metadata, clusterId, cancellation),
            set => _timelines.EpochsAsync(set, cancellation),
            () => services.Metadata.Clusters.CutsAsync(clusterId, cancellation),
            cancellation
        );

    /// <param name="glance">In which it is.</param>
    /// <param name="clusterId">The cluster's deployment.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Foundation.Errors.BackupException">Those of reading the config servers' backup.</exception>
    public Task<ClusterTimeline> ReadAsync(Glance glance, string clusterId, CancellationToken cancellation = default) =>
        ReadAsync(
            ClusterMember.Of(glance.Deployments, glance.ReplicaSets, clusterId),
            set => _timelines.EpochsAsync(glance, set, cancellation),
            () => Task.FromResult<IReadOnlyList<CutRecord>>([.. glance.Cuts[clusterId]]),
            cancellation
        );

    private async Task<ClusterTimeline> ReadAsync(
        IReadOnlyList<ClusterMember> members,
        Func<string, Task<IReadOnlyList<Epoch>>> epochsOf,
        Func<Task<IReadOnlyList<CutRecord>>> cutsOf,
        CancellationToken cancellation
    )
    {
        var timelines = new List<(ClusterMember Member, RestorableTimeline Timeline)>();
        var stretches = new List<ShardStretch>();
        var changes = members
            .SelectMany(static one => new[] { one.Deployment.CreatedAt, one.Deployment.RemovedAt })
            .OfType<DateTimeOffset>()
            .ToList();
        foreach (var member in members)
        {
            var epochs = await epochsOf(member.Set.Id);
            timelines.Add((member, TimelineReader.Describe(epochs)));
            foreach (var epoch in member.IsConfigServers ? epochs.Where(static one => one.Range is not null) : [])
            {
                stretches.AddRange(await _history.ReadAsync(member, epoch, changes, cancellation));
            }
        }

        var cuts = await cutsOf();
        stretches.Sort(static (left, right) => left.Range.From.CompareTo(right.Range.From));
        var ranges = ClusterRanges.Union(stretches.SelectMany(stretch => RangesOf(stretch, timelines)));
        return new ClusterTimeline(
            ranges,
            GapsOf(ranges, stretches, timelines),
            [.. cuts.Where(static cut => cut.State == CutState.Complete).Reverse()]
        );
    }

    private static List<ClusterRange> RangesOf(
        ShardStretch stretch,
        List<(ClusterMember Member, RestorableTimeline Timeline)> timelines
    )
    {
        // Without a shard there is no cluster yet.
        List<ClusterRange> ranges = stretch.Shards.Count == 0 ? [] : [stretch.Range];
        foreach (var shard in stretch.Shards)
        {
            ranges = ClusterRanges.Intersect(ranges, Of(shard.Name, timelines));
        }

        return ranges;
    }

    private static List<ClusterRange> Of(
        string set,
        List<(ClusterMember Member, RestorableTimeline Timeline)> timelines
    ) =>
        ClusterRanges.Union(
            timelines
                .Where(one => one.Member.Shard == set)
                .SelectMany(static one => one.Timeline.Ranges)
                .Select(static range => new ClusterRange(range.From, range.To))
        );

    /// <summary>Between two ranges there is a set that cannot be restored; before the first and after the last one there may be.</summary>
    private static List<ClusterGap> GapsOf(
        List<ClusterRange> ranges,
        List<ShardStretch> stretches,
        List<(ClusterMember Member, RestorableTimeline Timeline)> timelines
    )
    {
        var gaps = new List<ClusterGap>();
        if (stretches.Count == 0)
        {
            return gaps;
        }

        var start = stretches[0].Range.From;
        if (ranges.Count == 0 || ranges[0].From > start)
        {
            AddGap(start, ranges.Count == 0 ? null : ranges[0].From);
        }

        for (var i = 0; i < ranges.Count; i++)
        {
            AddGap(ranges[i].To, i + 1 < ranges.Count ? ranges[i + 1].From : null);
        }

        foreach (var (member, timeline) in timelines)
        {
            gaps.AddRange(
                timeline
                    .Gaps.Where(static gap => gap.Namespace is not null)
                    .Select(gap => new ClusterGap(member.Shard, gap))
            );
        }

        gaps.Sort(static (left, right) => left.Gap.From.CompareTo(right.Gap.From));
        return gaps;

        void AddGap(Optime from, Optime? to)
        {
            // Up to now the others are only ahead of the one that lags, unless something of it is known to be lost.
            var known = timelines
                .SelectMany(static one => one.Timeline.Gaps.Select(gap => (one.Member.Shard, Gap: gap)))
                .FirstOrDefault(one =>
                    one.Gap.Namespace is null
                    && (to is null || one.Gap.From < to)
                    && (one.Gap.To is null || one.Gap.To > from)
                );
            if (known.Gap is not null)
            {
                gaps.Add(new ClusterGap(known.Shard, known.Gap with { From = from, To = to }));
                return;
            }

            var needed = stretches
                .Where(one => one.Range.To > from && (to is null || one.Range.From < to))
                .SelectMany(static one => one.Shards)
                .Select(static shard => shard.Name)
                .Prepend(ClusterMembership.ConfigServers)
                .Distinct();
            foreach (var set in needed)
            {
                var own = Of(set, timelines);
                var isThere = own.Exists(one => one.From <= from && one.To > from);
                var lags = to is null && own.Exists(one => one.From <= from);
                if (!isThere && !lags)
                {
                    var cause = own.Exists(one => one.From > from)
                        ? $"The backup of {set} begins later."
                        : $"There is no backup of {set}.";
                    var gap = new RestorableGap(from, to, HoleKind.Resync, Code: null, cause, Namespace: null);
                    gaps.Add(new ClusterGap(set, gap, IsAbsent: true));
                    return;
                }
            }
        }
    }
}
