using Backup.Blockstore;
using Backup.Daemon.PointInTime;
using Backup.Foundation;
using Backup.Metadata;

namespace Backup.Daemon.Schedule;

/// <summary>
/// Gives up oplog slices that no moment of the point-in-time window, no head and no reader needs. The rows go first, together with a note of
/// what is to be deleted, then the objects, then the note: whenever this is killed, no row claims an object that is gone, and the
/// next round deletes what is left.
/// </summary>
public sealed class OplogRetention(IMetadataStore metadata, IBlockStore blocks, IObjectStore objects, TimeProvider time)
{
    private const int ObjectsAtOnce = 500;
    private static readonly Optime Everything = new(uint.MaxValue, uint.MaxValue);

    private readonly SnapshotBases _bases = new(blocks);

    public async Task GroomAsync(ReplicaSetRecord set, CancellationToken cancellation = default)
    {
        var policy = await metadata.Deployments.PolicyAsync(set.Id, cancellation);
        var snapshots = (await metadata.Snapshots.ListAsync(set.Id, cancellation)).Reverse().ToList();
        foreach (var sync in await metadata.Syncs.ListAsync(set.Id, cancellation))
        {
            var own = snapshots.FindAll(snapshot => snapshot.SyncId == sync.Id);
            var before = await NeededFromAsync(set, sync, own, policy.PointInTimeWindow, cancellation);
            await metadata.OplogSlices.RemoveBeforeAsync(sync.Id, before, cancellation);
            if (sync.State == SyncState.Abandoned && own.Count == 0)
            {
                await ForgetAsync(sync, cancellation);
            }
        }

        await DeleteDoomedAsync(cancellation);
    }

    /// <summary>The oldest entry of the sync that is needed.</summary>
    private async Task<Optime> NeededFromAsync(
        ReplicaSetRecord set,
        SyncRecord sync,
        List<SnapshotRecord> snapshots,
        TimeSpan window,
        CancellationToken cancellation
    )
    {
        var start = time.GetUtcNow() - window;
        var byWindow = Everything;
        if (window > TimeSpan.Zero && snapshots.Count > 0)
        {
            // The first moment of the window needs the newest snapshot that is not after it.
            var oldest = snapshots.FindLast(snapshot => snapshot.Optime.WallClock <= start) ?? snapshots[0];
            byWindow = await _bases.ReplayFromAsync(oldest, cancellation);
        }

        if (sync.State == SyncState.Abandoned)
        {
            var extent = await metadata.OplogSlices.ExtentAsync(sync.Id, cancellation);
            return extent is null || extent.Last.WallClock < start ? Everything : byWindow;
        }

        // Before there is a head everything is needed, then what it would read again after a restart.
        var head = await metadata.Heads.FindAsync(set.Id, cancellation);
        var byHead = head?.SyncId == sync.Id ? head.ReplayFrom : Optime.Zero;
        return byHead < byWindow ? byHead : byWindow;
    }

    /// <summary>A sync that was given up goes with the last thing that can be restored of it.</summary>
    private async Task ForgetAsync(SyncRecord sync, CancellationToken cancellation)
    {
        if (await metadata.OplogSlices.ExtentAsync(sync.Id, cancellation) is not null)
        {
            return;
        }

        // Objects whose row a crash prevented are found by their names.
        await objects.DeletePrefixAsync(SliceNames.SyncPrefix(sync.Id), cancellation);
        await objects.DeletePrefixAsync(SliceNames.OplogPrefix(sync.Id), cancellation);
        await metadata.Syncs.RemoveAsync(sync.Id, cancellation);
    }

    private async Task DeleteDoomedAsync(CancellationToken cancellation)
    {
        while (await metadata.OplogSlices.DoomedAsync(ObjectsAtOnce, cancellation) is { Count: > 0 } doomed)
        {
            foreach (var name in doomed)
            {
                await objects.DeleteAsync(name, cancellation);
            }

            await metadata.OplogSlices.DeletedAsync(doomed, cancellation);
        }
    }
}
