using Backup.Blockstore;
using Backup.Daemon.Clusters;
using Backup.Daemon.PointInTime;
using Backup.Foundation;
using Backup.Metadata;
using Backup.Metadata.Alerting;

namespace Backup.Daemon.Radar;

/// <summary>
/// Keeps what the moment before a burst is restored from: of each replica set of the deployment the nearest snapshot, and the oplog from there on, until the burst is
/// ended or its time is over.
/// </summary>
internal sealed class CleanSeconds(IMetadataStore metadata, IBlockStore blocks)
{
    /// <summary>A snapshot may go while it is looked for: then another one is.</summary>
    private const int Tries = 3;

    private readonly TimelineReader _timeline = new(metadata, blocks);
    private readonly SnapshotBases _bases = new(blocks);

    /// <summary>Holds what is not held yet; of a set that has no such moment nothing is.</summary>
    internal async Task HoldAsync(BurstRecord burst, CancellationToken cancellation)
    {
        foreach (var set in await SetsAsync(burst.DeploymentId, cancellation))
        {
            var at = RestorePoint.Before(burst.Before).AtMost;
            for (var tries = 0; tries < Tries && !await TryHoldAsync(burst, set, at, cancellation); tries++) { }
        }
    }

    private async Task<bool> TryHoldAsync(
        BurstRecord burst,
        ReplicaSetRecord set,
        Optime at,
        CancellationToken cancellation
    )
    {
        var epochs = await _timeline.EpochsAsync(set.Id, cancellation);
        // What is stored of another shard may not have come so far: it will.
        var epoch = epochs.LastOrDefault(one =>
            one.Range is { } range && range.From <= at && (at <= range.To || ReferenceEquals(one, epochs[^1]))
        );
        if (epoch?.Bases.LastOrDefault(one => one.Optime <= at) is not { } snapshot)
        {
            return true;
        }

        var from = await _bases.ReplayFromAsync(snapshot, cancellation);
        var hold = new ReadHold(
            burst.HoldOf(set.Id),
            set.Id,
            snapshot.SyncId,
            from,
            snapshot.ManifestBlock,
            burst.KeptUntil
        );
        await metadata.Holds.SetAsync(hold, cancellation);
        // What went before the hold was there is not held by it.
        return await metadata.Snapshots.FindAsync(snapshot.Id, cancellation) is not null
            && await metadata.OplogSlices.ExtentAsync(snapshot.SyncId, cancellation) is { } extent
            && extent.ReachesBackTo(from);
    }

    /// <summary>All of a cluster: one moment of all of them is restored.</summary>
    private async Task<IReadOnlyList<ReplicaSetRecord>> SetsAsync(string deploymentId, CancellationToken cancellation)
    {
        var sets = await metadata.Deployments.ReplicaSetsAsync(cancellation);
        var deployments = await metadata.Deployments.ListAsync(cancellation);
        return
        [
            .. sets.Where(one => one.DeploymentId == deploymentId),
            .. ClusterMember.Of(deployments, sets, deploymentId).Select(static one => one.Set),
        ];
    }
}
