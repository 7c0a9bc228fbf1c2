using Backup.Metadata;

namespace Backup.Daemon.Schedule;

/// <summary>What is kept of replica sets and clusters by a policy, the one that is stored or another one that somebody thinks of.</summary>
/// <param name="metadata">The catalogue of everything.</param>
/// <param name="time">The clock.</param>
public sealed class Retention(IMetadataStore metadata, TimeProvider time)
{
    /// <summary>Newest first: the snapshots of a replica set that are no parts of a cluster's.</summary>
    /// <param name="set">As it is stored.</param>
    /// <param name="policy">Of the set, or of the cluster that it belongs to.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<IReadOnlyList<KeptSnapshot>> OfSetAsync(
        ReplicaSetRecord set,
        SnapshotPolicy policy,
        CancellationToken cancellation = default
    )
    {
        var now = time.GetUtcNow();
        var state = await StateAsync(set, policy.PointInTimeWindow, now, cancellation);
        var loose = state.Snapshots.Where(static one => one.CutId is null).ToList();
        var items = loose.Select(one => new RetentionItem(one.Id, one.CreatedAt)
        {
            End = one.ExpiresAt,
            IsPinned = one.PinnedAt is not null,
            IsBase = state.Bases.Contains(one.Id),
            IsRead = state.Read.Contains(one.ManifestBlock),
        });
        // Where a part of a cluster's snapshot is newer, that is the one that always stays.
        var plan = Plan(policy, [.. items], now, keepsLast: state.Snapshots is [{ CutId: null }, ..]);
        var deployment = await metadata.Deployments.FindAsync(set.DeploymentId, cancellation);
        return [.. loose.Zip(plan, (snapshot, keeping) => new KeptSnapshot(snapshot, Shielded(keeping, deployment)))];
    }

    /// <summary>Newest first: the complete snapshots of a cluster.</summary>
    /// <param name="cluster">Its deployment.</param>
    /// <param name="policy">Of the cluster.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<IReadOnlyList<KeptCut>> OfClusterAsync(
        Deployment cluster,
        SnapshotPolicy policy,
        CancellationToken cancellation = default
    )
    {
        var now = time.GetUtcNow();
        var cuts = (await metadata.Clusters.CutsAsync(cluster.Id, cancellation))
            .Where(static cut => cut.IsSnapshot)
            .ToList();
        var (bases, read) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        foreach (var set in await SetsAsync(cluster.Id, cancellation))
        {
            var state = await StateAsync(set, policy.PointInTimeWindow, now, cancellation);
            foreach (var part in state.Snapshots.Where(static one => one.CutId is not null))
            {
                if (state.Bases.Contains(part.Id))
                {
                    bases.Add(part.CutId!);
                }

                if (state.Read.Contains(part.ManifestBlock))
                {
                    read.Add(part.CutId!);
                }
            }
        }

        var items = cuts.Select(cut => new RetentionItem(cut.Id, cut.CreatedAt)
        {
            End = cut.ExpiresAt,
            IsPinned = cut.PinnedAt is not null,
            IsBase = bases.Contains(cut.Id),
            IsRead = read.Contains(cut.Id),
        });
        var plan = Plan(policy, [.. items], now, keepsLast: true);
        return [.. cuts.Zip(plan, (cut, keeping) => new KeptCut(cut, Shielded(keeping, cluster)))];
    }

    /// <summary>Every set that was ever found of it: what is stored of one that left it is still a part of its snapshots.</summary>
    public async Task<IReadOnlyList<ReplicaSetRecord>> SetsAsync(string clusterId, CancellationToken cancellation)
    {
        var members = (await metadata.Deployments.ListAsync(cancellation))
            .Where(one => one.Cluster?.DeploymentId == clusterId)
            .Select(static one => one.Id)
            .ToHashSet(StringComparer.Ordinal);
        var sets = await metadata.Deployments.ReplicaSetsAsync(cancellation);
        return [.. sets.Where(set => members.Contains(set.DeploymentId))];
    }

    /// <summary>Where days and weeks cannot be told, nothing goes.</summary>
    private static IReadOnlyList<Keeping> Plan(
        SnapshotPolicy policy,
        IReadOnlyList<RetentionItem> items,
        DateTimeOffset now,
        bool keepsLast
    ) =>
        TimeZones.TryFind(policy.Zone) is { } zone
            ? RetentionPlanner.Plan(policy, zone, items, now, keepsLast)
            :
            [
                .. items.Select(static item => new Keeping(
                    item.Id,
                    [new KeepCause(KeepReason.UnknownZone, Until: null)]
                )),
            ];

    /// <summary>What is no longer protected stays as it is: nothing new would take the place of what expires.</summary>
    private static Keeping Shielded(Keeping keeping, Deployment? deployment) =>
        deployment is { IsProtected: true }
            ? keeping
            : keeping with
            {
                Causes = [.. keeping.Causes, new KeepCause(KeepReason.Unprotected, Until: null)],
            };

    private async Task<SetState> StateAsync(
        ReplicaSetRecord set,
        TimeSpan window,
        DateTimeOffset now,
        CancellationToken cancellation
    )
    {
        var snapshots = await metadata.Snapshots.ListAsync(set.Id, cancellation);
        var events = await metadata.Heads.EventsAsync(set.Id, cancellation);
        var holds = await metadata.Holds.ListAsync(set.Id, cancellation);
        return new SetState(
            snapshots,
            WindowBases.Of(snapshots, events, window, now),
            holds.Select(static hold => hold.ManifestBlock).ToHashSet(StringComparer.Ordinal)
        );
    }

    /// <param name="Snapshots">Newest first.</param>
    /// <param name="Bases">Ids of those that moments are replayed from.</param>
    /// <param name="Read">Manifests that somebody reads.</param>
    private sealed record SetState(
        IReadOnlyList<SnapshotRecord> Snapshots,
        IReadOnlySet<string> Bases,
        IReadOnlySet<string> Read
    );
}

/// <summary>A snapshot of a replica set and what becomes of it.</summary>
public sealed record KeptSnapshot(SnapshotRecord Snapshot, Keeping Keeping);

/// <summary>A snapshot of a cluster and what becomes of it.</summary>
public sealed record KeptCut(CutRecord Cut, Keeping Keeping);
