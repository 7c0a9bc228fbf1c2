using Backup.Cli.Manual;
using Backup.Daemon.Jobs;
using Backup.WebUI.Frame;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Backup.Cli.Telemetry;

/// <summary>
/// Tells a collector what this process does: what <c>/metrics</c> says, requests and jobs as traces, and the lines of the log. A collector that is away costs
/// nothing but a line in the log; what was not told is lost.
/// </summary>
internal sealed partial class OtlpExport : IAsyncDisposable
{
    internal const string LogName = "Backup.Telemetry";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly OtlpOptions _options;
    private readonly Func<CancellationToken, Task<IReadOnlyList<MetricSample>>> _look;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ObservedMetrics _observed = new();
    private readonly TracerProvider _traces;
    private readonly MeterProvider _metrics;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    /// <param name="options">To whom.</param>
    /// <param name="service">Which part this process is: backup-appliance, backup-server, backup-daemon.</param>
    /// <param name="look">What <c>/metrics</c> says now.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where it says that nobody answers.</param>
    internal OtlpExport(
        OtlpOptions options,
        string service,
        Func<CancellationToken, Task<IReadOnlyList<MetricSample>>> look,
        TimeProvider time,
        ILogger log
    )
    {
        (_options, _look, _time, _log) = (options, look, time, log);
        _traces = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(Resource(service))
            .AddSource(JobTraces.SourceName, RequestIds.Requests)
            .AddOtlpExporter(exporter => Configure(exporter, options, "v1/traces"))
            .Build();
        _metrics = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(Resource(service))
            .AddMeter(ObservedMetrics.MeterName, "System.Runtime", "Microsoft.AspNetCore.Hosting")
            .AddOtlpExporter(
                (exporter, reader) =>
                {
                    Configure(exporter, options, "v1/metrics");
                    // It is flushed after each look, never between two.
                    reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = int.MaxValue;
                }
            )
            .Build();
        _loop = Task.Run(() => LoopAsync(_stop.Token));
    }

    /// <summary>The log's lines go there too.</summary>
    internal static void AddTo(ILoggingBuilder logging, OtlpOptions options, string service) =>
        logging.AddOpenTelemetry(telemetry =>
        {
            telemetry.IncludeFormattedMessage = true;
            telemetry.SetResourceBuilder(Resource(service));
            telemetry.AddOtlpExporter(exporter => Configure(exporter, options, "v1/logs"));
        });

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.Run(() =>
        {
            _traces.Dispose();
            _metrics.Dispose();
        });
        _observed.Dispose();
        _stop.Dispose();
    }

    private async Task LoopAsync(CancellationToken cancellation)
    {
        var isHeard = true;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                _observed.Show(await _look(cancellation));
                var heard = _metrics.ForceFlush((int)Patience.TotalMilliseconds);
                if (heard != isHeard)
                {
                    isHeard = heard;
                    Tell(heard);
                }
            }
            catch (Exception failure) when (!cancellation.IsCancellationRequested)
            {
                LogNotLooked(failure);
            }

            await Task.Delay(_options.Interval, _time, cancellation)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Tell(bool heard)
    {
        if (heard)
        {
            LogHeard(_options.ToString());
        }
        else
        {
            LogUnheard(_options.ToString());
        }
    }

    private static ResourceBuilder Resource(string service) =>
        ResourceBuilder
            .CreateEmpty()
            .AddService(
                service,
                serviceVersion: ManualPages.ProductVersion(),
                serviceInstanceId: $"{Environment.MachineName}:{Environment.ProcessId}"
            );

    private static void Configure(OtlpExporterOptions exporter, OtlpOptions options, string path)
    {
        exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
        exporter.Endpoint = new Uri(options.Endpoint, path);
        exporter.TimeoutMilliseconds = (int)Patience.TotalMilliseconds;
        // Not as the exporter takes them, in one text: values may have commas.
        exporter.HttpClientFactory = () =>
        {
            var client = new HttpClient { Timeout = Patience };
            foreach (var (name, value) in options.Headers)
            {
                _ = client.DefaultRequestHeaders.TryAddWithoutValidation(name, value);
            }

            return client;
        };
    }

    [LoggerMessage(
        9730,
        LogLevel.Warning,
        "The collector at {Collector} does not take metrics; they are sent again with the next look"
    )]
    private partial void LogUnheard(string collector);

    [LoggerMessage(9731, LogLevel.Information, "The collector at {Collector} takes metrics again")]
    private partial void LogHeard(string collector);

    [LoggerMessage(9732, LogLevel.Warning, "The metrics could not be looked at for the collector")]
    private partial void LogNotLooked(Exception failure);
}
