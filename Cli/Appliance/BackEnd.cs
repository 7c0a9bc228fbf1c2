using Backup.Blockstore;
using Backup.Blockstore.Packs;
using Backup.Blockstore.Sealing;
using Backup.Daemon;
using Backup.Metadata;
using Microsoft.Extensions.Logging;

namespace Backup.Cli.Appliance;

/// <summary>
/// The block store and the daemon that works on it. A store whose write failed (a full disk, say) takes no more until it is opened
/// again, and whatever was in work on it must begin again from what is durable: so both are closed and started anew, again and
/// again, until the cause is gone.
/// </summary>
internal sealed partial class BackEnd : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly DataFolder _folder;
    private readonly IMetadataStore _metadata;
    private readonly IObjectStore _objects;
    private readonly KeyRing _keys;
    private readonly bool _keepsHeads;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watch;
    private volatile PackBlockStore? _blocks;
    private volatile DaemonHost? _daemon;

    private BackEnd(
        DataFolder folder,
        DaemonOptions options,
        IMetadataStore metadata,
        IObjectStore objects,
        KeyRing keys,
        PackBlockStore blocks,
        bool keepsHeads,
        TimeProvider time,
        ILoggerFactory loggers
    )
    {
        (_folder, _metadata, _objects, _keys, _keepsHeads, _time, _loggers) = (
            folder,
            metadata,
            objects,
            keys,
            keepsHeads,
            time,
            loggers
        );
        Options = options;
        _logger = loggers.CreateLogger("Backup.Daemon");
        _blocks = blocks;
        _daemon = StartDaemon(blocks);
        _watch = Task.Run(() => WatchAsync(_stop.Token));
    }

    /// <summary>The store that is open now.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9517 while it is being opened again.</exception>
    internal IBlockStore Blocks => _blocks ?? throw CliErrors.StoreReopening(_folder.Blocks);

    /// <summary>What is stored; null while the store is being opened again.</summary>
    internal BlockStoreStatistics? Statistics => _blocks?.Statistics;

    /// <summary>How the daemon and restores work.</summary>
    internal DaemonOptions Options { get; }

    /// <summary>The daemon that runs now; null while it is being started again.</summary>
    internal DaemonHost? Daemon => _daemon;

    /// <exception cref="Foundation.Errors.BackupException">5004 and others where the store cannot be opened.</exception>
    internal static async Task<BackEnd> StartAsync(
        DataFolder folder,
        DaemonOptions options,
        IMetadataStore metadata,
        IObjectStore objects,
        KeyRing keys,
        bool keepsHeads,
        TimeProvider time,
        ILoggerFactory loggers,
        CancellationToken cancellation
    )
    {
        var blocks = await OpenAsync(folder, keys, cancellation);
        return new BackEnd(folder, options, metadata, objects, keys, blocks, keepsHeads, time, loggers);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await CloseAsync();
        _stop.Dispose();
    }

    private DaemonHost StartDaemon(PackBlockStore blocks) =>
        DaemonHost.Start(_metadata, blocks, _objects, Options, _keepsHeads, _time, _loggers, _keys);

    private static Task<PackBlockStore> OpenAsync(DataFolder folder, KeyRing keys, CancellationToken cancellation) =>
        PackBlockStore.OpenAsync(folder.Blocks, new PackStoreOptions { Keys = keys }, cancellation);

    private async Task WatchAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            await Task.Delay(Look, _time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_blocks is { HasStopped: false } || cancellation.IsCancellationRequested)
            {
                continue;
            }

            try
            {
                LogReopening();
                await CloseAsync();
                await Task.Delay(Pause, _time, cancellation);
                var blocks = await OpenAsync(_folder, _keys, cancellation);
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
