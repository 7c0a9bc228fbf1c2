using Backup.Blockstore;
using Backup.Blockstore.Sealing;
using Backup.Blockstore.Shared;
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
/// The block store and the daemon that works on it. A store whose write failed (a full disk, say) takes no more until it is opened
/// again, and whatever was in work on it must begin again from what is durable: so both are closed and started anew, again and
/// again, until the cause is gone.
/// </summary>
internal sealed partial class BackEnd : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly StorePlace _place;
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
    private volatile OpenBlocks? _blocks;
    private volatile DaemonHost? _daemon;

    private BackEnd(OpenedStores stores, DaemonOptions options, OpenBlocks blocks, DaemonKind kind)
    {
        (_place, _fence, _metadata, _objects) = (stores.Place, stores.Fence, stores.Metadata, stores.Objects);
        (_keys, _time, _loggers, _kind) = (stores.Encryption.Keys, stores.Time, stores.Loggers, kind);
        Options = options;
        _logger = _loggers.CreateLogger("Backup.Daemon");
        _blocks = blocks;
        _daemon = StartDaemon(blocks);
        _watch = Task.Run(() => WatchAsync(_stop.Token));
    }

    /// <summary>The store that is open now.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9517 while it is being opened again.</exception>
    internal IBlockStore Blocks => _blocks?.Store ?? throw CliErrors.StoreReopening(_place.Where);

    /// <summary>What is stored; null while the store is being opened again.</summary>
    internal BlockStoreStatistics? Statistics => _blocks?.Store.Statistics;

    /// <summary>Whether this process has one at all.</summary>
    internal bool HasDaemon => _kind != DaemonKind.None;

    /// <summary>Whether the store takes writes; else it is being opened again.</summary>
    internal bool IsOpen => _blocks is not null;

    /// <summary>Where the blocks are.</summary>
    internal StorePlace Place => _place;

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
        var blocks = await stores.Place.OpenBlocksAsync(stores.Encryption.Keys, stores.Fence, cancellation);
        return new BackEnd(stores, options, blocks, kind);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await CloseAsync();
        _stop.Dispose();
    }

    private DaemonHost? StartDaemon(OpenBlocks blocks) =>
        _kind == DaemonKind.None
            ? null
            : DaemonHost.Start(
                _metadata,
                blocks.Store,
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
            if (_blocks?.HasStopped() == false || cancellation.IsCancellationRequested)
            {
                continue;
            }

            try
            {
                LogReopening();
                await CloseAsync();
                await Task.Delay(Pause, _time, cancellation);
                var blocks = await _place.OpenBlocksAsync(_keys, _fence, cancellation);
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
