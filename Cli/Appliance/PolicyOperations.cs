using Backup.Daemon.PointInTime;
using Backup.Daemon.Schedule;
using Backup.Metadata;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;

namespace Backup.Cli.Appliance;

/// <summary>When snapshots of a replica set or a cluster are taken, and what is kept of it.</summary>
/// <param name="metadata">The catalogue of everything.</param>
/// <param name="services">What restores work with, as it is now.</param>
/// <param name="time">The clock.</param>
internal sealed class PolicyOperations(IMetadataStore metadata, Func<RestoreServices> services, TimeProvider time)
    : IPolicyDesk
{
    private const int NextShown = 10;

    private readonly Retention _retention = new(metadata, time);

    /// <summary>Of a set of a cluster the cluster's, which it follows.</summary>
    public async Task<PolicyView> ReadAsync(string replicaSet, CancellationToken cancellation)
    {
        var subject = await PolicySubject.FindAsync(metadata, replicaSet, cancellation);
        var policy = await metadata.Deployments.PolicyAsync(subject.Id, cancellation);
        return PolicyChanges.View(subject, policy, time.GetUtcNow());
    }

    /// <summary>What the change leaves out stays as it is.</summary>
    /// <exception cref="Foundation.Errors.BackupException">6012, 6150, 9571 where a value is out of its range, 9501 where it is not for such a thing: nothing is changed then.</exception>
    public async Task<PolicyView> ChangeAsync(string replicaSet, PolicyChange change, CancellationToken cancellation)
    {
        var (subject, _, policy) = await ChangedAsync(replicaSet, change, cancellation);
        await metadata.Deployments.SetPolicyAsync(policy, cancellation);
        return PolicyChanges.View(subject, policy, time.GetUtcNow());
    }

    /// <summary>What that change would do; nothing is changed.</summary>
    /// <exception cref="Foundation.Errors.BackupException">As of the change itself.</exception>
    public async Task<PolicyPreviewView> PreviewAsync(
        string replicaSet,
        PolicyChange change,
        CancellationToken cancellation
    )
    {
        var (subject, before, policy) = await ChangedAsync(replicaSet, change, cancellation);
        var now = time.GetUtcNow();
        var zone = TimeZones.Find(policy.Zone);
        var kept = await KeptAsync(subject, policy, cancellation);
        var anyway = (await KeptAsync(subject, before, cancellation))
            .Where(static one => !one.Keeping.IsKept)
            .Select(static one => one.Keeping.Id)
            .ToHashSet(StringComparer.Ordinal);
        var going = kept.Where(static one => !one.Keeping.IsKept).ToList();
        var gone = going.Select(static one => one.Keeping.Id).ToHashSet(StringComparer.Ordinal);
        return new PolicyPreviewView(
            PolicyChanges.View(subject, policy, now),
            [
                .. new DueTimes(policy)
                    .Next(now, NextShown)
                    .Select(due => new DueView(due, TimeZoneInfo.ConvertTime(due, zone))),
            ],
            kept.Count - going.Count,
            [.. going.Select(one => new ExpiringView(one.Keeping.Id, one.TakenAt, anyway.Contains(one.Keeping.Id)))],
            await SnapshotViews.LostAsync(
                _retention,
                services(),
                subject,
                one => !gone.Contains(one.CutId ?? one.Id),
                policy.PointInTimeWindow,
                cancellation
            )
        );
    }

    private async Task<IReadOnlyList<(DateTimeOffset TakenAt, Keeping Keeping)>> KeptAsync(
        PolicySubject subject,
        SnapshotPolicy policy,
        CancellationToken cancellation
    ) =>
        subject.Cluster is { } cluster
            ?
            [
                .. (await _retention.OfClusterAsync(cluster, policy, cancellation)).Select(static one =>
                    (one.Cut.CreatedAt, one.Keeping)
                ),
            ]
            :
            [
                .. (await _retention.OfSetAsync(subject.Set!, policy, cancellation)).Select(static one =>
                    (one.Snapshot.CreatedAt, one.Keeping)
                ),
            ];

    private async Task<(PolicySubject Subject, SnapshotPolicy Before, SnapshotPolicy After)> ChangedAsync(
        string replicaSet,
        PolicyChange change,
        CancellationToken cancellation
    )
    {
        var subject = await PolicySubject.FindAsync(metadata, replicaSet, cancellation);
        Require(subject, replicaSet, change);
        var policy = await metadata.Deployments.PolicyAsync(subject.Id, cancellation);
        return (subject, policy, PolicyChanges.Apply(policy, change, time.GetUtcNow()));
    }

    private static void Require(PolicySubject subject, string name, PolicyChange change)
    {
        if (subject.IsMember)
        {
            throw CliErrors.Argument(
                $"'{name}' is a part of the cluster '{subject.Name}'.",
                $"The policy of a cluster is that of all its sets: backup policy {subject.Name}"
            );
        }

        if (!subject.IsCluster && (change.CheckpointSeconds is not null || change.Balancer is not null))
        {
            throw CliErrors.Argument(
                $"'{name}' is a replica set: it has neither checkpoints nor a balancer.",
                "--checkpoints and --balancer are for sharded clusters. Every moment of a replica set can be restored without checkpoints."
            );
        }
    }
}
