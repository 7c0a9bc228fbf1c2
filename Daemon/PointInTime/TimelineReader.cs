using Backup.Blockstore;
using Backup.Metadata;

namespace Backup.Daemon.PointInTime;

/// <summary>One initial sync of a replica set, and what can be restored of what was followed from it.</summary>
/// <param name="Sync">The sync.</param>
/// <param name="Bases">Its snapshots from which the stored oplog goes on, oldest first.</param>
/// <param name="Range">Null where no moment can be restored.</param>
/// <param name="Holes">Of it.</param>
/// <param name="Events">Of it, in the order in which they were recorded.</param>
internal sealed record Epoch(
    SyncRecord Sync,
    IReadOnlyList<SnapshotRecord> Bases,
    RestorableRange? Range,
    IReadOnlyList<OplogHole> Holes,
    IReadOnlyList<TimelineEvent> Events
);

/// <summary>Reads off the metadata which moments can be restored, and why the others cannot. Claims nothing that is not there.</summary>
public sealed class TimelineReader
{
    private readonly IMetadataStore _metadata;
    private readonly SnapshotBases _bases;

    public TimelineReader(IMetadataStore metadata, IBlockStore blocks)
    {
        _metadata = metadata;
        _bases = new SnapshotBases(blocks);
    }

    /// <param name="replicaSetId">Ours.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<RestorableTimeline> ReadAsync(string replicaSetId, CancellationToken cancellation = default) =>
        Describe(await EpochsAsync(replicaSetId, cancellation));

