using Backup.Foundation;

namespace Backup.Metadata;

/// <summary>What a deployment is: <see cref="Deployment.Type"/>. Persisted, and shown to people.</summary>
public static class DeploymentTypes
{
    public const string ReplicaSet = "replicaSet";

    /// <summary>Its URI names routers (mongos); its shards and config servers are deployments of their own.</summary>
    public const string ShardedCluster = "shardedCluster";
}

/// <summary>Which part of which cluster a deployment is.</summary>
/// <param name="DeploymentId">Of the cluster.</param>
/// <param name="Shard">As <c>config.shards</c> names it, or <see cref="ConfigServers"/>.</param>
public sealed record ClusterMembership(string DeploymentId, string Shard)
{
    /// <summary>What the config servers are called. From MongoDB 8.0 on they may be a shard too, which has that name then.</summary>
    public const string ConfigServers = "config";

    public bool IsConfigServers => Shard == ConfigServers;
}

/// <summary>What moves chunks from shard to shard, as the agent saw it last. Frozen: the numbers are persisted.</summary>
public enum BalancerState
{
    Unknown = 0,
    On = 1,
    Off = 2,
}

/// <summary>A balancer that was on and was (or is going to be) stopped for a cut: whoever finds it stopped and no cut at work starts it.</summary>
/// <param name="CutId">The cut that it was stopped for last.</param>
/// <param name="Since">When that was written down, which is before it was stopped.</param>
public sealed record BalancerDebt(string CutId, DateTimeOffset Since);

/// <summary>A sharded cluster, as its agent reported it.</summary>
/// <param name="DeploymentId">Its deployment.</param>
/// <param name="SourceId"><c>config.version</c>'s <c>clusterId</c>, 24 hex digits: the same hosts with another one are another cluster.</param>
/// <param name="MongoVersion">Of the router that answered.</param>
/// <param name="Routers">host:port of each router that was alive.</param>
/// <param name="Balancer">See <see cref="BalancerState"/>.</param>
/// <param name="SeenAt">When.</param>
public sealed record ClusterRecord(
    string DeploymentId,
    string SourceId,
    string MongoVersion,
    IReadOnlyList<string> Routers,
    BalancerState Balancer,
    DateTimeOffset SeenAt
)
{
    /// <summary>Null while the balancer is owed nothing; changed by <see cref="IClusters.StopBalancerAsync"/> and <see cref="IClusters.BalancerStartedAsync"/> alone.</summary>
    public BalancerDebt? Debt { get; init; }
}

/// <summary>Frozen: the numbers are persisted.</summary>
public enum CutKind
{
    /// <summary>Every head gives a snapshot at it.</summary>
    Snapshot = 0,

    /// <summary>A moment at which the cluster is known to be consistent with its balancer at rest; restored through the oplogs.</summary>
    Checkpoint = 1,
}

/// <summary>How far a cut is. Frozen: the numbers are persisted.</summary>
public enum CutState
{
    /// <summary>Asked for; no agent has begun.</summary>
    Wanted = 0,

    /// <summary>The balancer is being stopped.</summary>
    Stopping = 1,

    /// <summary>The balancer rests, or was given up on; tokens are being written. From now on heads hold, until the cut's time is known.</summary>
    Marking = 2,

    /// <summary>Its time is known.</summary>
    Settled = 3,

    /// <summary>What it is for is there, all of it.</summary>
    Complete = 4,

    /// <summary>Nothing of it is there.</summary>
    Failed = 5,
}

/// <summary>One moment of a whole cluster: of every set each entry up to <paramref name="Time"/>, and none after it.</summary>
/// <param name="Id">Ours.</param>
/// <param name="ClusterId">The cluster's deployment.</param>
/// <param name="Kind">See <see cref="CutKind"/>.</param>
/// <param name="Trigger">Shown to people.</param>
/// <param name="State">See <see cref="CutState"/>.</param>
/// <param name="Sets">The replica sets (ours ids) that belong to it: config servers and shards.</param>
/// <param name="Time">The greatest of the tokens' times; zero before Settled. Its term is -1: a cluster's time has none.</param>
/// <param name="BalancerRested">Whether the balancer rested while the tokens were written; null before that is known.</param>
/// <param name="Code">Why it failed, or what it is flagged with.</param>
/// <param name="Message">What is wrong, where.</param>
/// <param name="Hint">The way out.</param>
/// <param name="CreatedAt">When it was asked for.</param>
/// <param name="ChangedAt">When it came into its state.</param>
/// <param name="ExpiresAt">The end that somebody gave it: kept until then, gone after it, whatever the policy says. Null: the policy decides.</param>
public sealed record CutRecord(
    string Id,
    string ClusterId,
    CutKind Kind,
    string Trigger,
    CutState State,
    IReadOnlyList<string> Sets,
    Optime Time,
    bool? BalancerRested,
    string? Code,
    string? Message,
    string? Hint,
    DateTimeOffset CreatedAt,
    DateTimeOffset ChangedAt,
    DateTimeOffset? ExpiresAt
)
{
    /// <summary>Whether something is still to be done for it.</summary>
    public bool IsOpen => State < CutState.Complete;

    /// <summary>Whether it is a snapshot of the whole cluster that can be restored.</summary>
    public bool IsSnapshot => Kind == CutKind.Snapshot && State == CutState.Complete;

    /// <summary>Since when it is pinned: it stays until it is not, whatever the policy and its own end say. Null while it is not.</summary>
    public DateTimeOffset? PinnedAt { get; init; }

    /// <summary>A cut to be added.</summary>
    public static CutRecord New(
        string id,
        string clusterId,
        CutKind kind,
        string trigger,
        IReadOnlyList<string> sets,
        DateTimeOffset now
    ) =>
        new(
            id,
            clusterId,
            kind,
            trigger,
            CutState.Wanted,
            sets,
            Optime.Zero,
            BalancerRested: null,
            Code: null,
            Message: null,
            Hint: null,
            now,
            now,
            ExpiresAt: null
        );
}

/// <summary>What a policy wants of a cut whose balancer cannot be stopped. Frozen: the numbers are persisted.</summary>
public enum BalancerRule
{
    /// <summary>The cut is taken, and says so.</summary>
    Flag = 0,

    /// <summary>No cut is taken.</summary>
    Refuse = 1,
}

/// <summary>What the blocks of a part stand on that was built beside a head: read before anything was put or held.</summary>
/// <param name="GroupId">Whose it is.</param>
/// <param name="Place">Where the group was then; null where it was assigned to no store.</param>
/// <param name="Sessions">With shared stores, under which it was built.</param>
public sealed record PartPremise(string GroupId, GroupStore? Place, IReadOnlyCollection<Guid> Sessions)
{
    /// <param name="now">Where the group is.</param>
    internal bool StandsIn(GroupStore? now) =>
        (Place, now) is (null, null)
        || (
            Place is { } place
            && now is not null
            && place.Store == now.Store
            && place.Since == now.Since
            && place.From.SequenceEqual(now.From)
        );
}
