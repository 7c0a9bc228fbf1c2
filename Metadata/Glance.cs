namespace Backup.Metadata;

/// <summary>
/// All that says how every deployment is and what can be restored of it, as of one moment: for whoever is asked about all of them, and would else ask
/// the catalogue once for each. It is a list of rows in memory, and gets no younger.
/// </summary>
public sealed record Glance
{
    /// <summary>As <see cref="IDeployments.ListAsync"/> gives them.</summary>
    public required IReadOnlyList<Deployment> Deployments { get; init; }

    /// <summary>As <see cref="IDeployments.ReplicaSetsAsync"/> gives them.</summary>
    public required IReadOnlyList<ReplicaSetRecord> ReplicaSets { get; init; }

    /// <summary>The replica sets of a deployment, in the order in which they were found.</summary>
    public IEnumerable<ReplicaSetRecord> SetsOf(string deploymentId) => ByDeployment[deploymentId];

    /// <summary>Replica sets by their deployment.</summary>
    public required ILookup<string, ReplicaSetRecord> ByDeployment { get; init; }

    /// <summary>By the cluster's deployment.</summary>
    public required IReadOnlyDictionary<string, ClusterRecord> Clusters { get; init; }

    /// <summary>By replica set.</summary>
    public required IReadOnlyDictionary<string, HeadRecord> Heads { get; init; }

    /// <summary>By replica set, newest first.</summary>
    public required ILookup<string, SnapshotRecord> Snapshots { get; init; }

    /// <summary>By cluster, newest first; those that failed too.</summary>
    public required ILookup<string, CutRecord> Cuts { get; init; }

    /// <summary>By replica set, oldest first: those of the whole set.</summary>
    public required ILookup<string, SyncRecord> Syncs { get; init; }

    /// <summary>By the sync that they are beside, oldest first.</summary>
    public required ILookup<string, SyncRecord> PartialSyncs { get; init; }

    /// <summary>By sync; of one without slices there is none.</summary>
    public required IReadOnlyDictionary<string, OplogExtent> Extents { get; init; }

    /// <summary>By replica set, oldest first.</summary>
    public required ILookup<string, OplogHole> Holes { get; init; }

    /// <summary>By replica set, oldest first.</summary>
    public required ILookup<string, TimelineEvent> Events { get; init; }

    /// <summary>By replica set: those that have not run out.</summary>
    public required ILookup<string, ReadHold> Holds { get; init; }

    /// <summary>By replica set or cluster; of whom nothing is stored there is none.</summary>
    public required IReadOnlyDictionary<string, SnapshotPolicy> Policies { get; init; }

    /// <summary>As <see cref="IPartialSyncs.ListAsync"/>; none where there is no sync.</summary>
    public IReadOnlyList<SyncRecord> Partials(string? syncId) => syncId is null ? [] : [.. PartialSyncs[syncId]];

    /// <summary>As <see cref="IDeployments.PolicyAsync"/>.</summary>
    public SnapshotPolicy PolicyOf(string subjectId) =>
        Policies.TryGetValue(subjectId, out var policy) ? policy : SnapshotPolicy.Default(subjectId);
}
