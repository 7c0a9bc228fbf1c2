using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Microsoft.Extensions.Logging;

namespace Backup.Daemon.PointInTime;

/// <summary>
/// Keeps what a restore reads from being given up: a hold in the metadata, renewed while this lives, and one on the blocks. Of a killed process the
/// first runs out by itself, and there is no second.
/// </summary>
internal sealed partial class SliceHold : IAsyncDisposable
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(3);

    /// <summary>Behind every entry.</summary>
    private static readonly Optime NoEntry = new(uint.MaxValue, uint.MaxValue);

    private readonly IReadHolds _holds;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ReadHold _hold;
    private readonly BlockHold _ofBlocks;
    private readonly CancellationTokenSource _stop = new();
    private Task _renewal = Task.CompletedTask;

    private SliceHold(IReadHolds holds, TimeProvider time, ILogger logger, ReadHold hold, BlockHold ofBlocks) =>
        (_holds, _time, _logger, _hold, _ofBlocks) = (holds, time, logger, hold, ofBlocks);

    /// <summary>When this is back, nothing of the plan that was there is given up any more; where the disk is full, once there is room.</summary>
    internal static Task<SliceHold> TakeAsync(
        IMetadataStore metadata,
        IBlockStore blocks,
        RestorePlan plan,
        TimeProvider time,
        ILogger logger,
        CancellationToken cancellation
    ) =>
        TakeAsync(
            metadata,
            New(plan.Set.Id, plan.SyncId, plan.ReplayFrom, plan.Manifest.ToString(), time),
            blocks.Holds.Keep([plan.Manifest]),
            time,
            logger,
            cancellation
        );

    /// <summary>When this is back, a snapshot that was there is not removed any more (where the disk is full, once there is room); of the oplog nothing is held.</summary>
    internal static Task<SliceHold> TakeAsync(
        IMetadataStore metadata,
        IBlockStore blocks,
        SnapshotRecord snapshot,
        TimeProvider time,
        ILogger logger,
        CancellationToken cancellation
    ) =>
        TakeAsync(
            metadata,
            New(snapshot.ReplicaSetId, snapshot.SyncId, NoEntry, snapshot.ManifestBlock, time),
            blocks.Holds.Keep([SnapshotBases.ManifestOf(snapshot)]),
            time,
            logger,
            cancellation
        );

    private static ReadHold New(string replicaSetId, string syncId, Optime from, string manifest, TimeProvider time)
    {
        var now = time.GetUtcNow();
        return new ReadHold(Guid.CreateVersion7(now).ToString("N"), replicaSetId, syncId, from, manifest, now + Lease);
    }

    private static async Task<SliceHold> TakeAsync(
        IMetadataStore metadata,
        ReadHold record,
        BlockHold ofBlocks,
        TimeProvider time,
        ILogger logger,
        CancellationToken cancellation
    )
    {
        var hold = new SliceHold(metadata.Holds, time, logger, record, ofBlocks);
        try
        {
            await metadata.Holds.SetAsync(record, cancellation);
        }
        catch (BackupException failure) when (failure.Number == FoundationErrors.DiskFull)
        {
            // A full disk keeps nobody from a restore. Where there is no room to write the hold down there is none to give anything up;
            // it is tried again with the renewals.
            hold.LogNotTaken(failure);
        }
        catch
        {
            ofBlocks.Dispose();
            throw;
        }

        hold._renewal = hold.RenewAsync();
        return hold;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _renewal;
        _stop.Dispose();
        _ofBlocks.Dispose();
        try
        {
            await _holds.ReleaseAsync(_hold.Id);
        }
        catch (BackupException failure)
        {
            LogNotReleased(failure);
        }
    }

    private async Task RenewAsync()
    {
        while (true)
        {
            await Task.Delay(Lease / 6, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_stop.IsCancellationRequested)
            {
                return;
            }

            try
            {
                await _holds.SetAsync(_hold with { Until = _time.GetUtcNow() + Lease });
            }
            catch (BackupException failure)
            {
                LogNotRenewed(failure);
            }
        }
    }

    [LoggerMessage(50, LogLevel.Warning, "A restore's hold on its oplog could not be renewed; it is tried again")]
    private partial void LogNotRenewed(Exception failure);

    [LoggerMessage(
        52,
        LogLevel.Warning,
        "The disk is full: a restore goes on without a hold on what it reads until there is room for it"
    )]
    private partial void LogNotTaken(Exception failure);

    [LoggerMessage(51, LogLevel.Warning, "A restore's hold on its oplog could not be released; it runs out by itself")]
    private partial void LogNotReleased(Exception failure);
}
