using Backup.Blockstore;
using Backup.Daemon.PointInTime;
using Backup.Foundation;
using Backup.Metadata;

namespace Backup.Daemon.Schedule;

/// <summary>Which oplog of a sync is needed: by the moments of the point-in-time window, and by the head.</summary>
internal sealed class OplogNeed(IMetadataStore metadata, IBlockStore blocks, TimeProvider time)
{
    private static readonly Optime Nothing = new(uint.MaxValue, uint.MaxValue);

    private readonly SnapshotBases _bases = new(blocks);

    /// <summary>The oldest entry of the sync that is needed.</summary>
    /// <param name="set">As it is stored.</param>
    /// <param name="sync">Of that set.</param>
    /// <param name="snapshots">Of the sync, oldest first.</param>
    /// <param name="window">The point-in-time window; zero: none.</param>
    /// <param name="cancellation">Gives up.</param>
    internal async Task<Optime> FromAsync(
        ReplicaSetRecord set,
        SyncRecord sync,
        IReadOnlyList<SnapshotRecord> snapshots,
        TimeSpan window,
        CancellationToken cancellation
    )
    {
        // Moments of a cluster begin with its own snapshots, one for all sets.
        var parts = snapshots.Where(static one => one.CutId is not null).ToList();
        var bases = parts.Count > 0 ? parts : snapshots;
        var start = SourceClock.Removal(time.GetUtcNow(), [set]) - window;
        var byWindow = Nothing;
        if (window > TimeSpan.Zero && bases.Count > 0)
        {
            // The first moment of the window needs the newest snapshot that is not after it.
            var oldest = bases.LastOrDefault(snapshot => snapshot.Optime.WallClock <= start) ?? bases[0];
            byWindow = await _bases.ReplayFromAsync(oldest, cancellation);
        }

        if (sync.State == SyncState.Abandoned)
        {
            var extent = await metadata.OplogSlices.ExtentAsync(sync.Id, cancellation);
            return extent is null || extent.Last.WallClock < start ? Nothing : byWindow;
        }

        // Before there is a head everything is needed, then what it would read again after a restart.
        var head = await metadata.Heads.FindAsync(set.Id, cancellation);
        var byHead = head?.SyncId == sync.Id ? head.ReplayFrom : Optime.Zero;
        return byHead < byWindow ? byHead : byWindow;
    }
}
