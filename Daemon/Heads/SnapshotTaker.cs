using Backup.Metadata;
using Backup.Snapshots.Exports;
using Backup.Snapshots.Reading;

namespace Backup.Daemon.Heads;

/// <summary>Turns a head's state into a snapshot: a checkpoint, counted and written down.</summary>
internal sealed class SnapshotTaker(HeadServices services, string replicaSetId)
{
    /// <param name="head">Consistent.</param>
    /// <param name="trigger">Shown to people.</param>
    /// <param name="cancellation">Nothing is published then.</param>
    internal async Task<SnapshotRecord> TakeAsync(HeadFollower head, string trigger, CancellationToken cancellation)
    {
        var started = services.Time.GetTimestamp();
        var flushed = await head.CheckpointAsync(cancellation);
        var contents = await SnapshotReader.OpenAsync(services.Blocks, flushed.Manifest, cancellation);
        var size = await contents.MeasureAsync(static collection => UserData.Holds(collection), cancellation);
        var policy = await services.Metadata.Deployments.PolicyAsync(replicaSetId, cancellation);
        var now = services.Time.GetUtcNow();
        var snapshot = new SnapshotRecord(
            Guid.CreateVersion7(now).ToString(),
            replicaSetId,
            head.Applied,
            flushed.Manifest.ToString(),
            size.Documents,
            size.DocumentBytes,
            await head.TakeNewBytesAsync(cancellation),
            contents.Manifest.Statistics.StoredBytes,
            services.Time.GetElapsedTime(started).TotalSeconds,
            trigger,
            now,
            now + policy.BaseRetention,
            head.SyncId,
            head.ReplayFrom
        );
        await services.Metadata.Snapshots.AddAsync(snapshot, cancellation);
        return snapshot;
    }
}
