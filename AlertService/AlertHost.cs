using Backup.AlertService.Channels;
using Backup.AlertService.Excerpts;
using Backup.AlertService.Notices;
using Backup.AlertService.Watch;
using Backup.Foundation.Secrets;
using Backup.Metadata;
using Microsoft.Extensions.Logging;

namespace Backup.AlertService;

/// <summary>
/// Watches the conditions, decides who is told, and tells them. Any number of instances may do so on one catalogue: one of them watches, all of them tell, and nobody is told twice.
/// </summary>
public sealed class AlertHost : IAsyncDisposable
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly IMetadataStore _metadata;
    private readonly AlertOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ChannelSenders _senders;
    private readonly ConditionWatch _watch;
    private readonly Teller _teller;
    private readonly Couriers _couriers;
    private readonly Emergency _emergency;
    private readonly ExcerptCollector _collector;
    private readonly string _name = Guid.NewGuid().ToString("N");
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _work = [];

    private AlertHost(
        AlertOptions options,
        IMetadataStore metadata,
        Func<CancellationToken, Task<ApplianceFacts>> appliance,
        Func<SecretBox> secrets,
        TimeProvider time,
        ILogger logger
    )
    {
        (_options, _metadata, _time, _logger) = (options, metadata, time, logger);
        _senders = new ChannelSenders(metadata.Settings, secrets, time);
        _watch = new ConditionWatch(metadata, new FactsReader(metadata, appliance, time, options.Link), logger);
        _teller = new Teller(metadata, time);
        _couriers = new Couriers(metadata, _senders, options, time, logger);
        _emergency = new Emergency(metadata, _senders, options, time, logger);
        _collector = new ExcerptCollector(metadata, time, logger);
    }

    /// <param name="options">How.</param>
    /// <param name="metadata">The catalogue of everything.</param>
    /// <param name="appliance">What is not in it.</param>
    /// <param name="secrets">What channels' secrets are sealed with.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Logs.</param>
    public static AlertHost Start(
        AlertOptions options,
        IMetadataStore metadata,
        Func<CancellationToken, Task<ApplianceFacts>> appliance,
        Func<SecretBox> secrets,
        TimeProvider time,
        ILoggerFactory loggers
    )
    {
        var host = new AlertHost(options, metadata, appliance, secrets, time, loggers.CreateLogger("Backup.Alerts"));
        host._work.Add(host.EveryAsync(options.Look, host.WatchAsync));
        host._work.Add(host.EveryAsync(options.Tell, async stop => _ = await host._teller.RoundAsync(stop)));
        host._work.Add(host.EveryAsync(options.Look, host.CollectAsync));
        host._work.Add(host.EveryAsync(Hour, host.PruneAsync));
        for (var courier = 0; courier < options.Couriers; courier++)
        {
            host._work.Add(host.EveryAsync(options.Tell, host.DeliverAsync));
        }

        return host;
    }

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        await _stop.CancelAsync();
        await Task.WhenAll(_work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _senders.Dispose();
        _stop.Dispose();
    }

    private async Task WatchAsync(CancellationToken stop)
    {
        try
        {
            if (await _metadata.Alerts.TakeWatchAsync(_name, _options.Watch, stop))
            {
                await _watch.RoundAsync(stop);
            }

            await _emergency.WorkedAsync(stop);
        }
        catch (Exception failure) when (!stop.IsCancellationRequested)
        {
            await _emergency.FailedAsync(failure, stop);
            throw;
        }
    }

    /// <summary>By whoever watches: beside it, as servers take their time.</summary>
    private async Task CollectAsync(CancellationToken stop)
    {
        if (await _metadata.Alerts.TakeWatchAsync(_name, _options.Watch, stop))
        {
            await _collector.RoundAsync(stop);
        }
    }

    private async Task DeliverAsync(CancellationToken stop)
    {
        while (await _couriers.DeliverOneAsync(stop))
        {
            stop.ThrowIfCancellationRequested();
        }
    }

    private async Task PruneAsync(CancellationToken stop)
    {
        var before = _time.GetUtcNow() - _options.Kept;
        await _metadata.AlertChannels.PruneAsync(before, stop);
        await _metadata.Alerts.PruneAsync(before, stop);
        await _metadata.Radar.PruneAsync(before, stop);
    }

    /// <summary>Whatever a round ends with, there is another one.</summary>
    private async Task EveryAsync(TimeSpan pause, Func<CancellationToken, Task> round)
    {
        var stop = _stop.Token;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await round(stop);
            }
            catch (Exception failure) when (!stop.IsCancellationRequested)
            {
                AlertLog.RoundFailed(_logger, failure);
            }

            await Task.Delay(pause, _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
