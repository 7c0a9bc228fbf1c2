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
        var now = SourceClock.Removal(time.GetUtcNow(), [set]);
        var state = await StateAsync(set, policy.PointInTimeWindow, now, cancellation);
        var deployment = await metadata.Deployments.FindAsync(set.DeploymentId, cancellation);
        return OfSet(state, policy, deployment, now);
    }

    /// <summary>As <see cref="OfSetAsync"/>.</summary>
    /// <param name="glance">In which it is.</param>
    /// <param name="set">Of it.</param>
    /// <param name="policy">Of the set, or of the cluster that it belongs to.</param>
    public IReadOnlyList<KeptSnapshot> OfSet(Glance glance, ReplicaSetRecord set, SnapshotPolicy policy)
    {
        var deployment = glance.Deployments.FirstOrDefault(one => one.Id == set.DeploymentId);
        var now = SourceClock.Removal(time.GetUtcNow(), [set]);
        return OfSet(StateOf(glance, set.Id, policy.PointInTimeWindow, now), policy, deployment, now);
    }

    private static IReadOnlyList<KeptSnapshot> OfSet(
        SetState state,
        SnapshotPolicy policy,
        Deployment? deployment,
        DateTimeOffset now
    )
    {
        var loose = state.Snapshots.Where(static one => one.CutId is null).ToList();
        var items = loose.Select(one => new RetentionItem(one.Id, one.CreatedAt)
        {
            End = one.ExpiresAt,
            IsPinned = one.PinnedAt is not null,
            IsBase = state.Bases.Contains(one.Id),
            IsRead = state.Read.Contains(one.ManifestBlock),
            IsOfAlert = state.OfAlerts.Contains(one.ManifestBlock),
        });
        // Where a part of a cluster's snapshot is newer, that is the one that always stays.
        var plan = Plan(policy, [.. items], now, keepsLast: state.Snapshots is [{ CutId: null }, ..]);
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
        var cuts = await metadata.Clusters.CutsAsync(cluster.Id, cancellation);
        var states = new List<SetState>();
        var sets = await SetsAsync(cluster.Id, cancellation);
        var now = SourceClock.Removal(time.GetUtcNow(), sets);
        foreach (var set in sets)
        {
            states.Add(await StateAsync(set, policy.PointInTimeWindow, now, cancellation));
        }

        return OfCluster(cluster, [.. cuts.Where(static cut => cut.IsSnapshot)], states, policy, now);
    }

    /// <summary>As <see cref="OfClusterAsync"/>, by the stored policy.</summary>
    /// <param name="glance">In which it is.</param>
    /// <param name="cluster">Its deployment.</param>
    public IReadOnlyList<KeptCut> OfCluster(Glance glance, Deployment cluster)
    {
        var policy = glance.PolicyOf(cluster.Id);
        var cuts = glance.Cuts[cluster.Id].Where(static cut => cut.IsSnapshot).ToList();
        var sets = SetsOf(cluster.Id, glance.Deployments, glance.ReplicaSets);
        var now = SourceClock.Removal(time.GetUtcNow(), sets);
        var states = sets.Select(set => StateOf(glance, set.Id, policy.PointInTimeWindow, now));
        return OfCluster(cluster, cuts, states, policy, now);
    }

    private static IReadOnlyList<KeptCut> OfCluster(
        Deployment cluster,
        List<CutRecord> cuts,
        IEnumerable<SetState> states,
        SnapshotPolicy policy,
        DateTimeOffset now
    )
    {
        var bases = new HashSet<string>(StringComparer.Ordinal);
        var read = new HashSet<string>(StringComparer.Ordinal);
        var ofAlerts = new HashSet<string>(StringComparer.Ordinal);
        foreach (var state in states)
        {
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

                if (state.OfAlerts.Contains(part.ManifestBlock))
                {
                    ofAlerts.Add(part.CutId!);
                }
            }
        }

        var items = cuts.Select(cut => new RetentionItem(cut.Id, cut.CreatedAt)
        {
            End = cut.ExpiresAt,
            IsPinned = cut.PinnedAt is not null,
            IsBase = bases.Contains(cut.Id),
            IsRead = read.Contains(cut.Id),
            IsOfAlert = ofAlerts.Contains(cut.Id),
        });
        var plan = Plan(policy, [.. items], now, keepsLast: true);
        return [.. cuts.Zip(plan, (cut, keeping) => new KeptCut(cut, Shielded(keeping, cluster)))];
    }

    /// <summary>Every set that was ever found of it: what is stored of one that left it is still a part of its snapshots.</summary>
    public async Task<IReadOnlyList<ReplicaSetRecord>> SetsAsync(string clusterId, CancellationToken cancellation)
    {
        var deployments = await metadata.Deployments.ListAsync(cancellation);
        return SetsOf(clusterId, deployments, await metadata.Deployments.ReplicaSetsAsync(cancellation));
    }

    /// <summary>As <see cref="SetsAsync"/>.</summary>
    public IReadOnlyList<ReplicaSetRecord> SetsOf(Glance glance, string clusterId) =>
        SetsOf(clusterId, glance.Deployments, glance.ReplicaSets);

    private static IReadOnlyList<ReplicaSetRecord> SetsOf(
        string clusterId,
        IEnumerable<Deployment> deployments,
        IEnumerable<ReplicaSetRecord> sets
    )
    {
        var members = deployments
            .Where(one => one.Cluster?.DeploymentId == clusterId)
            .Select(static one => one.Id)
            .ToHashSet(StringComparer.Ordinal);
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
        return StateOf(snapshots, events, holds, window, now);
    }

    private static SetState StateOf(Glance glance, string set, TimeSpan window, DateTimeOffset now) =>
        StateOf([.. glance.Snapshots[set]], glance.Events[set], [.. glance.Holds[set]], window, now);

    private static SetState StateOf(
        IReadOnlyList<SnapshotRecord> snapshots,
        IEnumerable<TimelineEvent> events,
        IReadOnlyList<ReadHold> holds,
        TimeSpan window,
        DateTimeOffset now
    ) =>
        new(
            snapshots,
            WindowBases.Of(snapshots, events, window, now),
            ManifestsOf(holds.Where(static hold => !hold.IsOfBurst)),
            ManifestsOf(holds.Where(static hold => hold.IsOfBurst))
        );

    private static HashSet<string> ManifestsOf(IEnumerable<ReadHold> holds) =>
        holds.Select(static hold => hold.ManifestBlock).ToHashSet(StringComparer.Ordinal);

    /// <param name="Snapshots">Newest first.</param>
    /// <param name="Bases">Ids of those that moments are replayed from.</param>
    /// <param name="Read">Manifests that somebody reads.</param>
    /// <param name="OfAlerts">Manifests that the moment before a mass change is restored from.</param>
    private sealed record SetState(
        IReadOnlyList<SnapshotRecord> Snapshots,
        IReadOnlySet<string> Bases,
        IReadOnlySet<string> Read,
        IReadOnlySet<string> OfAlerts
    );
}

/// <summary>A snapshot of a replica set and what becomes of it.</summary>
public sealed record KeptSnapshot(SnapshotRecord Snapshot, Keeping Keeping);

/// <summary>A snapshot of a cluster and what becomes of it.</summary>
public sealed record KeptCut(CutRecord Cut, Keeping Keeping);
