using System.Text.Json;
using Backup.Daemon.Jobs;
using Backup.Metadata;
using Microsoft.Extensions.Logging;

namespace Backup.Daemon.Schedule;

/// <summary>
/// One look at everything that is protected: queues the snapshots that policies ask for, and removes those whose time is over and the oplog that
/// nothing needs any more.
/// </summary>
/// <param name="metadata">The catalogue of everything.</param>
/// <param name="oplog">Gives up what is not needed.</param>
/// <param name="oplogInterval">How often it does.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where it logs.</param>
/// <param name="groomHour">Of the day, UTC, at which the block store is groomed; null: whenever it pays.</param>
internal sealed partial class ScheduleRound(
    IMetadataStore metadata,
    OplogRetention oplog,
    TimeSpan oplogInterval,
    TimeProvider time,
    ILogger logger,
    int? groomHour = null
)
{
    private readonly Retention _retention = new(metadata, time);
    private readonly GroomSchedule _grooms = new(metadata, groomHour, time);
    private readonly VerifySchedule _verifications = new(metadata, time);
    private readonly ClusterScheduler _clusters = new(metadata, time, logger);
    private readonly Dictionary<string, DateTimeOffset> _groomed = new(StringComparer.Ordinal);

    /// <summary>Whether the head of that replica set is kept here: its schedule is worked off where its head is. All of them unless set.</summary>
    internal Func<string, bool> Keeps { get; init; } = static _ => true;

    /// <summary>Whether the store is for this daemon to look after; it is unless set.</summary>
    internal Func<bool> IsFirst { get; init; } = static () => true;

    internal async Task LookAsync(CancellationToken cancellation)
    {
        // What is no longer protected stays as it is: nothing new would take the place of what expires.
        var deployments = (await metadata.Deployments.ListAsync(cancellation))
            .Where(deployment => deployment.IsProtected)
            .ToDictionary(deployment => deployment.Id);
        var sets = await metadata.Deployments.ReplicaSetsAsync(cancellation);
        foreach (var cluster in deployments.Values.Where(one => one.Type == DeploymentTypes.ShardedCluster))
        {
            // Of the daemons that keep its heads, the one with the head that comes first.
            var first = sets.Where(set =>
                    deployments.GetValueOrDefault(set.DeploymentId)?.Cluster?.DeploymentId == cluster.Id
                )
                .MinBy(static set => set.Id, StringComparer.Ordinal);
            if (first is null ? IsFirst() : Keeps(first.Id))
            {
                await TryAsync(cluster.Name, () => _clusters.LookAfterAsync(cluster, cancellation), cancellation);
            }
        }

        foreach (var set in sets)
        {
            if (Keeps(set.Id) && deployments.TryGetValue(set.DeploymentId, out var deployment))
            {
                await TryAsync(set.Name, () => LookAfterAsync(set, deployment.Cluster, cancellation), cancellation);
            }
        }

        // Whoever removed something knows it; the rest is for one of them.
        if (IsFirst() || _grooms.HasRemoved || _clusters.HasRemoved)
        {
            await TryAsync("the block store", () => LookAfterStoreAsync(cancellation), cancellation);
        }
    }

    private async Task LookAfterStoreAsync(CancellationToken cancellation)
    {
        if (_clusters.TakeRemoved())
        {
            _grooms.Removed();
        }

        await _grooms.LookAsync(cancellation);
    }

    /// <summary>What is wrong with one keeps none of the others.</summary>
    private async Task TryAsync(string name, Func<Task> look, CancellationToken cancellation)
    {
        try
        {
            await look();
        }
        catch (Exception failure)
            when (failure is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            LogFailed(failure, name);
        }
    }

    private async Task LookAfterAsync(ReplicaSetRecord set, ClusterMembership? cluster, CancellationToken cancellation)
    {
        var policy = await metadata.Deployments.PolicyAsync(cluster?.DeploymentId ?? set.Id, cancellation);
        if (cluster is null && set.State == ReplicaSetState.Tailing)
        {
            await QueueAsync(set, policy, cancellation);
        }

        if (
            cluster is null
            && _verifications.IsTime(set.Id)
            && await metadata.Snapshots.ListAsync(set.Id, cancellation) is [var newest, ..] snapshots
        )
        {
            await _verifications.LookAsync(set.Id, policy, newest.Id, snapshots[^1].CreatedAt, cancellation);
        }

        // A part of a cluster's snapshot goes with all of it.
        foreach (var (snapshot, keeping) in await _retention.OfSetAsync(set, policy, cancellation))
        {
            if (!keeping.IsKept && await metadata.Snapshots.ExpireAsync(snapshot, cancellation))
            {
                LogExpired(snapshot.Id, set.Name);
                _grooms.Removed();
            }
        }

        var now = time.GetUtcNow();
        if (!_groomed.TryGetValue(set.Id, out var last) || now - last >= oplogInterval)
        {
            _groomed[set.Id] = now;
            await oplog.GroomAsync(set, cancellation);
        }
    }

    private async Task QueueAsync(ReplicaSetRecord set, SnapshotPolicy policy, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var snapshots = await metadata.Snapshots.ListAsync(set.Id, cancellation);
        if (
            SnapshotSchedule.IsDue(policy, snapshots.Select(static one => one.CreatedAt), now)
            && !await IsUnderWayAsync(set.Id, cancellation)
        )
        {
            var arguments = JsonSerializer.Serialize(new SnapshotArguments(SnapshotArguments.Policy), JobKinds.Json);
            await metadata.Jobs.AddAsync(JobKinds.New(JobKinds.Snapshot, set.Id, arguments, now), cancellation);
        }
    }

    private async Task<bool> IsUnderWayAsync(string replicaSetId, CancellationToken cancellation)
    {
        var jobs = await metadata.Jobs.ListAsync(limit: 200, cancellation);
        return jobs.Any(job =>
            job.Kind == JobKinds.Snapshot
            && job.ReplicaSetId == replicaSetId
            && job.State is (JobState.Queued or JobState.Running)
        );
    }

    [LoggerMessage(31, LogLevel.Information, "Snapshot {Id} of {Name} has had its time and is removed")]
    private partial void LogExpired(string id, string name);

    [LoggerMessage(32, LogLevel.Error, "The schedule of {Name} could not be worked off")]
    private partial void LogFailed(Exception failure, string name);
}
