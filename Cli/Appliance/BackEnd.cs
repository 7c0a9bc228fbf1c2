using Backup.Blockstore;
using Backup.Blockstore.Sealing;
using Backup.Blockstore.Shared;
using Backup.Blockstore.Shelf;
using Backup.Cli.Stores;
using Backup.Daemon;
using Backup.Metadata;
using Microsoft.Extensions.Logging;

namespace Backup.Cli.Appliance;

/// <summary>What daemon a process has.</summary>
internal enum DaemonKind
{
    /// <summary>None: it is elsewhere.</summary>
    None,

    /// <summary>It works on jobs that need no head.</summary>
    JobsOnly,

    /// <summary>It keeps heads and works on all jobs.</summary>
    Whole,
}

/// <summary>
/// The block stores and the daemon that works on them. A store whose write failed (a full disk, say) takes no more until it is opened
/// again, and whatever was in work on it must begin again from what is durable: so all of it is closed and started anew, again and
/// again, until the cause is gone.
/// </summary>
internal sealed partial class BackEnd : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly IPublicationFence? _fence;
    private readonly IMetadataStore _metadata;
    private readonly IObjectStore _objects;
    private readonly KeyRing _keys;
    private readonly DaemonKind _kind;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watch;
    private volatile OpenShelf? _blocks;
    private volatile DaemonHost? _daemon;

    private BackEnd(OpenedStores stores, DaemonOptions options, OpenShelf blocks, DaemonKind kind)
    {
        (Places, _fence, _metadata, _objects) = (stores.Places, stores.Fence, stores.Metadata, stores.Objects);
        (_keys, _time, _loggers, _kind) = (stores.Encryption.Keys, stores.Time, stores.Loggers, kind);
        Options = options;
        _logger = _loggers.CreateLogger("Backup.Daemon");
        _blocks = blocks;
        _daemon = StartDaemon(blocks);
        _watch = Task.Run(() => WatchAsync(_stop.Token));
    }

    /// <summary>The stores that are open now; mostly one.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9517 while they are being opened again.</exception>
    internal StoreShelf Blocks =>
        Open ?? throw CliErrors.StoreReopening(string.Join(", ", Places.Select(static one => one.Where)));

    /// <summary>The same; null while they are being opened again.</summary>
    internal StoreShelf? Open => _blocks?.Shelf;

    /// <summary>Whether this process has one at all.</summary>
    internal bool HasDaemon => _kind != DaemonKind.None;

    /// <summary>Whether the store takes writes; else it is being opened again.</summary>
    internal bool IsOpen => _blocks is not null;

    /// <summary>Where the blocks are, in the order of the stores.</summary>
    internal IReadOnlyList<StorePlace> Places { get; }

    /// <summary>How the daemon and restores work.</summary>
    internal DaemonOptions Options { get; }

    /// <summary>The daemon that runs now; null while it is being started again, and where this process has none.</summary>
    internal DaemonHost? Daemon => _daemon;

    /// <param name="stores">What it works on.</param>
    /// <param name="options">How the daemon and restores work.</param>
    /// <param name="kind">What daemon there is.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Foundation.Errors.BackupException">5004 and others where the store cannot be opened.</exception>
    internal static async Task<BackEnd> StartAsync(
        OpenedStores stores,
        DaemonOptions options,
        DaemonKind kind,
        CancellationToken cancellation
    )
    {
        var blocks = await OpenShelf.OpenAsync(stores.Places, stores.Encryption.Keys, stores.Fence, cancellation);
        return new BackEnd(stores, options, blocks, kind);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await CloseAsync();
        _stop.Dispose();
    }

    private DaemonHost? StartDaemon(OpenShelf blocks) =>
        _kind == DaemonKind.None
            ? null
            : DaemonHost.Start(
                _metadata,
                blocks.Shelf,
                _objects,
                Options,
                keepsHeads: _kind == DaemonKind.Whole,
                _time,
                _loggers,
                _keys
            );

    private async Task WatchAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            await Task.Delay(Look, _time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_blocks?.HasStopped == false || cancellation.IsCancellationRequested)
            {
                continue;
            }

            try
            {
                LogReopening();
                await CloseAsync();
                await Task.Delay(Pause, _time, cancellation);
                var blocks = await OpenShelf.OpenAsync(Places, _keys, _fence, cancellation);
                _blocks = blocks;
                _daemon = StartDaemon(blocks);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                LogNotReopened(failure);
            }
        }
    }

    private async Task CloseAsync()
    {
        var (daemon, blocks) = (_daemon, _blocks);
        (_daemon, _blocks) = (null, null);
        if (daemon is not null)
        {
            await daemon.DisposeAsync();
        }

        if (blocks is not null)
        {
            await blocks.DisposeAsync();
        }
    }

    [LoggerMessage(40, LogLevel.Warning, "A write to the block store failed: it and the daemon are started again")]
    private partial void LogReopening();

    [LoggerMessage(41, LogLevel.Error, "The block store cannot be opened; it is tried again")]
    private partial void LogNotReopened(Exception failure);
}
