using Backup.Blockstore;
using Backup.Foundation;
using Backup.Metadata;

namespace Backup.Daemon.PointInTime;

/// <summary>How a moment is put together: a base, and the oplog from there on.</summary>
/// <param name="Set">The replica set.</param>
/// <param name="SyncId">Whose slices are replayed.</param>
/// <param name="Manifest">The base.</param>
/// <param name="BaseOptime">Everything up to and including this entry is in the base.</param>
/// <param name="ReplayFrom">Where reading begins, so that every transaction open at the base is whole.</param>
/// <param name="Point">The moment.</param>
internal sealed record RestorePlan(
    ReplicaSetRecord Set,
    string SyncId,
    BlockId Manifest,
    Optime BaseOptime,
    Optime ReplayFrom,
    RestorePoint Point
);

/// <summary>Finds the nearest base of a moment, or says why there is none and what is near.</summary>
internal sealed class RestorePlanner(IMetadataStore metadata, IBlockStore blocks, TimeProvider time)
{
    private readonly TimelineReader _timeline = new(metadata, blocks);
    private readonly SnapshotBases _bases = new(blocks);

    /// <exception cref="Foundation.Errors.BackupException">9010 in a gap, 9011 before the oldest moment, 9012 not stored yet, 9014 nothing at all.</exception>
    internal async Task<RestorePlan> PlanAsync(ReplicaSetRecord set, RestorePoint point, CancellationToken cancellation)
    {
        var epochs = await _timeline.EpochsAsync(set.Id, cancellation);
        var epoch = epochs.LastOrDefault(one =>
            one.Range is { } range && range.From <= point.AtMost && point.AtMost <= range.To
        );
        if (epoch is not null)
        {
            return await NearestAsync(set, epoch, point, cancellation);
        }

        var snapshots = await metadata.Snapshots.ListAsync(set.Id, cancellation);
        // A snapshot is a moment by itself, wherever the oplog is.
        return snapshots.FirstOrDefault(one => one.Optime == point.AtMost with { Term = one.Optime.Term }) is { } exact
            ? new RestorePlan(
                set,
                exact.SyncId,
                SnapshotBases.ManifestOf(exact),
                exact.Optime,
                await _bases.ReplayFromAsync(exact, cancellation),
                point
            )
            : throw Refuse(set, epochs, snapshots, point);
    }

    /// <summary>The newest base at or before the moment: a snapshot, or the head's last checkpoint.</summary>
    private async Task<RestorePlan> NearestAsync(
        ReplicaSetRecord set,
        Epoch epoch,
        RestorePoint point,
        CancellationToken cancellation
    )
    {
        var snapshot = epoch.Bases.Last(one => one.Optime <= point.AtMost);
        var head = await metadata.Heads.FindAsync(set.Id, cancellation);
        if (
            head is { Consistent: true }
            && head.SyncId == epoch.Sync.Id
            && head.Optime > snapshot.Optime
            && head.Optime <= point.AtMost
            && BlockId.TryParse(head.ManifestBlock, out var checkpoint)
        )
        {
            return new RestorePlan(set, epoch.Sync.Id, checkpoint, head.Optime, head.ReplayFrom, point);
        }

        return new RestorePlan(
            set,
            epoch.Sync.Id,
            SnapshotBases.ManifestOf(snapshot),
            snapshot.Optime,
            await _bases.ReplayFromAsync(snapshot, cancellation),
            point
        );
    }

    private Foundation.Errors.BackupException Refuse(
        ReplicaSetRecord set,
        IReadOnlyList<Epoch> epochs,
        IReadOnlyList<SnapshotRecord> snapshots,
        RestorePoint point
    )
    {
        var timeline = TimelineReader.Describe(epochs);
        var moments = timeline
            .Ranges.SelectMany(range => new[] { range.From, range.To })
            .Concat(snapshots.Select(snapshot => snapshot.Optime))
            .ToList();
        if (moments.Count == 0)
        {
            return DaemonErrors.NothingRestorable(set.Name);
        }

        var near = point.Near(moments);
        var gap = timeline.Gaps.FirstOrDefault(one =>
            one.Namespace is null && one.From < point.AtMost && (one.To is null || point.AtMost < one.To)
        );
        var now = time.GetUtcNow();
        // The source's clock may be a little ahead of this one.
        var isFuture = point.AtMost.WallClock > now + TimeSpan.FromMinutes(1);
        if (gap is not null && !isFuture)
        {
            return DaemonErrors.InGap(
                set.Name,
                point.Text,
                gap.Code is null ? gap.Cause : $"{gap.Code} {gap.Cause}",
                near
            );
        }

        if (timeline.Ranges.Count == 0 || point.AtMost < timeline.Ranges[0].From)
        {
            return DaemonErrors.TooOld(set.Name, point.Text, near);
        }

        var stored = RestorePoint.Describe(timeline.Ranges[^1].To);
        return isFuture
            ? DaemonErrors.Future(set.Name, point.Text, stored, near)
            : DaemonErrors.NotYet(set.Name, point.Text, stored, near);
    }
}
