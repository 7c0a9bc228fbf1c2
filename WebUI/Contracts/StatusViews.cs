using System.Text.Json;

namespace Backup.WebUI.Contracts;

/// <summary>A point in an oplog.</summary>
/// <param name="T">Seconds since 1970-01-01 UTC.</param>
/// <param name="I">Ordinal within the second.</param>
public sealed record OptimeView(uint T, uint I);

/// <param name="Deployments">What is protected.</param>
/// <param name="Agents">Those that may connect.</param>
/// <param name="Errors">What is wrong with the appliance itself, for example that its disk is full.</param>
public sealed record StatusView(
    IReadOnlyList<DeploymentView> Deployments,
    IReadOnlyList<AgentView> Agents,
    IReadOnlyList<ErrorView> Errors
)
{
    /// <summary>What somebody has to know of: open alerts, newest first.</summary>
    public IReadOnlyList<AlertView> Alerts { get; init; } = [];

    /// <summary>Groups whose block store lacks a tag of theirs; nothing moves by itself.</summary>
    public IReadOnlyList<MisplacedView> Misplaced { get; init; } = [];

    /// <summary>Whether an appliance runs and follows its sources; if not, this is the state that it stopped in.</summary>
    public bool Running { get; init; }
}

public sealed record AgentView(string Id, string HostName, string Version, DateTimeOffset? LastSeenAt)
{
    public DateTimeOffset? EnrolledAt { get; init; }

    /// <summary>Its key opens nothing any more.</summary>
    public bool Revoked { get; init; }

    /// <summary>What it works on or stands by for.</summary>
    public IReadOnlyList<AgentDeploymentView> Deployments { get; init; } = [];
}

/// <param name="Deployment">Its name.</param>
/// <param name="Role">active, standby, or silent where nothing was heard of it for 30 s.</param>
/// <param name="Phase">What it does now, for people.</param>
public sealed record AgentDeploymentView(string Deployment, string Role, string Phase);

/// <summary>An agent that may work on a deployment.</summary>
/// <param name="Id">Of the agent.</param>
/// <param name="HostName">Where it runs.</param>
/// <param name="Role">active: it has the lease; standby: it waits to take over; silent: nothing was heard of it for 30 s.</param>
/// <param name="Phase">What it does now, for people.</param>
/// <param name="SeenAt">When it last said so.</param>
/// <param name="Error">Why nothing goes on.</param>
public sealed record DeploymentAgentView(
    string Id,
    string HostName,
    string Role,
    string Phase,
    DateTimeOffset SeenAt,
    ErrorView? Error
);

/// <param name="Token">A secret, for one agent.</param>
/// <param name="ExpiresAt">From then on it enrols nobody.</param>
/// <param name="Server">What the agent is given as --server; any other name that the server's certificate holds does as well.</param>
public sealed record TokenView(string Token, DateTimeOffset ExpiresAt, string Server)
{
    /// <summary>A line that installs the agent on a host that has none, with the token in BACKUP_AGENT_TOKEN; it names the server's key.</summary>
    public string Install { get; init; } = "";
}

/// <param name="Uri">As users give it; it may hold a password.</param>
/// <param name="Include">The allow list of its namespaces; null or empty: everything.</param>
/// <param name="Exclude">The deny list.</param>
/// <param name="Name">By which commands name it; null: its replica set's or its first host's.</param>
public sealed record DeploymentRequest(
    string Uri,
    IReadOnlyList<string>? Include = null,
    IReadOnlyList<string>? Exclude = null,
    string? Name = null
);

/// <param name="Uri">As users give it; it may hold a password.</param>
public sealed record DeploymentUriRequest(string Uri);

/// <param name="Hosts">Those that its URI names; never a password.</param>
/// <param name="RemovedAt">From then on it is no longer protected; left out while it is.</param>
public sealed record DeploymentEntryView(
    string Id,
    string Name,
    string Type,
    IReadOnlyList<string> Hosts,
    DateTimeOffset? RemovedAt
)
{
    /// <summary>What of it is backed up; left out where that is everything.</summary>
    public FilterView? Namespaces { get; init; }
}

