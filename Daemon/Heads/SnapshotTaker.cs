using System.Text.Json;
using Backup.Blockstore;
using Backup.Foundation.Contracts;
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
        await head.CheckpointAsync(cancellation);
        var (stored, snapshot) = await DescribeAsync(head, head.Stored, trigger, started, cancellation);
        await services.Metadata.Heads.SetAsync(stored, snapshot, cancellation);
        head.Adopt(stored);
        return snapshot;
    }

    /// <summary>
    /// The same of a head that was just changed by something else than the oplog: head, snapshot and what happened are stored in one step, or nothing.
    /// </summary>
    /// <param name="head">Consistent; to be opened again where this throws.</param>
    /// <param name="trigger">Shown to people.</param>
    /// <param name="happened">Makes the events, at the head's optime.</param>
    /// <param name="partialSyncId">The partial sync that is built by it; null where it is none.</param>
    /// <param name="cancellation">Nothing is stored then.</param>
    /// <exception cref="Foundation.Errors.BackupException">9015 where the partial sync was given up meanwhile.</exception>
    internal async Task<SnapshotRecord> TakeAtSeamAsync(
        HeadFollower head,
        string trigger,
        Func<SnapshotRecord, IReadOnlyList<TimelineEvent>> happened,
        string? partialSyncId,
        CancellationToken cancellation
    )
    {
        var started = services.Time.GetTimestamp();
        var flushed = await head.FlushAsync(cancellation);
        var (stored, snapshot) = await DescribeAsync(head, flushed, trigger, started, cancellation);
        var seam = new Seam(snapshot, happened(snapshot), partialSyncId);
        if (!await services.Metadata.Heads.CrossAsync(stored, seam, cancellation))
        {
            throw DaemonErrors.GivenUp(partialSyncId ?? "");
        }

        head.Adopt(stored);
        return snapshot;
    }

    private async Task<(HeadRecord Head, SnapshotRecord Snapshot)> DescribeAsync(
        HeadFollower head,
        HeadRecord flushed,
        string trigger,
        long started,
        CancellationToken cancellation
    )
    {
        _ = BlockId.TryParse(flushed.ManifestBlock, out var manifest);
        var contents = await SnapshotReader.OpenAsync(services.Blocks, manifest, cancellation);
        var size = await contents.MeasureAsync(static collection => UserData.Holds(collection), cancellation);
        var policy = await services.Metadata.Deployments.PolicyAsync(replicaSetId, cancellation);
        var now = services.Time.GetUtcNow();
        var snapshot = new SnapshotRecord(
            Guid.CreateVersion7(now).ToString(),
            replicaSetId,
            flushed.Optime,
            flushed.ManifestBlock,
            size.Documents,
            size.DocumentBytes,
            flushed.NewBytes,
            contents.Manifest.Statistics.StoredBytes,
            services.Time.GetElapsedTime(started).TotalSeconds,
            trigger,
            now,
            now + policy.BaseRetention,
            head.SyncId,
            flushed.ReplayFrom
        )
        {
            Filters =
                head.Filters.Count == 0
                    ? null
                    : JsonSerializer.Serialize(head.Filters, AgentJson.Default.NamespaceFilters),
        };
        return (flushed with { NewBytes = 0 }, snapshot);
    }
}
