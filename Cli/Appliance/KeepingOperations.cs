using Backup.Daemon.PointInTime;
using Backup.Daemon.Schedule;
using Backup.Metadata;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Appliance;

/// <summary>Pins of single snapshots, ends of their own, and their deletion; of a cluster's snapshot as a whole.</summary>
/// <param name="metadata">The catalogue of everything.</param>
/// <param name="services">What restores work with, as it is now.</param>
/// <param name="time">The clock.</param>
internal sealed class KeepingOperations(IMetadataStore metadata, Func<RestoreServices> services, TimeProvider time)
{
    private readonly Retention _retention = new(metadata, time);

    /// <exception cref="Foundation.Errors.BackupException">9508 no such snapshot, 6154 a part of a cluster's, 9570 an end that is out of its range.</exception>
    internal async Task<SnapshotKeepingView> ChangeAsync(
        string snapshot,
        SnapshotChange change,
        CancellationToken cancellation
    )
    {
        var found = await FindAsync(snapshot, cancellation);
        var keeping = new KeepingChange(change.Pinned, EndOf(change));
        if (found.Subject.IsCluster)
        {
            await metadata.Clusters.KeepCutAsync(found.Id, keeping, cancellation);
        }
        else
        {
            await metadata.Snapshots.KeepAsync(found.Id, keeping, cancellation);
        }

        return await ShowAsync(found.Id, cancellation);
    }

    /// <summary>How long it is kept, and why.</summary>
    internal async Task<SnapshotKeepingView> ShowAsync(string snapshot, CancellationToken cancellation)
    {
        var found = await FindAsync(snapshot, cancellation);
        var policy = await metadata.Deployments.PolicyAsync(found.Subject.Id, cancellation);
        var keeping = found.Subject.Cluster is { } cluster
            ? (await _retention.OfClusterAsync(cluster, policy, cancellation))
                .FirstOrDefault(one => one.Cut.Id == found.Id)
                ?.Keeping
            : (await _retention.OfSetAsync(found.Set!, policy, cancellation))
                .FirstOrDefault(one => one.Snapshot.Id == found.Id)
                ?.Keeping;
        return keeping is null
            ? throw CliErrors.NoSuchSnapshot(snapshot)
            : new SnapshotKeepingView(
                found.Id,
                found.Subject.Name,
                found.Subject.IsCluster,
                found.PinnedAt,
                keeping.Until,
                SnapshotViews.Of(keeping)
            );
    }

    /// <summary>What would go with it; nothing is changed.</summary>
    internal async Task<DeletionView> PreviewDeletionAsync(string snapshot, CancellationToken cancellation)
    {
        var found = await FindAsync(snapshot, cancellation);
        var policy = await metadata.Deployments.PolicyAsync(found.Subject.Id, cancellation);
        var now = services();
        var freed = new FreedBytes(metadata, now.Blocks);
        long? bytes = 0;
        foreach (var part in found.Parts)
        {
            bytes += await freed.AtMostAsync(part, cancellation);
        }

        return new DeletionView(
            found.Id,
            found.Subject.Name,
            found.Subject.IsCluster,
            found.CreatedAt,
            bytes,
            await SnapshotViews.LostAsync(
                _retention,
                now,
                found.Subject,
                one => (one.CutId ?? one.Id) != found.Id,
                policy.PointInTimeWindow,
                cancellation
            ),
            found.IsLast
        );
    }

    /// <summary>Removes it; gives what went with it.</summary>
    /// <param name="snapshot">Its id, of a cluster's that of the whole.</param>
    /// <param name="evenLast">Also where it is the only one.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    /// <exception cref="Foundation.Errors.BackupException">9508 no such snapshot, 6151 the only one, 6152 somebody reads it, 6153 pinned, 6154 a part of a cluster's.</exception>
    internal async Task<DeletionView> DeleteAsync(string snapshot, bool evenLast, CancellationToken cancellation)
    {
        var view = await PreviewDeletionAsync(snapshot, cancellation);
        if (view.IsCluster)
        {
            await metadata.Clusters.DeleteCutAsync(view.Id, evenLast, cancellation);
        }
        else
        {
            await metadata.Snapshots.DeleteAsync(view.Id, evenLast, cancellation);
        }

        return view;
    }

    private SnapshotEnd? EndOf(SnapshotChange change)
    {
        if (change.ByPolicy)
        {
            return change.ExpiresAt is null
                ? new SnapshotEnd(null)
                : throw CliErrors.SnapshotEnd(
                    "An end of its own and the policy's cannot both be wanted.",
                    "Give one of them.",
                    "expiresAt"
                );
        }

        if (change.ExpiresAt is not { } end)
        {
            return null;
        }

        var now = time.GetUtcNow();
        return end > now && end <= now + SnapshotPolicy.LongestRetention
            ? new SnapshotEnd(end.ToUniversalTime())
            : throw CliErrors.SnapshotEnd(
                "The end of a snapshot is out of its range.",
                $"Choose a time in the next 7 years ({SnapshotPolicy.LongestRetention.TotalDays:0} days). To have it gone now, delete it.",
                "expiresAt"
            );
    }

    private async Task<Found> FindAsync(string id, CancellationToken cancellation)
    {
        if (
            await metadata.Clusters.FindCutAsync(id, cancellation) is { IsSnapshot: true } cut
            && await metadata.Deployments.FindAsync(cut.ClusterId, cancellation) is { } cluster
        )
        {
            var parts = new List<SnapshotRecord>();
            foreach (var set in cut.Sets)
            {
                parts.AddRange((await metadata.Snapshots.ListAsync(set, cancellation)).Where(one => one.CutId == id));
            }

            var cuts = await metadata.Clusters.CutsAsync(cluster.Id, cancellation);
            return new Found(id, PolicySubject.OfCluster(cluster), null, parts, cut.CreatedAt, cut.PinnedAt)
            {
                IsLast = cuts.Count(static one => one.IsSnapshot) == 1,
            };
        }

        var snapshot = await metadata.Snapshots.FindAsync(id, cancellation) ?? throw CliErrors.NoSuchSnapshot(id);
        if (snapshot.CutId is { } whole)
        {
            throw MetadataErrors.Part(id, whole);
        }

        var replicaSet = (await metadata.Deployments.FindReplicaSetAsync(snapshot.ReplicaSetId, cancellation))!;
        var subject = await PolicySubject.OfSetAsync(metadata, replicaSet, cancellation);
        return new Found(
            id,
            // Of a set that became a cluster's later: the snapshot is the set's alone, the policy the cluster's.
            subject with
            {
                Name = replicaSet.Name,
                Cluster = null,
                Set = replicaSet,
            },
            replicaSet,
            [snapshot],
            snapshot.CreatedAt,
            snapshot.PinnedAt
        )
        {
            IsLast = (await metadata.Snapshots.ListAsync(replicaSet.Id, cancellation)).Count == 1,
        };
    }

    /// <param name="Id">Of the snapshot, of a cluster's that of the whole.</param>
    /// <param name="Subject">Whose it is.</param>
    /// <param name="Set">Null of a cluster.</param>
    /// <param name="Parts">The snapshot itself, or what each set gave.</param>
    /// <param name="CreatedAt">When it was taken.</param>
    /// <param name="PinnedAt">Null while it is not pinned.</param>
    private sealed record Found(
        string Id,
        PolicySubject Subject,
        ReplicaSetRecord? Set,
        IReadOnlyList<SnapshotRecord> Parts,
        DateTimeOffset CreatedAt,
        DateTimeOffset? PinnedAt
    )
    {
        internal bool IsLast { get; init; }
    }
}
