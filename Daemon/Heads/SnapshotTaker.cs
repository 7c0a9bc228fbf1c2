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
    /// <param name="request">What it is for.</param>
    /// <param name="cancellation">Nothing is published then.</param>
    internal async Task<SnapshotRecord> TakeAsync(
        HeadFollower head,
        SnapshotRequest request,
        CancellationToken cancellation
    )
    {
        var started = services.Time.GetTimestamp();
        await head.CheckpointAsync(cancellation);
        var snapshot = await DescribeAsync(head.Stored, request.Trigger, started, cancellation);
        snapshot = snapshot with { ExpiresAt = snapshot.CreatedAt + request.KeepFor };
        var stored = head.Stored with { NewBytes = 0 };
        await services.Metadata.Heads.SetAsync(stored, snapshot, cancellation);
        head.Adopt(stored);
        return snapshot;
    }

    /// <summary>The head's part of a cluster's snapshot; it is recorded, and becomes a snapshot with the others.</summary>
    /// <param name="head">Consistent, at the cut's time, and without a prepared transaction.</param>
    /// <param name="cut">Settled.</param>
    /// <param name="cancellation">Nothing is recorded then.</param>
    /// <returns>Null where the cut does not want it any more.</returns>
    internal async Task<SnapshotRecord?> TakePartAsync(HeadFollower head, CutRecord cut, CancellationToken cancellation)
    {
        var started = services.Time.GetTimestamp();
        await head.CheckpointAsync(cancellation);
        var part = await DescribePartAsync(head.Stored, cut, started, cancellation);
        if (!await services.Metadata.Clusters.AddPartAsync(cut.Id, part, cancellation))
        {
            return null;
        }

        var stored = head.Stored with { NewBytes = 0 };
        await services.Metadata.Heads.SetAsync(stored, cancellation);
        head.Adopt(stored);
        return part;
    }

    /// <summary>What is flushed, as a part of that cut.</summary>
    internal async Task<SnapshotRecord> DescribePartAsync(
        HeadRecord flushed,
        CutRecord cut,
        long started,
        CancellationToken cancellation
    )
    {
        var part = await DescribeAsync(flushed, cut.Trigger, started, cancellation);
        // Up to the cut's time, where this set may have no entry: what another set's transaction committed by then is in it too.
        return part with { Optime = cut.Time with { Term = flushed.Optime.Term }, CutId = cut.Id };
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
        var snapshot = await DescribeAsync(flushed, trigger, started, cancellation);
        var stored = flushed with { NewBytes = 0 };
        var seam = new Seam(snapshot, happened(snapshot), partialSyncId);
        if (!await services.Metadata.Heads.CrossAsync(stored, seam, cancellation))
        {
            throw DaemonErrors.GivenUp(partialSyncId ?? "");
        }

        head.Adopt(stored);
        return snapshot;
    }

    private async Task<SnapshotRecord> DescribeAsync(
        HeadRecord flushed,
        string trigger,
        long started,
        CancellationToken cancellation
    )
    {
        _ = BlockId.TryParse(flushed.ManifestBlock, out var manifest);
        var contents = await SnapshotReader.OpenAsync(services.Blocks, manifest, cancellation);
        var size = await contents.MeasureAsync(static collection => UserData.Holds(collection), cancellation);
        var now = services.Time.GetUtcNow();
        var filters = contents.Manifest.Filters;
        return new SnapshotRecord(
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
            ExpiresAt: null,
            flushed.SyncId,
            flushed.ReplayFrom
        )
        {
            Filters = filters.Count == 0 ? null : JsonSerializer.Serialize(filters, AgentJson.Default.NamespaceFilters),
        };
    }
}
