using Backup.Foundation.Errors;
using Backup.Metadata;
using Microsoft.Extensions.Logging;

namespace Backup.BackupHttpServer.Measuring;

/// <summary>
/// Makes spans of 5 minutes of samples, and of an hour of these, once they are over. Which are to be made stands in the catalogue: what a crash leaves is made by the next
/// round, of whichever instance, and what comes late makes a span anew.
/// </summary>
/// <param name="metadata">The catalogue.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where it logs.</param>
internal sealed partial class SpanRoller(IMetadataStore metadata, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private const int AtOnce = 200;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;
    private int _disposed;

    public void Start() => _loop = RunAsync(_stop.Token);

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    /// <summary>Makes all that are over.</summary>
    /// <returns>How many were made.</returns>
    internal async Task<int> RoundAsync(CancellationToken cancellation)
    {
        var made = 0;
        while (true)
        {
            // A minute later: what was sent within it is there.
            var due = await metadata.Monitoring.DueAsync(time.GetUtcNow() - Minute, AtOnce, cancellation);
            foreach (var one in due)
            {
                await RollAsync(one, cancellation);
                made++;
            }

            // What was made may have made a longer one due.
            if (due.Count == 0)
            {
                return made;
            }
        }
    }

    private async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await RoundAsync(cancellation);
            }
            catch (BackupException failure)
            {
                LogFailed(failure);
            }

            await Task.Delay(Interval, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RollAsync(DueSpan due, CancellationToken cancellation)
    {
        var isShort = due.Minutes == Monitoring.ShortMinutes;
        var span = await MakeAsync(due, isShort, cancellation);
        await metadata.Monitoring.RollAsync(
            due,
            span,
            isShort ? Monitoring.KeepShort : Monitoring.KeepLong,
            isShort ? Monitoring.LongMinutes : null,
            cancellation
        );
    }

    /// <summary>Of what is damaged nothing can be made: it is left out, and keeps none of the others.</summary>
    private async Task<SpanRecord?> MakeAsync(DueSpan due, bool isShort, CancellationToken cancellation)
    {
        try
        {
            return isShort ? await OfSamplesAsync(due, cancellation) : await OfSpansAsync(due, cancellation);
        }
        catch (BackupException damage) when (damage.Number == FoundationErrors.ZstdFailed)
        {
            LogDamaged(due.DeploymentId, due.From, damage);
            return null;
        }
    }

    private async Task<SpanRecord?> OfSamplesAsync(DueSpan due, CancellationToken cancellation)
    {
        // Counters are measured from the sample before.
        var rows = await metadata.Monitoring.ListAsync(
            due.DeploymentId,
            due.From - Monitoring.LookBack,
            due.To,
            cancellation
        );
        var before = rows.LastOrDefault(one => one.At < due.From);
        var samples = rows.Where(one => one.At >= due.From).Select(MonitoringContent.ReadSample).ToList();
        return samples.Count == 0
            ? null
            : MonitoringContent.Write(
                due,
                SpanMaker.Of(
                    due.From,
                    due.To - due.From,
                    before is null ? null : MonitoringContent.ReadSample(before),
                    samples
                )
            );
    }

    private async Task<SpanRecord?> OfSpansAsync(DueSpan due, CancellationToken cancellation)
    {
        var rows = await metadata.Monitoring.SpansAsync(
            due.DeploymentId,
            Monitoring.ShortMinutes,
            due.From,
            due.To,
            cancellation
        );
        return rows.Count == 0
            ? null
            : MonitoringContent.Write(
                due,
                SpanMaker.Join(due.From, due.To - due.From, [.. rows.Select(MonitoringContent.ReadSpan)])
            );
    }

    [LoggerMessage(91, LogLevel.Error, "What servers of {Deployment} told from {From} on is damaged and left out")]
    private partial void LogDamaged(string deployment, DateTimeOffset from, Exception failure);

    [LoggerMessage(90, LogLevel.Warning, "What sources' servers told could not be summed up; it is tried again")]
    private partial void LogFailed(Exception failure);
}
