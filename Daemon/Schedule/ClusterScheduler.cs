using System.Text.Json;
using Backup.Daemon.Cuts;
using Backup.Daemon.Jobs;
using Backup.Metadata;
using Microsoft.Extensions.Logging;

namespace Backup.Daemon.Schedule;

/// <summary>
/// Queues the cuts that clusters' policies ask for, removes those whose time is over, and fails those that nobody works on any more. A set of a
/// cluster has no schedule of its own.
/// </summary>
internal sealed class ClusterScheduler(IMetadataStore metadata, TimeProvider time, ILogger logger)
{
    private readonly VerifySchedule _verifications = new(metadata, time);
    private readonly Retention _retention = new(metadata, time);

    /// <summary>Whether a snapshot was removed since <see cref="TakeRemoved"/> was last asked.</summary>
    internal bool HasRemoved { get; private set; }

    internal bool TakeRemoved()
    {
        var removed = HasRemoved;
        HasRemoved = false;
        return removed;
    }

    /// <param name="cluster">Protected.</param>
    /// <param name="cancellation">What was done stays.</param>
    internal async Task LookAfterAsync(Deployment cluster, CancellationToken cancellation)
    {
        var policy = await metadata.Deployments.PolicyAsync(cluster.Id, cancellation);
        var cuts = await metadata.Clusters.CutsAsync(cluster.Id, cancellation);
        foreach (var open in cuts.Where(cut => cut.IsOpen))
        {
            await RequireJobAsync(cluster, open, cancellation);
        }

        await QueueAsync(cluster, policy, cuts, cancellation);
        var whole = cuts.Where(static cut => cut is { Kind: CutKind.Snapshot, State: CutState.Complete })
            .OrderByDescending(static cut => cut.Time)
            .ToList();
        if (whole is [var newest, ..] && _verifications.IsTime(cluster.Id))
        {
            await _verifications.LookAsync(cluster.Id, policy, newest.Id, whole[^1].CreatedAt, cancellation);
        }

        await ExpireAsync(cluster, policy, cuts, cancellation);
    }

    private async Task ExpireAsync(
        Deployment cluster,
        SnapshotPolicy policy,
        IReadOnlyList<CutRecord> cuts,
        CancellationToken cancellation
    )
    {
        var kept = await _retention.OfClusterAsync(cluster, policy, cancellation);
        var expired = kept.Where(static one => !one.Keeping.IsKept).Select(static one => one.Cut);
        var now = SourceClock.Removal(time.GetUtcNow(), await _retention.SetsAsync(cluster.Id, cancellation));
        foreach (var cut in expired.Concat(CutSchedule.Outdated(cuts, policy.PointInTimeWindow, now)))
        {
            if (await metadata.Clusters.ExpireCutAsync(cut, cancellation))
            {
                CutLog.Removed(logger, cut.Id, cluster.Name);
                HasRemoved = true;
            }
        }
    }

    /// <summary>A cut has the id of its job: where that has ended, by a user or with a process, heads must not hold for it.</summary>
    private async Task RequireJobAsync(Deployment cluster, CutRecord open, CancellationToken cancellation)
    {
        var job = await metadata.Jobs.FindAsync(open.Id, cancellation);
        if (job?.State is not (JobState.Queued or JobState.Running))
        {
            await CutAlerts.FailAsync(
                metadata,
                cluster.Id,
                open.Kind,
                open.Id,
                DaemonErrors.Abandoned(cluster.Name),
                cancellation
            );
        }
    }

    private async Task QueueAsync(
        Deployment cluster,
        SnapshotPolicy policy,
        IReadOnlyList<CutRecord> cuts,
        CancellationToken cancellation
    )
    {
        var now = time.GetUtcNow();
        if (CutSchedule.Due(policy, cuts, now) is not { } kind || await IsUnderWayAsync(cluster.Id, cancellation))
        {
            return;
        }

        var sets = await ClusterSets.OfAsync(metadata, cluster.Id, cancellation);
        if (sets.FirstOrDefault(one => one.Set?.State == ReplicaSetState.Stopped) is { } stopped)
        {
            await TellAsync(cluster, kind, stopped, cancellation);
        }
        else if (sets.Count > 0 && sets.All(one => one.Set?.State == ReplicaSetState.Tailing))
        {
            var arguments = JsonSerializer.Serialize(new SnapshotArguments(SnapshotArguments.Policy), JobKinds.Json);
            var job = kind == CutKind.Snapshot ? JobKinds.ClusterSnapshot : JobKinds.ClusterCheckpoint;
            await metadata.Jobs.AddAsync(JobKinds.New(job, cluster.Id, arguments, now), cancellation);
        }
    }

    /// <summary>No cut can be made as long as a set is stopped, so none is begun; told once for each cause.</summary>
    private async Task TellAsync(Deployment cluster, CutKind kind, ClusterSet stopped, CancellationToken cancellation)
    {
        var cause = CutWatch.StoppedBy(stopped);
        var open = await metadata.Alerts.ListAsync(cancellation: cancellation);
        if (!open.Any(alert => alert.Subject == cluster.Id && alert.Message == cause.Message))
        {
            await CutAlerts.RaiseAsync(metadata, cluster.Id, kind, cause, cancellation);
        }
    }

    private async Task<bool> IsUnderWayAsync(string clusterId, CancellationToken cancellation)
    {
        var jobs = await metadata.Jobs.ListAsync(limit: 200, cancellation);
        return jobs.Any(job =>
            job.Kind is JobKinds.ClusterSnapshot or JobKinds.ClusterCheckpoint
            && job.ReplicaSetId == clusterId
            && job.State is (JobState.Queued or JobState.Running)
        );
    }
}
