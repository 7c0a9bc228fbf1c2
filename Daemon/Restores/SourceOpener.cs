using Backup.Daemon.PointInTime;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Oplog;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Reading;

namespace Backup.Daemon.Restores;

/// <summary>Opens one replica set as a snapshot has it, or as it was at a moment between snapshots.</summary>
internal sealed class SourceOpener(RestoreServices services)
{
    // A plan that was given up before it could be held is made anew; it can hardly happen twice.
    private const int Attempts = 5;

    /// <summary>
    /// Opens the snapshot: what is wrong with it in itself is said here. One that was taken while transactions were prepared and undecided is completed
    /// from the oplog with those that turned out to be committed by then.
    /// </summary>
    /// <exception cref="BackupException">9005 where it is gone, 4003, 5001, 5002 where its manifest cannot be read.</exception>
    internal async Task<OpenSource> OpenAsync(SnapshotRecord snapshot, CancellationToken cancellation)
    {
        var current =
            await services.Metadata.Snapshots.FindAsync(snapshot.Id, cancellation)
            ?? throw DaemonErrors.NoSnapshot(snapshot.Id);
        var manifest = SnapshotBases.ManifestOf(current);
        var hold = await SliceHold.TakeAsync(
            services.Metadata,
            services.Blocks,
            current,
            services.Time,
            services.Logger,
            cancellation
        );
        try
        {
            // Between the look and the hold it may have been removed.
            _ =
                await services.Metadata.Snapshots.FindAsync(current.Id, cancellation)
                ?? throw DaemonErrors.NoSnapshot(current.Id);
            var reader = await SnapshotReader.OpenAsync(services.Blocks, manifest, cancellation);
            reader.Sorting = RestoreFolder.Sorting(services.Options);
            return reader.Manifest.PreparedTransactions.Count == 0
                ? new OpenSource(reader, current.Optime, [], hold)
                : await CompleteAsync(current, reader, hold, cancellation);
        }
        catch
        {
            await hold.DisposeAsync();
            throw;
        }
    }

    /// <summary>Replays the oplog over the nearest base before that moment, in bounded memory: what is wrong with the moment in itself is said here.</summary>
    /// <param name="set">The replica set.</param>
    /// <param name="point">The moment.</param>
    /// <param name="progress">Told how far the replay is.</param>
    /// <param name="cancellation">Everything temporary is removed.</param>
    /// <param name="select">What takes the operations in the place of the head that it is given; null: the head.</param>
    /// <exception cref="BackupException">9010 to 9014, and others where what is stored cannot be read.</exception>
    internal async Task<OpenSource> OpenAsync(
        ReplicaSetRecord set,
        RestorePoint point,
        IProgress<ReplayProgress>? progress,
        CancellationToken cancellation,
        Func<Head, IOperationTarget>? select = null
    )
    {
        var (plan, hold) = await PlanAsync(set, point, cancellation);
        return await OpenAsync(plan, hold, progress, cancellation, select);
    }

    private async Task<OpenSource> OpenAsync(
        RestorePlan plan,
        SliceHold hold,
        IProgress<ReplayProgress>? progress,
        CancellationToken cancellation,
        Func<Head, IOperationTarget>? select = null
    )
    {
        try
        {
            var overlay = await Overlay.BuildAsync(plan, services, progress, cancellation, select);
            overlay.Reader.Sorting = RestoreFolder.Sorting(services.Options);
            return new OpenSource(overlay.Reader, overlay.Optime, [], overlay, hold);
        }
        catch
        {
            await hold.DisposeAsync();
            throw;
        }
    }

    private async Task<OpenSource> CompleteAsync(
        SnapshotRecord snapshot,
        SnapshotReader reader,
        SliceHold ofSnapshot,
        CancellationToken cancellation
    )
    {
        if (await services.Metadata.Deployments.FindReplicaSetAsync(snapshot.ReplicaSetId, cancellation) is { } set)
        {
            var plan = new RestorePlan(
                set,
                snapshot.SyncId,
                SnapshotBases.ManifestOf(snapshot),
                snapshot.Optime,
                reader.Manifest.Position.ReplayFrom,
                RestorePoint.UpTo(snapshot.Optime)
            );
            var hold = await SliceHold.TakeAsync(
                services.Metadata,
                services.Blocks,
                plan,
                services.Time,
                services.Logger,
                cancellation
            );
            try
            {
                var complete = await OpenAsync(plan, hold, progress: null, cancellation);
                await ofSnapshot.DisposeAsync();
                return complete;
            }
            catch (BackupException failure)
                when (failure.Number is DaemonErrors.TransactionUndecided or DaemonErrors.EntriesMissing)
            {
                // Not known yet, or no longer: what is certain can be had, and what is left out is told.
            }
        }

        var undecided = reader.Manifest.PreparedTransactions.Select(one =>
            Foundation.Optime.FromTimestamp(one.View["prepared"u8].AsTimestamp)
        );
        return new OpenSource(reader, snapshot.Optime, [.. undecided], ofSnapshot);
    }

    /// <summary>A plan whose slices are there and held.</summary>
    internal async Task<(RestorePlan Plan, SliceHold Hold)> PlanAsync(
        ReplicaSetRecord set,
        RestorePoint point,
        CancellationToken cancellation
    )
    {
        var planner = new RestorePlanner(services.Metadata, services.Blocks, services.Time);
        for (var attempt = 1; ; attempt++)
        {
            using var look = services.Blocks.Holds.Look();
            var plan = await planner.PlanAsync(set, point, cancellation);
            var hold = await SliceHold.TakeAsync(
                services.Metadata,
                services.Blocks,
                plan,
                services.Time,
                services.Logger,
                cancellation
            );
            if (attempt == Attempts || await IsThereAsync(plan, cancellation))
            {
                return (plan, hold);
            }

            await hold.DisposeAsync();
        }
    }

    private async Task<bool> IsThereAsync(RestorePlan plan, CancellationToken cancellation) =>
        plan.Point.AtMost <= plan.BaseOptime
        || await services.Metadata.OplogSlices.ExtentAsync(plan.SyncId, cancellation) is { } extent
            && extent.ReachesBackTo(plan.ReplayFrom);
}
