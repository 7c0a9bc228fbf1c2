namespace Backup.WebUI.Contracts;

/// <summary>A cut through a cluster: a snapshot of all its sets at one moment, or a checkpoint.</summary>
/// <param name="Id">Ours; what is restored and verified by it.</param>
/// <param name="Cluster">The cluster's name.</param>
/// <param name="Kind">snapshot, or checkpoint: a moment with the balancer at rest, which is restored through the oplogs.</param>
/// <param name="State">complete, failed, or how far it is: wanted, stopping, marking, settled.</param>
/// <param name="Time">Of every set every entry up to and including this one is in it; left out before it is known.</param>
/// <param name="Sets">What each set gave; empty of what is not complete.</param>
/// <param name="Documents">Of all sets.</param>
/// <param name="RawBytes">Of all sets.</param>
/// <param name="NewBytes">Of all sets.</param>
/// <param name="StoredBytes">Of all sets.</param>
/// <param name="BalancerRested">Whether the balancer rested while its time was found; left out before that is known.</param>
/// <param name="CreatedAt">When it was asked for.</param>
/// <param name="ExpiresAt">When its time is over by its own end or by the policy as it is; left out where no time says that.</param>
/// <param name="Trigger">Who asked for it.</param>
/// <param name="Error">Why it failed, or what it is flagged with.</param>
public sealed record ClusterSnapshotView(
    string Id,
    string Cluster,
    string Kind,
    string State,
    OptimeView? Time,
    IReadOnlyList<ClusterPartView> Sets,
    long Documents,
    long RawBytes,
    long NewBytes,
    long StoredBytes,
    bool? BalancerRested,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    string Trigger,
    ErrorView? Error
)
{
    /// <summary>Since when it is pinned; left out while it is not.</summary>
    public DateTimeOffset? PinnedAt { get; init; }

    /// <summary>Of a complete snapshot, why it is kept; none: it is removed at the next round. Left out of all others.</summary>
    public IReadOnlyList<KeptView>? Kept { get; init; }
}

/// <param name="Set">The shard's name, or config.</param>
/// <param name="SnapshotId">Of its part alone.</param>
public sealed record ClusterPartView(
    string Set,
    string SnapshotId,
    long Documents,
    long RawBytes,
    long NewBytes,
    long StoredBytes
);

/// <summary>What is known of a sharded cluster.</summary>
/// <param name="SourceId">The cluster's own id, 24 hex digits.</param>
/// <param name="MongoVersion">Of the router that answered.</param>
/// <param name="Routers">host:port of those that were alive.</param>
/// <param name="Balancer">on, off or unknown, as the agent saw it last.</param>
/// <param name="SeenAt">When that was.</param>
/// <param name="Members">The config servers, then the shards by name.</param>
/// <param name="Snapshots">How many complete snapshots there are.</param>
public sealed record ClusterView(
    string SourceId,
    string MongoVersion,
    IReadOnlyList<string> Routers,
    string Balancer,
    DateTimeOffset SeenAt,
    IReadOnlyList<ClusterMemberView> Members,
    int Snapshots
)
{
    /// <summary>The balancer was stopped for a cut at this time and is going to be started again; left out where it is not.</summary>
    public DateTimeOffset? StoppedSince { get; init; }

    /// <summary>The newest complete snapshot.</summary>
    public ClusterSnapshotView? Newest { get; init; }

    /// <summary>The cut that is being made.</summary>
    public ClusterSnapshotView? UnderWay { get; init; }
}

/// <param name="Set">The shard's name, or config.</param>
/// <param name="Deployment">The name of its own deployment.</param>
/// <param name="ReplicaSet">The name of its replica set; left out before an agent has reported it.</param>
/// <param name="State">As of <see cref="ReplicaSetView"/>.</param>
/// <param name="LagSeconds">As of <see cref="ReplicaSetView"/>.</param>
public sealed record ClusterMemberView(
    string Set,
    string Deployment,
    string? ReplicaSet,
    string State,
    double LagSeconds
);

/// <summary>Which part of which cluster a deployment is.</summary>
/// <param name="Cluster">The name of the cluster's deployment.</param>
/// <param name="Set">The shard's name, or config.</param>
public sealed record MembershipView(string Cluster, string Set);
