using Backup.Daemon.PointInTime;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Snapshots.Exports;
using Backup.Snapshots.Reading;

namespace Backup.Daemon.Restores;

/// <summary>Opens snapshots, and moments between them, to be written out.</summary>
public sealed class RestoreService(RestoreServices services)
{
    // A plan that was given up before it could be held is made anew; it can hardly happen twice.
    private const int Attempts = 5;

    /// <summary>
    /// Opens the snapshot: what is wrong with it in itself is said here, before a byte is written. One that was taken while transactions were
    /// prepared and undecided is completed from the oplog with those that turned out to be committed by then.
    /// </summary>
    /// <exception cref="BackupException">9005 where it is gone, 4003, 5001, 5002 where its manifest cannot be read.</exception>
    public async Task<OpenRestore> OpenAsync(
        SnapshotRecord snapshot,
        RestoreFormat format,
        CancellationToken cancellation = default,
        IReadOnlyList<NamespacePattern>? only = null
    )
    {
        var current =
            await services.Metadata.Snapshots.FindAsync(snapshot.Id, cancellation)
            ?? throw DaemonErrors.NoSnapshot(snapshot.Id);
        var manifest = SnapshotBases.ManifestOf(current);
        var reader = await SnapshotReader.OpenAsync(services.Blocks, manifest, cancellation);
        return reader.Manifest.PreparedTransactions.Count == 0
            ? new OpenRestore(reader, current.Optime, format, only)
            : await CompleteAsync(current, reader, format, only, cancellation);
    }

    /// <summary>
    /// Replays the oplog over the nearest base before that moment, in bounded memory: what is wrong with the moment in itself is said here, before a
    /// byte is written.
    /// </summary>
    /// <param name="set">The replica set.</param>
    /// <param name="point">The moment.</param>
    /// <param name="format">How it will be written.</param>
    /// <param name="progress">Told how far the replay is.</param>
    /// <param name="cancellation">Everything temporary is removed.</param>
    /// <exception cref="BackupException">
    /// 9010 in a gap, 9011 before the oldest moment, 9012 not stored yet, 9013 a transaction is not decided yet, 9014 nothing at all; others where
    /// what is stored cannot be read.
    /// </exception>
    public async Task<OpenRestore> OpenAsync(
        ReplicaSetRecord set,
        RestorePoint point,
        RestoreFormat format,
        IProgress<ReplayProgress>? progress = null,
        CancellationToken cancellation = default,
        IReadOnlyList<NamespacePattern>? only = null
    )
    {
        var (plan, hold) = await PlanAsync(set, point, cancellation);
        try
        {
            var overlay = await Overlay.BuildAsync(plan, services, progress, cancellation);
            return await OpenAsync(overlay, format, only, hold);
        }
        catch
        {
            await hold.DisposeAsync();
            throw;
        }
    }

    private static async Task<OpenRestore> OpenAsync(
        Overlay overlay,
        RestoreFormat format,
        IReadOnlyList<NamespacePattern>? only,
        SliceHold hold
    )
    {
        try
        {
            return new OpenRestore(overlay.Reader, overlay.Optime, format, only, overlay, hold);
        }
        catch
        {
            await overlay.DisposeAsync();
            throw;
        }
    }

    private async Task<OpenRestore> CompleteAsync(
        SnapshotRecord snapshot,
        SnapshotReader reader,
        RestoreFormat format,
        IReadOnlyList<NamespacePattern>? only,
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
            var hold = await SliceHold.TakeAsync(services.Metadata, plan, services.Time, services.Logger, cancellation);
            try
            {
                var overlay = await Overlay.BuildAsync(plan, services, progress: null, cancellation);
                return await OpenAsync(overlay, format, only, hold);
            }
            catch (BackupException failure)
                when (failure.Number is DaemonErrors.TransactionUndecided or DaemonErrors.EntriesMissing)
            {
                // Not known yet, or no longer: what is certain can be had, and what is left out is told.
                await hold.DisposeAsync();
            }
            catch
            {
                await hold.DisposeAsync();
                throw;
            }
        }

        var undecided = reader.Manifest.PreparedTransactions.Select(one =>
            Optime.FromTimestamp(one.View["prepared"u8].AsTimestamp)
        );
        return new OpenRestore(reader, snapshot.Optime, format, only) { Undecided = [.. undecided] };
    }

    /// <summary>A plan whose slices are there and held.</summary>
    private async Task<(RestorePlan Plan, SliceHold Hold)> PlanAsync(
        ReplicaSetRecord set,
        RestorePoint point,
        CancellationToken cancellation
    )
    {
        var planner = new RestorePlanner(services.Metadata, services.Blocks, services.Time);
        for (var attempt = 1; ; attempt++)
        {
            var plan = await planner.PlanAsync(set, point, cancellation);
            var hold = await SliceHold.TakeAsync(services.Metadata, plan, services.Time, services.Logger, cancellation);
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

/// <summary>A restore that can be written, once; dispose it afterwards.</summary>
public sealed class OpenRestore : IAsyncDisposable
{
    private readonly SnapshotReader _reader;
    private readonly RestoreFormat _format;
    private readonly IReadOnlyList<NamespacePattern>? _only;
    private readonly IAsyncDisposable[] _parts;

    /// <param name="reader">What is restored.</param>
    /// <param name="optime">The last entry that is in it.</param>
    /// <param name="format">How it is written.</param>
    /// <param name="only">The namespaces that are written; null: all.</param>
    /// <param name="parts">Disposed with it.</param>
    /// <exception cref="BackupException">9016, 9017 where a namespace that is asked for is not in it.</exception>
    internal OpenRestore(
        SnapshotReader reader,
        Optime optime,
        RestoreFormat format,
        IReadOnlyList<NamespacePattern>? only,
        params IAsyncDisposable[] parts
    )
    {
        RestoreScope.Require(reader, only ?? []);
        _reader = reader;
        _only = only;
        _format = format;
        _parts = parts;
        Optime = optime;
        Excluded =
        [
            .. reader
                .Collections.Where(collection => collection.ExcludedBecause is not null && Wants(collection.Namespace))
                .Select(collection => new ExcludedCollection(collection.Namespace, collection.ExcludedBecause!)),
        ];
    }

    /// <summary>The last entry that is in it.</summary>
    public Optime Optime { get; }

    /// <summary>Collections whose documents are not in it, as they could not be followed.</summary>
    public IReadOnlyList<ExcludedCollection> Excluded { get; }

    /// <summary>
    /// The entries that prepared transactions of which it is not known whether they were committed by then: they are not in it. Only a snapshot
    /// has them, a moment is refused.
    /// </summary>
    public IReadOnlyList<Optime> Undecided { get; internal init; } = [];

    /// <summary>Streams it; the output is flushed, not closed.</summary>
    public async Task<RestoreResult> WriteAsync(Stream output, CancellationToken cancellation = default)
    {
        var format = _format switch
        {
            RestoreFormat.Archive => ExportFormat.Archive,
            RestoreFormat.Directory => ExportFormat.Directory,
            _ => ExportFormat.NdjsonLines,
        };
        var options = new ExportOptions(Includes: _only is null ? null : Wants);
        var result = await SnapshotExport.ToStreamAsync(_reader, format, output, options, cancellation: cancellation);
        return new RestoreResult(result.Documents, result.Bytes, result.Sha256, Optime, Excluded, Undecided);
    }

    private bool Wants(string ns) => _only is null || _only.Any(one => one.Matches(ns));

    public async ValueTask DisposeAsync()
    {
        foreach (var part in _parts)
        {
            await part.DisposeAsync();
        }
    }
}
