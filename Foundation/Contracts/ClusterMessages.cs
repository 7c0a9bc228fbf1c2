namespace Backup.Foundation.Contracts;

/// <summary>What an agent found behind a URI that leads to routers (mongos); answered with <see cref="ClusterOrders"/>.</summary>
/// <param name="SourceId"><c>config.version</c>'s <c>clusterId</c>, 24 hex digits.</param>
/// <param name="MongoVersion">For example <c>4.2.4</c>.</param>
/// <param name="Routers">host:port of each router that is alive, at most 1000.</param>
/// <param name="Sets">The config servers and every shard, at most 1000.</param>
/// <param name="BalancerOn">Whether the balancer may move chunks.</param>
public sealed record ClusterReport(
    string SourceId,
    string MongoVersion,
    IReadOnlyList<string> Routers,
    IReadOnlyList<ClusterSet> Sets,
    bool BalancerOn
)
{
    public const int MostSets = 1000;
}

/// <param name="Shard">As the cluster names it; <see cref="ConfigServers"/> for the config servers.</param>
/// <param name="Uri">By which its members are reached, made of the cluster's: may hold a password, never logged or shown.</param>
public sealed record ClusterSet(string Shard, string Uri)
{
    public const string ConfigServers = "config";

    /// <summary>Of the URI, in characters.</summary>
    public const int LongestUri = 8192;
}

/// <summary>What the agent that has a cluster's lease is to do now.</summary>
/// <param name="Cut">The cut that is being made; null while none is.</param>
/// <param name="StartBalancer">The balancer was stopped for a cut and nobody needs it at rest any more: start it, and say so.</param>
public sealed record ClusterOrders(CutOrder? Cut, bool StartBalancer);

/// <param name="CutId">Which.</param>
/// <param name="Stage">One of <see cref="CutStages"/>: what is durable at the server.</param>
/// <param name="Sets">The shards (and the config servers) that belong to it.</param>
/// <param name="Silent">Of a settled one those whose stored oplog has not passed its time.</param>
/// <param name="BalancerSeconds">How long to wait until the balancer rests, 1 to 3600.</param>
/// <param name="Time">Of a settled one.</param>
/// <param name="MayStop">It is durable that the balancer is owed its start: it may be stopped.</param>
public sealed record CutOrder(
    string CutId,
    string Stage,
    IReadOnlyList<string> Sets,
    IReadOnlyList<string> Silent,
    int BalancerSeconds,
    WireOptime? Time,
    bool MayStop
);

/// <summary>How far a cut is, as <see cref="CutOrder.Stage"/> says it.</summary>
public static class CutStages
{
    /// <summary>Say how the balancer is (<see cref="CutBegun"/>); once that is acknowledged it may be stopped.</summary>
    public const string Wanted = "wanted";

    /// <summary>Stop it, and say whether it rests (<see cref="CutRested"/>).</summary>
    public const string Stopping = "stopping";

    /// <summary>Write a token to the primary of every set, and tell the greatest time (<see cref="CutMarked"/>).</summary>
    public const string Marking = "marking";

    /// <summary>Write another note to the primary of each silent set.</summary>
    public const string Settled = "settled";
}

/// <param name="BalancerOn">As it was before anybody stops it.</param>
public sealed record CutBegun(bool BalancerOn);

/// <param name="Trouble">Why the balancer does not rest; null where it does.</param>
public sealed record CutRested(Fault? Trouble);

/// <param name="Time">The greatest time of the tokens; its term means nothing.</param>
/// <param name="Trouble">Why the balancer did not rest until all of them were written; null where it did.</param>
public sealed record CutMarked(WireOptime Time, Fault? Trouble);

/// <param name="Goes">False where the cut is not in that stage any more, or was given up: nothing more is to be done for it.</param>
public sealed record CutAnswer(bool Goes);
