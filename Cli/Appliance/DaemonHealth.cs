using System.Net;
using Backup.Metadata;
using Backup.WebUI.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Backup.Cli.Appliance;

/// <summary>
/// How a daemon is, for who watches processes: <c>/healthz</c> (it runs), <c>/readyz</c> (it can work: catalogue and store are there), <c>/metrics</c>. On loopback, to
/// anybody there; it tells numbers and nothing that is stored.
/// </summary>
internal sealed class DaemonHealth : IAsyncDisposable
{
    private readonly WebApplication _application;

    private DaemonHealth(WebApplication application)
    {
        _application = application;
        Address = new Uri(application.Urls.First().TrimEnd('/') + "/");
    }

    /// <summary>With the port that was taken.</summary>
    internal Uri Address { get; }

    /// <exception cref="IOException">The port is taken.</exception>
    internal static async Task<DaemonHealth> StartAsync(
        int port,
        BackEnd backEnd,
        IMetadataStore metadata,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Limits.MaxConcurrentConnections = 20;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(5);
            kestrel.Listen(IPAddress.Loopback, port);
        });
        var application = builder.Build();
        try
        {
            var startedAt = time.GetUtcNow();
            _ = application.UseRouting();
            application.MapGet("/healthz", static () => Results.Text("ok\n"));
            application.MapGet("/readyz", (CancellationToken token) => ReadyAsync(backEnd, metadata, token));
            application.MapGet(
                "/metrics",
                () => Results.Text(Metrics(backEnd, startedAt).ToString(), PrometheusText.MediaType)
            );
            await application.StartAsync(cancellation);
            return new DaemonHealth(application);
        }
        catch
        {
            await application.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private static async Task<IResult> ReadyAsync(
        BackEnd backEnd,
        IMetadataStore metadata,
        CancellationToken cancellation
    )
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(TimeSpan.FromSeconds(5));
        try
        {
            _ = await metadata.Daemons.ListAsync(patience.Token);
        }
        catch (Exception failure)
            when (failure is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            return Results.Text("the catalogue does not answer\n", statusCode: StatusCodes.Status503ServiceUnavailable);
        }

        var why =
            !backEnd.IsOpen ? "the block store is being opened again"
            : backEnd.Daemon?.Displaced is not null ? "another daemon has its name"
            : null;
        return why is null
            ? Results.Text("ready\n")
            : Results.Text($"{why}\n", statusCode: StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>What <c>/metrics</c> says.</summary>
    internal static PrometheusText Metrics(BackEnd backEnd, DateTimeOffset startedAt)
    {
        var text = new PrometheusText();
        var daemon = backEnd.Daemon;
        var heads = daemon?.Heads ?? [];
        text.Gauge("backup_daemon_heads", "Heads that this daemon keeps.", heads.Count);
        text.Gauge(
            "backup_daemon_heads_in_trouble",
            "Heads of this daemon that are being tried again.",
            heads.Count(one => daemon?.Trouble(one) is not null)
        );
        text.Gauge("backup_daemon_ready", "Whether the block store takes writes.", backEnd.IsOpen ? 1 : 0);
        if (backEnd.Open?.Statistics is { } statistics)
        {
            text.Counter("backup_store_new_blocks_total", "Blocks that this process wrote.", statistics.NewBlocks);
            text.Counter("backup_store_new_bytes_total", "Bytes of them, as stored.", statistics.NewBytes);
            text.Counter(
                "backup_store_duplicate_blocks_total",
                "Blocks that were there already.",
                statistics.DuplicateBlocks
            );
        }

        text.Gauge("process_resident_memory_bytes", "Memory of this process.", Environment.WorkingSet);
        text.Gauge("process_start_time_seconds", "When this process started.", startedAt.ToUnixTimeSeconds());
        return text;
    }
}
