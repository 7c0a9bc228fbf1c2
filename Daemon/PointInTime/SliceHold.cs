using Backup.Metadata;
using Microsoft.Extensions.Logging;

namespace Backup.Daemon.PointInTime;

/// <summary>
/// Keeps what a restore reads from being given up: a hold in the metadata, renewed while this lives. Of a killed process the hold runs out
/// by itself.
/// </summary>
internal sealed partial class SliceHold : IAsyncDisposable
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(3);

    private readonly IReadHolds _holds;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ReadHold _hold;
    private readonly CancellationTokenSource _stop = new();
    private Task _renewal = Task.CompletedTask;

    private SliceHold(IReadHolds holds, TimeProvider time, ILogger logger, ReadHold hold) =>
        (_holds, _time, _logger, _hold) = (holds, time, logger, hold);

    /// <summary>When this is back, nothing of the plan that was there is given up any more.</summary>
    internal static async Task<SliceHold> TakeAsync(
        IMetadataStore metadata,
        RestorePlan plan,
        TimeProvider time,
        ILogger logger,
        CancellationToken cancellation
    )
    {
        var record = new ReadHold(
            Guid.CreateVersion7(time.GetUtcNow()).ToString("N"),
            plan.Set.Id,
            plan.SyncId,
            plan.ReplayFrom,
            plan.Manifest.ToString(),
            time.GetUtcNow() + Lease
        );
        var hold = new SliceHold(metadata.Holds, time, logger, record);
        await metadata.Holds.SetAsync(record, cancellation);
        hold._renewal = hold.RenewAsync();
        return hold;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _renewal;
        _stop.Dispose();
        try
        {
            await _holds.ReleaseAsync(_hold.Id);
        }
        catch (Foundation.Errors.BackupException failure)
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
            catch (Foundation.Errors.BackupException failure)
            {
                LogNotRenewed(failure);
            }
        }
    }

    [LoggerMessage(50, LogLevel.Warning, "A restore's hold on its oplog could not be renewed; it is tried again")]
    private partial void LogNotRenewed(Exception failure);

    [LoggerMessage(51, LogLevel.Warning, "A restore's hold on its oplog could not be released; it runs out by itself")]
    private partial void LogNotReleased(Exception failure);
}
