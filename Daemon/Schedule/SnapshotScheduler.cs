using System.Text.Json;
using Backup.Daemon.Heads;
using Backup.Daemon.Jobs;
using Backup.Metadata;
using Microsoft.Extensions.Logging;

namespace Backup.Daemon.Schedule;

/// <summary>Queues the snapshots that policies ask for, and removes those whose time is over and the oplog that nothing needs any more.</summary>
internal sealed partial class SnapshotScheduler : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    private readonly IMetadataStore _metadata;
    private readonly OplogRetention _retention;
    private readonly TimeSpan _retentionInterval;
    private readonly Dictionary<string, DateTimeOffset> _groomed = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _awake = new(0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    internal SnapshotScheduler(HeadServices services)
    {
        (_metadata, _time, _logger) = (services.Metadata, services.Time, services.Logger);
        _retention = new OplogRetention(services.Metadata, services.Blocks, services.Objects, services.Time);
        _retentionInterval = services.Options.RetentionInterval;
        _loop = Task.Run(() => LoopAsync(_stop.Token));
    }

    /// <summary>Looks at once: a head has become able to give a snapshot, and its first one is due then.</summary>
    internal void Wake() => _awake.Release();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task LoopAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                // What is no longer protected stays as it is: nothing new would take the place of what expires.
                var removed = (await _metadata.Deployments.ListAsync(cancellation))
                    .Where(deployment => !deployment.IsProtected)
                    .Select(deployment => deployment.Id)
                    .ToHashSet(StringComparer.Ordinal);
                foreach (var set in await _metadata.Deployments.ReplicaSetsAsync(cancellation))
                {
                    if (!removed.Contains(set.DeploymentId))
                    {
                        await LookAfterAsync(set, cancellation);
                    }
                }
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                LogFailed(failure);
            }

            await PauseAsync(cancellation);
        }
    }

    private async Task PauseAsync(CancellationToken cancellation)
    {
        using var look = new CancellationTokenSource(Look, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(look.Token, cancellation);
        await _awake.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task LookAfterAsync(ReplicaSetRecord set, CancellationToken cancellation)
    {
        var now = _time.GetUtcNow();
        var policy = await _metadata.Deployments.PolicyAsync(set.Id, cancellation);
        var snapshots = await _metadata.Snapshots.ListAsync(set.Id, cancellation);
        if (
            set.State == ReplicaSetState.Tailing
            && SnapshotSchedule.IsDue(policy, snapshots.Count == 0 ? null : snapshots[0].CreatedAt, now)
            && !await IsUnderWayAsync(set.Id, cancellation)
        )
        {
            var arguments = JsonSerializer.Serialize(new SnapshotArguments(SnapshotArguments.Policy), JobKinds.Json);
            await _metadata.Jobs.AddAsync(JobKinds.New(JobKinds.Snapshot, set.Id, arguments, now), cancellation);
        }

        var events = await _metadata.Heads.EventsAsync(set.Id, cancellation);
        foreach (var snapshot in SnapshotSchedule.Expired(snapshots, events, policy.PointInTimeWindow, now))
        {
            await _metadata.Snapshots.RemoveAsync(snapshot.Id, cancellation);
            LogExpired(snapshot.Id, set.Name);
        }

        if (!_groomed.TryGetValue(set.Id, out var last) || now - last >= _retentionInterval)
        {
            _groomed[set.Id] = now;
            await _retention.GroomAsync(set, cancellation);
        }
    }

    private async Task<bool> IsUnderWayAsync(string replicaSetId, CancellationToken cancellation)
    {
        var jobs = await _metadata.Jobs.ListAsync(limit: 200, cancellation);
        return jobs.Any(job =>
            job.Kind == JobKinds.Snapshot
            && job.ReplicaSetId == replicaSetId
            && job.State is (JobState.Queued or JobState.Running)
        );
    }

    [LoggerMessage(30, LogLevel.Error, "The schedule of snapshots could not be worked off")]
    private partial void LogFailed(Exception failure);

    [LoggerMessage(31, LogLevel.Information, "Snapshot {Id} of {Name} has had its time and is removed")]
    private partial void LogExpired(string id, string name);
}
