using Backup.Cli.Configuration;
using Backup.Cli.Stores;
using Backup.Cli.Telemetry;
using Backup.Foundation.Errors;
using Microsoft.Extensions.Logging;

namespace Backup.Cli.Appliance;

/// <summary>How a daemon is started that is a process of its own.</summary>
internal sealed record DaemonProcessOptions
{
    /// <summary>The configuration file and the environment.</summary>
    internal required ApplianceConfiguration Configuration { get; init; }

    /// <summary>Before that of the configuration; null: that one.</summary>
    internal string? Name { get; init; }

    /// <summary>On loopback. 1 to 65535, or 0 for any.</summary>
    internal int HealthPort { get; init; }

    /// <summary>Log lines to standard error, not only to the file.</summary>
    internal bool Verbose { get; init; }
}

/// <summary>A daemon that is a process of its own, beside others, on stores that they share. It serves nobody but who asks how it is.</summary>
internal sealed class DaemonProcess : IAsyncDisposable
{
    /// <summary>As collectors of telemetry know it.</summary>
    private const string ServiceName = "backup-daemon";

    private readonly Stack<IAsyncDisposable> _parts = new();
    private readonly DataFolder _folder;
    private readonly ILoggerFactory _loggers;
    private readonly LiveSettings _live;
    private BackEnd _backEnd = null!;

    private DaemonProcess(DataFolder folder, ILoggerFactory loggers, LiveSettings live) =>
        (_folder, _loggers, _live) = (folder, loggers, live);

    /// <summary>By which others know it.</summary>
    internal string Name => _backEnd.Options.Name;

    internal Uri HealthAddress { get; private set; } = null!;

    /// <summary>How many heads it keeps now.</summary>
    internal int Heads => _backEnd.Daemon?.Heads.Count ?? 0;

    /// <summary>Another daemon has its name: it does nothing more. Null while all is well.</summary>
    internal BackupException? Displaced => _backEnd.Daemon?.Displaced;

    /// <summary>On failure everything that was started is stopped again.</summary>
    /// <exception cref="BackupException">9503 the folder is in use, 9752 and 9753 the stores are not shared; those of the stores.</exception>
    internal static async Task<DaemonProcess> OpenAsync(
        string root,
        DaemonProcessOptions options,
        CancellationToken cancellation
    )
    {
        var folder = await DataFolder.OpenAsync(root, cancellation);
        var live = new LiveSettings(options.Configuration);
        var collector = OtlpOptions.Read(options.Configuration);
        var loggers = ApplianceLog.Create(folder, live, options.Verbose, ServiceName, collector);
        var process = new DaemonProcess(folder, loggers, live);
        try
        {
            await process.StartAsync(options, collector, cancellation);
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Reads the configuration file anew; what may change while it runs counts from then on, the rest is said in the log.</summary>
    internal void Reload() => _live.Reload(_loggers.CreateLogger(LiveSettings.LogName));

    public async ValueTask DisposeAsync()
    {
        while (_parts.TryPop(out var part))
        {
            await part.DisposeAsync();
        }

        _loggers.Dispose();
        _folder.Dispose();
    }

    private async Task StartAsync(DaemonProcessOptions options, OtlpOptions? collector, CancellationToken cancellation)
    {
        var time = TimeProvider.System;
        var stores = await OpenedStores.OpenAsync(
            _folder,
            // No daemon needs a URI: it stays locked.
            new CatalogueKey(_folder),
            options.Configuration,
            "backup daemon",
            _loggers,
            time,
            cancellation
        );
        _parts.Push(stores);
        var configured = new ApplianceSettings(options.Configuration).Daemon(_folder, isAlone: false);
        _backEnd = await BackEnd.StartAsync(
            stores,
            configured with
            {
                Name = options.Name ?? configured.Name,
            },
            DaemonKind.Whole,
            cancellation
        );
        _parts.Push(_backEnd);
        var health = await PortInUse.TranslateAsync(
            options.HealthPort,
            "--health",
            () => DaemonHealth.StartAsync(options.HealthPort, _backEnd, stores.Metadata, time, cancellation)
        );
        _parts.Push(health);
        HealthAddress = health.Address;
        if (collector is not null)
        {
            var startedAt = time.GetUtcNow();
            _parts.Push(
                new OtlpExport(
                    collector,
                    ServiceName,
                    _ => Task.FromResult(DaemonHealth.Metrics(_backEnd, startedAt).Samples),
                    time,
                    _loggers.CreateLogger(OtlpExport.LogName)
                )
            );
        }
    }
}