    /// <param name="glance">In which it is.</param>
    /// <param name="replicaSetId">Ours.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<RestorableTimeline> ReadAsync(
        Glance glance,
        string replicaSetId,
        CancellationToken cancellation = default
    ) => Describe(await EpochsAsync(glance, replicaSetId, cancellation));

    /// <summary>Oldest first.</summary>
    internal async Task<IReadOnlyList<Epoch>> EpochsAsync(string replicaSetId, CancellationToken cancellation)
    {
        // Seams before snapshots: the snapshot at each is stored with it. Snapshots before slices: a snapshot that goes meanwhile may be claimed for a moment, and is refused when it is opened.
        var events = await _metadata.Heads.EventsAsync(replicaSetId, cancellation);
        var snapshots = await _metadata.Snapshots.ListAsync(replicaSetId, cancellation);
        var holes = await _metadata.OplogSlices.HolesAsync(replicaSetId, cancellation);
        var syncs = await _metadata.Syncs.ListAsync(replicaSetId, cancellation);
        var extents = new Dictionary<string, OplogExtent>(StringComparer.Ordinal);
        foreach (var sync in syncs)
        {
            if (await _metadata.OplogSlices.ExtentAsync(sync.Id, cancellation) is { } extent)
            {
                extents[sync.Id] = extent;
            }
        }

        return await EpochsAsync(syncs, snapshots, holes, events, extents, cancellation);
    }

    /// <summary>Oldest first.</summary>
    internal Task<IReadOnlyList<Epoch>> EpochsAsync(
        Glance glance,
        string replicaSetId,
        CancellationToken cancellation
    ) =>
        EpochsAsync(
            glance.Syncs[replicaSetId],
            glance.Snapshots[replicaSetId],
            [.. glance.Holes[replicaSetId]],
            [.. glance.Events[replicaSetId]],
            glance.Extents,
            cancellation
        );

    private async Task<IReadOnlyList<Epoch>> EpochsAsync(
        IEnumerable<SyncRecord> syncs,
        IEnumerable<SnapshotRecord> newestFirst,
        IReadOnlyList<OplogHole> holes,
        IReadOnlyList<TimelineEvent> events,
        IReadOnlyDictionary<string, OplogExtent> extents,
        CancellationToken cancellation
    )
    {
        var snapshots = newestFirst.Reverse().ToList();
        var epochs = new List<Epoch>();
        foreach (var sync in syncs)
        {
            var own = snapshots.Where(snapshot => snapshot.SyncId == sync.Id);
            var told = events.Where(one => one.SyncId == sync.Id).ToList();
            epochs.Add(await EpochAsync(sync, own, holes, told, extents.GetValueOrDefault(sync.Id), cancellation));
        }

        return epochs;
    }

    internal static RestorableTimeline Describe(IReadOnlyList<Epoch> epochs)
    {
        var ranges = epochs.Where(epoch => epoch.Range is not null).Select(epoch => epoch.Range!).ToList();
        var gaps = new List<RestorableGap>();
        for (var i = 0; i < ranges.Count; i++)
        {
            var next = i + 1 < ranges.Count ? ranges[i + 1] : null;
            if (GapAfter(ranges[i], next, epochs) is { } gap)
            {
                gaps.Add(gap);
            }
        }

        var partial = epochs
            .SelectMany(epoch => epoch.Holes)
            .Where(hole => hole.Namespace is not null)
            .Select(hole => new RestorableGap(
                hole.From,
                hole.IsOpen ? null : hole.To,
                hole.Kind,
                hole.Code,
                hole.Cause,
                hole.Namespace
            ));
        return new RestorableTimeline(
            ranges,
            [.. gaps.Concat(partial).OrderBy(gap => gap.From)],
            [.. epochs.SelectMany(epoch => epoch.Events)]
        );
    }

    private async Task<Epoch> EpochAsync(
        SyncRecord sync,
        IEnumerable<SnapshotRecord> snapshots,
        IReadOnlyList<OplogHole> holes,
        IReadOnlyList<TimelineEvent> events,
        OplogExtent? extent,
        CancellationToken cancellation
    )
    {
        var own = holes.Where(hole => BelongsTo(hole, sync, extent)).ToList();
        if (extent is null)
        {
            return new Epoch(sync, [], null, own, events);
        }

        var stops = own.Where(hole => hole.Kind == HoleKind.HeadStopped).Select(hole => hole.From);
        var last = stops.Append(extent.Last).Min();
        var bases = new List<SnapshotRecord>();
        foreach (var snapshot in snapshots.Where(one => one.Optime <= last))
        {
            if (extent.ReachesBackTo(await _bases.ReplayFromAsync(snapshot, cancellation)))
            {
                bases.Add(snapshot);
            }
        }

        // Moments behind a seam need a base behind it. Where the seam's own is gone, what lies before it goes too: a range has no holes.
        foreach (var seam in events.Where(one => one.IsSeam && one.At <= last).Select(one => one.At).Distinct())
        {
            if (!bases.Exists(one => one.Optime == seam))
            {
                bases.RemoveAll(one => one.Optime < seam);
            }
        }

        var range = bases.Count == 0 ? null : new RestorableRange(sync.Id, bases[0].Optime, last);
        return new Epoch(sync, bases, range, own, events);
    }

    /// <summary>Holes of early releases do not say of which sync they are: they begin where its oplog ends.</summary>
    private static bool BelongsTo(OplogHole hole, SyncRecord sync, OplogExtent? extent) =>
        hole.SyncId.Length > 0 ? hole.SyncId == sync.Id : hole.From.Timestamp == extent?.Last.Timestamp;

    /// <summary>Between a range and the next one there is always a gap; after the last one where something is known to be lost.</summary>
    private static RestorableGap? GapAfter(RestorableRange range, RestorableRange? next, IReadOnlyList<Epoch> epochs)
    {
        var hole = epochs
            .SkipWhile(epoch => epoch.Sync.Id != range.SyncId)
            .TakeWhile(epoch => next is null || epoch.Sync.Id != next.SyncId)
            .SelectMany(epoch => epoch.Holes)
            .Where(one => one.Namespace is null)
            // What made a new sync necessary says more than that there was one.
            .MinBy(one => one.Kind == HoleKind.Resync ? 1 : 0);
        return hole is not null
                ? new RestorableGap(range.To, next?.From, hole.Kind, hole.Code, hole.Cause, Namespace: null)
            : next is not null
                ? new RestorableGap(
                    range.To,
                    next.From,
                    HoleKind.Resync,
                    Code: null,
                    "A new initial sync took the place of the copy that was followed so far.",
                    Namespace: null
                )
            : null;
    }
}
