using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Sealing;
using Backup.Blockstore.Shared;
using Backup.Blockstore.Shelf;
using Backup.Daemon.Cuts;
using Backup.Daemon.Heads;
using Backup.Daemon.Jobs;
using Backup.Daemon.Placement;
using Backup.Daemon.PointInTime;
using Backup.Daemon.Schedule;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Foundation.Files;
using Backup.Metadata;
using Backup.Oplog;
using Microsoft.Extensions.Logging;

namespace Backup.Daemon;

/// <summary>A running daemon: a keeper for each head that is its to keep, the job queue, the schedule.</summary>
public sealed partial class DaemonHost : IAsyncDisposable
{
    private readonly IBlockStore _blocks;
    private readonly JobWorker _jobs;
    private readonly SnapshotScheduler? _schedule;
    private readonly HeadPlacement? _placement;
    private readonly HeadBell? _bell;

    private DaemonHost(HeadServices services, bool keepsHeads)
    {
        _blocks = services.Blocks;
        var verify = new VerifyJob(services.Metadata, services.Blocks, services.Time, services.Logger);
        IJobHandler[] ofStore = [verify, .. OfStore(services)];
        if (!keepsHeads)
        {
            _jobs = new JobWorker(
                services.Metadata,
                ofStore,
                services.Options,
                services.Time,
                services.Logger,
                () => HasStopped
            );
            return;
        }

        _bell = new HeadBell(services.Metadata, services.Time, services.Logger);
        services = services with { Bell = _bell };
        SnapshotScheduler? schedule = null;
        var placement = new HeadPlacement(services with { OnTailing = () => Volatile.Read(ref schedule)?.Wake() });
        var watch = new CutWatch(services, placement.KeeperOf);
        IJobHandler[] handlers =
        [
            .. ofStore,
            new SnapshotJob(services.Metadata, placement.KeeperOf, services.Time),
            new ClusterCutJob(CutKind.Snapshot, services, watch),
            new ClusterCutJob(CutKind.Checkpoint, services, watch),
        ];
        _placement = placement;
        _jobs = new JobWorker(
            services.Metadata,
            handlers,
            services.Options,
            services.Time,
            services.Logger,
            () => HasStopped,
            () => placement.Heads
        );
        Volatile.Write(ref schedule, new SnapshotScheduler(services, placement));
        _schedule = schedule;
    }

    private static IEnumerable<IJobHandler> OfStore(HeadServices services)
    {
        if (services.Blocks is IGroomable groomable)
        {
            yield return new GroomJob(
                services.Metadata,
                services.Blocks,
                groomable,
                services.Options.GroomExtraShare,
                services.Time,
                services.Logger
            );
        }

        if (services.Blocks is StoreShelf shelf)
        {
            yield return new MoveGroupJob(services.Metadata, shelf, services.Keys, services.Time);
        }

        if (services.Blocks is ICheckable checkable)
        {
            yield return new CheckJob(services.Metadata, services.Blocks, checkable, services.Time);
        }
    }

    /// <param name="metadata">The catalogue of everything.</param>
    /// <param name="blocks">Runs and manifests.</param>
    /// <param name="objects">Slices.</param>
    /// <param name="options">How it works.</param>
    /// <param name="keepsHeads">False: only jobs that need no head are worked on.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where it logs.</param>
    /// <param name="keys">What heads put is sealed under those of their group; null: all of it is put plain.</param>
    public static DaemonHost Start(
        IMetadataStore metadata,
        IBlockStore blocks,
        IObjectStore objects,
        DaemonOptions options,
        bool keepsHeads,
        TimeProvider time,
        ILoggerFactory loggers,
        KeyRing? keys = null
    )
    {
        DurableFile.CreateFolder(options.SpillFolder);
        // A restore that runs now would read from stores that were just opened again beneath it: it is lost anyway.
        RestoreFolder.RemoveLeftovers(options);
        var logger = loggers.CreateLogger("Backup.Daemon");
        var services = new HeadServices(metadata, blocks, objects, options, time, logger)
        {
            OnNotice = notice => LogNotice(logger, notice.Kind, notice.Namespace, notice.At, notice.Text),
            Keys = keys,
        };
        return new DaemonHost(services, keepsHeads);
    }

    /// <summary>What the head of that replica set holds now; null where this daemon does not keep it.</summary>
    public Optime? LiveOptime(string replicaSetId) => _placement?.KeeperOf(replicaSetId)?.Live;

    /// <summary>What the head of that replica set is being tried again for; null while all is well, and where this daemon does not keep it.</summary>
    public Exception? Trouble(string replicaSetId) => _placement?.KeeperOf(replicaSetId)?.Trouble;

    /// <summary>Ids of the replica sets whose heads it keeps now.</summary>
    public IReadOnlyCollection<string> Heads => _placement?.Heads ?? [];

    /// <summary>Why this daemon has stopped keeping heads for good (9025); null while all is well.</summary>
    public BackupException? Displaced => _placement?.Displaced;

    /// <summary>
    /// The block store takes nothing more from this process until it is opened again: others that share it went on without it, or a write failed for good.
    /// The heads are given back then, and no job is taken. It is for the owner to dispose this daemon, to open the store again, and to start another one.
    /// </summary>
    public bool HasStopped => SharedStores.HasStopped(_blocks);

    /// <summary>Stops at the next slice; what is not in a checkpoint is applied again at the next start, or by another daemon.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_schedule is not null)
        {
            await _schedule.DisposeAsync();
        }

        await _jobs.DisposeAsync();
        if (_placement is not null)
        {
            await _placement.DisposeAsync();
        }

        if (_bell is not null)
        {
            await _bell.DisposeAsync();
        }
    }

    [LoggerMessage(2, LogLevel.Warning, "{Kind} in {Namespace} at {At}: {Text}")]
    private static partial void LogNotice(
        ILogger logger,
        ReplayNoticeKind kind,
        string @namespace,
        Optime at,
        string text
    );
}
