using Backup.Daemon.Heads;
using Backup.Daemon.Placement;
using Microsoft.Extensions.Logging;

namespace Backup.Daemon.Schedule;

/// <summary>Works off the schedule, round by round.</summary>
internal sealed partial class SnapshotScheduler : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    private readonly ScheduleRound _round;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _awake = new(0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    internal SnapshotScheduler(HeadServices services, HeadPlacement placement)
    {
        (_time, _logger) = (services.Time, services.Logger);
        _round = new ScheduleRound(
            services.Metadata,
            new OplogRetention(services.Metadata, services.Blocks, services.Objects, services.Time),
            services.Options.RetentionInterval,
            services.Time,
            services.Logger,
            services.Options.GroomHour
        )
        {
            Keeps = placement.Keeps,
            IsFirst = () => placement.IsFirst,
        };
        _loop = Task.Run(() => LoopAsync(_stop.Token));
    }

    /// <summary>Looks at once: a head has become able to give a snapshot, and its first one is due then.</summary>
    internal void Wake() => _awake.Release();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task LoopAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await _round.LookAsync(cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                LogFailed(failure);
            }

            await PauseAsync(cancellation);
        }
    }

    private async Task PauseAsync(CancellationToken cancellation)
    {
        using var look = new CancellationTokenSource(Look, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(look.Token, cancellation);
        await _awake.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // One look is for all that have called: of thousands of heads that start together each does.
        while (_awake.Wait(TimeSpan.Zero, CancellationToken.None)) { }
    }

    [LoggerMessage(30, LogLevel.Error, "The schedule of snapshots could not be worked off")]
    private partial void LogFailed(Exception failure);
}
