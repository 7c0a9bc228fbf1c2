using Backup.Daemon.Clusters;
using Backup.Daemon.PointInTime;
using Backup.Foundation;
using Backup.Metadata;

namespace Backup.Daemon.Schedule;

/// <summary>Moments that can be restored now and could not be any more.</summary>
/// <param name="From">The first of them.</param>
/// <param name="To">The first after them that can still be restored; where none can, the last of them.</param>
public sealed record LostMoments(Optime From, Optime To);

/// <summary>Tells which moments would be lost if some snapshots went, or if the point-in-time window were another one.</summary>
/// <param name="services">What restores work with.</param>
public sealed class MomentForecast(RestoreServices services)
{
    private readonly TimelineReader _timeline = new(services.Metadata, services.Blocks);
    private readonly SnapshotBases _bases = new(services.Blocks);
    private readonly OplogNeed _need = new(services.Metadata, services.Blocks, services.Time);

    /// <param name="set">As it is stored.</param>
    /// <param name="stays">Which of its snapshots there will be.</param>
    /// <param name="window">How far back moments will be kept; zero: none.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Oldest first. Snapshots that stay can be restored as themselves all the same.</returns>
    public async Task<IReadOnlyList<LostMoments>> OfSetAsync(
        ReplicaSetRecord set,
        Func<SnapshotRecord, bool> stays,
        TimeSpan window,
        CancellationToken cancellation = default
    )
    {
        var lost = new List<LostMoments>();
        var snapshots = (await services.Metadata.Snapshots.ListAsync(set.Id, cancellation)).Reverse().ToList();
        foreach (var epoch in await _timeline.EpochsAsync(set.Id, cancellation))
        {
            if (epoch.Range is not { } range)
            {
                continue;
            }

            var own = snapshots.FindAll(one => one.SyncId == epoch.Sync.Id && stays(one));
            var needed = await _need.FromAsync(set, epoch.Sync, own, window, cancellation);
            var first = await FirstAsync(epoch, stays, needed, cancellation);
            if (first is null || first > range.From)
            {
                lost.Add(new LostMoments(range.From, first ?? range.To));
            }
        }

        return lost;
    }

    /// <summary>The same of a cluster: what is lost of one of its sets is lost of the whole.</summary>
    /// <param name="clusterId">The cluster's deployment.</param>
    /// <param name="sets">All of its sets.</param>
    /// <param name="stays">Which of their snapshots there will be.</param>
    /// <param name="window">How far back moments will be kept; zero: none.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<IReadOnlyList<LostMoments>> OfClusterAsync(
        string clusterId,
        IReadOnlyList<ReplicaSetRecord> sets,
        Func<SnapshotRecord, bool> stays,
        TimeSpan window,
        CancellationToken cancellation = default
    )
    {
        var lost = new List<ClusterRange>();
        foreach (var set in sets)
        {
            var ofSet = await OfSetAsync(set, stays, window, cancellation);
            lost.AddRange(ofSet.Select(static one => new ClusterRange(one.From, one.To)));
        }

        if (lost.Count == 0)
        {
            return [];
        }

        var whole = await new ClusterTimelineReader(services).ReadAsync(clusterId, cancellation);
        return
        [
            .. ClusterRanges
                .Intersect(whole.Ranges, ClusterRanges.Union(lost))
                .Where(static one => one.From < one.To)
                .Select(static one => new LostMoments(one.From, one.To)),
        ];
    }

    /// <summary>The first moment that can be replayed from what stays; null: none.</summary>
    private async Task<Optime?> FirstAsync(
        Epoch epoch,
        Func<SnapshotRecord, bool> stays,
        Optime needed,
        CancellationToken cancellation
    )
    {
        var bases = new List<Optime>();
        foreach (var one in epoch.Bases.Where(stays))
        {
            if (await _bases.ReplayFromAsync(one, cancellation) >= needed)
            {
                bases.Add(one.Optime);
            }
        }

        // Moments behind a seam need a base behind it: where the seam's own is gone, what lies before it goes too.
        foreach (var seam in epoch.Events.Where(static one => one.IsSeam).Select(static one => one.At).Distinct())
        {
            if (seam <= epoch.Range!.To && !bases.Contains(seam))
            {
                bases.RemoveAll(one => one < seam);
            }
        }

        return bases.Count == 0 ? null : bases[0];
    }
}
