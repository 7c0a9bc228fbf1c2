using System.Collections.Concurrent;
using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Daemon.Cuts;
using Backup.Daemon.Heads;
using Backup.Daemon.Jobs;
using Backup.Daemon.PointInTime;
using Backup.Daemon.Schedule;
using Backup.Foundation;
using Backup.Foundation.Files;
using Backup.Metadata;
using Backup.Oplog;
using Microsoft.Extensions.Logging;

namespace Backup.Daemon;

/// <summary>A running daemon: one keeper a replica set, the job queue, the schedule.</summary>
public sealed partial class DaemonHost : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);

    private readonly HeadServices _services;
    private readonly ConcurrentDictionary<string, HeadKeeper> _keepers = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly JobWorker _jobs;
    private readonly SnapshotScheduler? _schedule;
    private readonly Task _loop = Task.CompletedTask;

    private DaemonHost(HeadServices services, bool keepsHeads)
    {
        _services = services;
        var verify = new VerifyJob(services.Metadata, services.Blocks, services.Time, services.Logger);
        IJobHandler[] ofStore = [verify, .. OfStore(services)];
        if (!keepsHeads)
        {
            _jobs = new JobWorker(services.Metadata, ofStore, services.Options, services.Time, services.Logger);
            return;
        }

        var snapshot = new SnapshotJob(services.Metadata, _keepers.GetValueOrDefault, services.Time);
        var watch = new CutWatch(services, LiveOptime);
        IJobHandler[] handlers =
        [
            .. ofStore,
            snapshot,
            new ClusterCutJob(CutKind.Snapshot, services, watch),
            new ClusterCutJob(CutKind.Checkpoint, services, watch),
        ];
        _jobs = new JobWorker(services.Metadata, handlers, services.Options, services.Time, services.Logger);
        _schedule = new SnapshotScheduler(services);
        services.OnTailing = _schedule.Wake;
        _loop = Task.Run(() => LookForReplicaSetsAsync(_stop.Token));
    }

    private static IEnumerable<IJobHandler> OfStore(HeadServices services)
    {
        if (services.Blocks is IGroomable groomable)
        {
            yield return new GroomJob(services.Metadata, services.Blocks, groomable, services.Time, services.Logger);
        }

        if (services.Blocks is ICheckable checkable)
        {
            yield return new CheckJob(services.Metadata, services.Blocks, checkable);
        }
    }

    /// <param name="metadata">The catalogue of everything.</param>
    /// <param name="blocks">Runs and manifests.</param>
    /// <param name="objects">Slices.</param>
    /// <param name="options">How it works.</param>
    /// <param name="keepsHeads">False: only jobs that need no head are worked on.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where it logs.</param>
    public static DaemonHost Start(
        IMetadataStore metadata,
        IBlockStore blocks,
        IObjectStore objects,
        DaemonOptions options,
        bool keepsHeads,
        TimeProvider time,
        ILoggerFactory loggers
    )
    {
        DurableFile.CreateFolder(options.SpillFolder);
        // A restore that runs now would read from stores that were just opened again beneath it: it is lost anyway.
        RestoreFolder.RemoveLeftovers(options);
        var logger = loggers.CreateLogger("Backup.Daemon");
        var services = new HeadServices(metadata, blocks, objects, options, time, logger)
        {
            OnNotice = notice => LogNotice(logger, notice.Kind, notice.Namespace, notice.At, notice.Text),
        };
        return new DaemonHost(services, keepsHeads);
    }

    /// <summary>What the head of that replica set holds now; null where this daemon keeps none.</summary>
    public Optime? LiveOptime(string replicaSetId) => _keepers.GetValueOrDefault(replicaSetId)?.Live;

    /// <summary>What the head of that replica set is being tried again for; null while all is well.</summary>
    public Exception? Trouble(string replicaSetId) => _keepers.GetValueOrDefault(replicaSetId)?.Trouble;

    /// <summary>Stops at the next slice; what is not in a checkpoint is applied again at the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_schedule is not null)
        {
            await _schedule.DisposeAsync();
        }

        await _jobs.DisposeAsync();
        foreach (var keeper in _keepers.Values)
        {
            await keeper.DisposeAsync();
        }

        _stop.Dispose();
    }

    private async Task LookForReplicaSetsAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                foreach (var set in await _services.Metadata.Deployments.ReplicaSetsAsync(cancellation))
                {
                    if (!_keepers.ContainsKey(set.Id))
                    {
                        _keepers[set.Id] = new HeadKeeper(_services, set.Id);
                    }
                }

                await _services.Metadata.WaitForChangeAsync(Look, cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                LogFailed(_services.Logger, failure);
                await Task.Delay(Look, _services.Time, cancellation)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Error, "Replica sets could not be listed")]
    private static partial void LogFailed(ILogger logger, Exception failure);

    [LoggerMessage(2, LogLevel.Warning, "{Kind} in {Namespace} at {At}: {Text}")]
    private static partial void LogNotice(
        ILogger logger,
        ReplayNoticeKind kind,
        string @namespace,
        Optime at,
        string text
    );
}