public sealed record DeploymentView(
    string Id,
    string Name,
    string Type,
    IReadOnlyList<ReplicaSetView> ReplicaSets,
    ErrorView? Error
)
{
    /// <summary>From then on it is no longer protected; left out while it is.</summary>
    public DateTimeOffset? RemovedAt { get; init; }

    /// <summary>As its URI names them: <c>host:port</c>.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>What of it is backed up; left out where that is everything.</summary>
    public FilterView? Namespaces { get; init; }

    /// <summary>Whoever works on it first, then those that stand by.</summary>
    public IReadOnlyList<DeploymentAgentView> Agents { get; init; } = [];

    /// <summary>How it is read; left out where it is no longer protected.</summary>
    public SourceView? Source { get; init; }

    /// <summary>Of a sharded cluster; left out before an agent has found it, and of a replica set.</summary>
    public ClusterView? Cluster { get; init; }

    /// <summary>Of a shard or the config servers of a cluster.</summary>
    public MembershipView? PartOf { get; init; }
}

/// <param name="Id">Ours.</param>
/// <param name="Name">The set's name.</param>
/// <param name="State">waiting, initial-sync, catching-up, tailing or stopped.</param>
/// <param name="Optime">The head holds everything up to and including this entry; 0,0 before it holds anything.</param>
/// <param name="LagSeconds">
/// How far the head is behind the newest entry that the agent has seen; when nothing was heard of it for 30 s, plus that time.
/// </param>
/// <param name="Snapshots">How many there are.</param>
/// <param name="SourceSeenAt">When the agent last said how far the source is.</param>
/// <param name="Sync">Progress of the initial sync, while there is one.</param>
/// <param name="Error">Why it is stopped.</param>
public sealed record ReplicaSetView(
    string Id,
    string Name,
    string State,
    OptimeView Optime,
    double LagSeconds,
    int Snapshots,
    DateTimeOffset? SourceSeenAt,
    SyncView? Sync,
    ErrorView? Error
)
{
    /// <summary>Fresh copies of single collections, those that are asked for or under way, and the last one if it failed; oldest first.</summary>
    public IReadOnlyList<CopyView> Copies { get; init; } = [];
}

public sealed record SyncView(
    int Collections,
    int CollectionsDone,
    long Documents,
    long ExpectedDocuments,
    long Bytes,
    long ExpectedBytes
)
{
    /// <summary>On average since it was asked for.</summary>
    public double BytesPerSecond { get; init; }

    /// <summary>At that rate; left out while it is not known.</summary>
    public double? SecondsLeft { get; init; }
}

/// <param name="Id">Ours.</param>
/// <param name="State">wanted: no agent has begun it; copying; catching-up: the copy is whole, the head takes it over next; failed.</param>
/// <param name="Namespaces">What was asked for.</param>
/// <param name="RequestedAt">When.</param>
/// <param name="Progress">Left out before it is begun.</param>
/// <param name="Failure">Why it was given up; the head is as it was.</param>
public sealed record CopyView(
    string Id,
    string State,
    IReadOnlyList<string> Namespaces,
    DateTimeOffset RequestedAt,
    SyncView? Progress,
    string? Failure
);

/// <param name="Namespaces">Which collections are copied anew: db, db.coll, db.prefix*.</param>
public sealed record CopyRequest(IReadOnlyList<string> Namespaces);

/// <param name="Id">Ours.</param>
/// <param name="Kind">For example <c>snapshot</c>, <c>verify</c>, <c>push</c>.</param>
/// <param name="State">queued, running, succeeded, failed or cancelled.</param>
/// <param name="Phase">What it does now, for people.</param>
/// <param name="Progress">0 to 1.</param>
/// <param name="Result">By kind; left out until it succeeded.</param>
/// <param name="Error">Of the last failure, also where it is tried again.</param>
public sealed record JobView(
    string Id,
    string Kind,
    string State,
    string Phase,
    double Progress,
    JsonElement? Result,
    ErrorView? Error
)
{
    /// <summary>Who asked for it; left out where nobody did.</summary>
    public string? AskedBy { get; init; }

    /// <summary>Worked off so far; left out where it is not counted in bytes.</summary>
    public long? Bytes { get; init; }

    /// <summary>An estimate of all of them; left out where none is known.</summary>
    public long? ExpectedBytes { get; init; }

    /// <summary>Over the last seconds; left out where it is not known, or does not run.</summary>
    public double? BytesPerSecond { get; init; }

    /// <summary>Until it ends, as it goes now, in seconds; left out where that cannot be told.</summary>
    public double? RemainingSeconds { get; init; }

    /// <summary>The job that this one is another try of; left out where it is the first.</summary>
    public string? RetryOf { get; init; }
}

