using Backup.Cli.Control;
using Backup.Daemon.Schedule;
using Backup.Metadata;

namespace Backup.Cli.Appliance;

/// <summary>When a replica set's snapshots are taken, and what is kept of it.</summary>
/// <param name="metadata">The catalogue of everything.</param>
/// <param name="time">The clock.</param>
internal sealed class PolicyOperations(IMetadataStore metadata, TimeProvider time)
{
    internal async Task<PolicyView> ReadAsync(string replicaSet, CancellationToken cancellation)
    {
        var set = await ReplicaSetNames.FindAsync(metadata, replicaSet, cancellation);
        return View(set, await metadata.Deployments.PolicyAsync(set.Id, cancellation));
    }

    /// <summary>What the change leaves out stays as it is.</summary>
    /// <exception cref="Foundation.Errors.BackupException">6012 where a value is out of its range: nothing is changed then.</exception>
    internal async Task<PolicyView> ChangeAsync(string replicaSet, PolicyChange change, CancellationToken cancellation)
    {
        var set = await ReplicaSetNames.FindAsync(metadata, replicaSet, cancellation);
        var policy = await metadata.Deployments.PolicyAsync(set.Id, cancellation);
        policy = policy with
        {
            Interval = Length(change.IntervalSeconds) ?? policy.Interval,
            Reference = change.Reference?.ToUniversalTime() ?? policy.Reference,
            BaseRetention = Length(change.KeepSeconds) ?? policy.BaseRetention,
            PointInTimeWindow = Length(change.WindowSeconds) ?? policy.PointInTimeWindow,
        };
        policy.Validate();
        await metadata.Deployments.SetPolicyAsync(policy, cancellation);
        return View(set, policy);
    }

    private static TimeSpan? Length(long? seconds) => seconds is { } some ? TimeSpan.FromSeconds(some) : null;

    private PolicyView View(ReplicaSetRecord set, SnapshotPolicy policy) =>
        new(
            set.Name,
            (long)policy.Interval.TotalSeconds,
            policy.Reference,
            (long)policy.BaseRetention.TotalSeconds,
            (long)policy.PointInTimeWindow.TotalSeconds,
            SnapshotSchedule.LastDue(policy, time.GetUtcNow()) + policy.Interval
        );
}
