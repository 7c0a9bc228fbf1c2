using Backup.Blockstore;
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

    private readonly OplogNeed _need = new(metadata, blocks, time);

    public async Task GroomAsync(ReplicaSetRecord set, CancellationToken cancellation = default)
    {
        var policy = await Policies.OfAsync(metadata, set, cancellation);
        // Before the snapshots: a part is among these once its cut is complete.
        var given = await GivenAsync(set, cancellation);
        var snapshots = (await metadata.Snapshots.ListAsync(set.Id, cancellation)).Reverse().ToList();
        foreach (var sync in await metadata.Syncs.ListAsync(set.Id, cancellation))
        {
            var own = snapshots.FindAll(snapshot => snapshot.SyncId == sync.Id);
            List<SnapshotRecord> bases = [.. own, .. given.Where(one => one.SyncId == sync.Id)];
            var before = await _need.FromAsync(set, sync, bases, policy.PointInTimeWindow, cancellation);
            await metadata.OplogSlices.RemoveBeforeAsync(sync.Id, before, cancellation);
            if (sync.State == SyncState.Abandoned && own.Count == 0)
            {
                await ForgetAsync(sync, cancellation);
            }
        }

        await DeleteDoomedAsync(cancellation);
    }

    /// <summary>What the set gave for a cut that is not complete: the oplog behind it must be there when it is.</summary>
    private async Task<IEnumerable<SnapshotRecord>> GivenAsync(ReplicaSetRecord set, CancellationToken cancellation)
    {
        var deployment = await metadata.Deployments.FindAsync(set.DeploymentId, cancellation);
        var cut = deployment?.Cluster is { } membership
            ? await metadata.Clusters.OpenCutAsync(membership.DeploymentId, cancellation)
            : null;
        return cut is null
            ? []
            : (await metadata.Clusters.PartsAsync(cut.Id, cancellation)).Where(part => part.ReplicaSetId == set.Id);
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