/// <param name="At">When.</param>
/// <param name="Text">For people.</param>
/// <param name="Trouble">Whether something went wrong.</param>
public sealed record JobLogView(DateTimeOffset At, string Text, bool Trouble);

/// <param name="Ok">True.</param>
/// <param name="Documents">Written.</param>
/// <param name="Bytes">Of the output.</param>
/// <param name="Sha256">Of the output; left out where it was not wanted.</param>
/// <param name="Optime">The last oplog entry that is in it.</param>
/// <param name="Excluded">Collections whose documents are not in it, with the reason; left out where there is none.</param>
/// <param name="Undecided">
/// Where transactions were prepared of which it is not known whether they were committed by then: they are not in it. Left out where there is none.
/// </param>
public sealed record RestoreView(
    bool Ok,
    long Documents,
    long Bytes,
    string? Sha256,
    OptimeView Optime,
    IReadOnlyList<ExcludedView>? Excluded,
    IReadOnlyList<OptimeView>? Undecided
);

public sealed record ExcludedView(string Namespace, string Reason);

/// <summary>An edge of a range or a gap, as both ways to name a moment take it.</summary>
/// <param name="Optime">For <c>--optime</c>: up to and including.</param>
/// <param name="Time">For <c>--time</c>: before that second; the first one or the last one that is taken.</param>
public sealed record MomentView(OptimeView Optime, DateTimeOffset Time);

/// <param name="ReplicaSet">The name of the set, or of the cluster.</param>
/// <param name="Ranges">Of each, every moment can be restored; oldest first.</param>
/// <param name="Gaps">Of each, none can; oldest first.</param>
public sealed record RangesView(string ReplicaSet, IReadOnlyList<RangeView> Ranges, IReadOnlyList<GapView> Gaps)
{
    /// <summary>What else than the oplog changed what is backed up, oldest first.</summary>
    public IReadOnlyList<ChangeView> Changes { get; init; } = [];

    /// <summary>Of a cluster its complete snapshots and checkpoints, oldest first; left out of a replica set.</summary>
    public IReadOnlyList<CutView>? Cuts { get; init; }
}

/// <param name="At">From this moment on it holds.</param>
/// <param name="What">copied, not-found, left, filter or renamed-away.</param>
/// <param name="Collection">Its namespace; left out where it is not about one.</param>
/// <param name="Text">For people.</param>
public sealed record ChangeView(MomentView At, string What, string? Collection, string Text);

public sealed record RangeView(MomentView From, MomentView To);

/// <param name="From">The last moment before it that can be restored.</param>
/// <param name="To">The first one after it; left out where there is none yet.</param>
/// <param name="Cause">Why.</param>
/// <param name="Collection">Of a gap in one collection: every other one can be restored. Left out of one in everything.</param>
public sealed record GapView(MomentView From, MomentView? To, CauseView Cause, string? Collection)
{
    /// <summary>Of a cluster the set that cannot be restored: a shard, or config; left out of a replica set.</summary>
    public string? Set { get; init; }
}

/// <param name="Code">oplog-lost, rolled-back, resync, head-stopped or collection-lost; of a cluster also not-backed-up.</param>
/// <param name="Text">For people.</param>
/// <param name="Error">The number of the error that made it, where it was one.</param>
public sealed record CauseView(string Code, string Text, string? Error);

/// <summary>How far a restore has replayed the oplog.</summary>
/// <param name="At">The last entry applied; left out before the first slice and once it is done.</param>
/// <param name="Bytes">Read so far.</param>
/// <param name="ExpectedBytes">To be read.</param>
public sealed record ReplayView(OptimeView? At, long Bytes, long ExpectedBytes);

public sealed record ErrorView(string Code, string Message, string Hint)
{
    /// <summary>What of the request is wrong, as its JSON names it; left out where no single field is.</summary>
    public string? Field { get; init; }
}

public sealed record ErrorEnvelope(ErrorView Error);
