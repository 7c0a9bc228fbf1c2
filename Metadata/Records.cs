using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Metadata.Secrets;

namespace Backup.Metadata;

/// <summary>Whoever shares deployments, agents and keys.</summary>
public sealed record Group(string Id, string Name, DateTimeOffset CreatedAt);

/// <summary>A one-time right to enrol an agent; only the SHA-256 of its secret is kept.</summary>
public sealed record EnrolmentToken(byte[] SecretHash, string GroupId, DateTimeOffset ExpiresAt, bool Used);

/// <summary>An enrolled agent. What it proves itself with: <see cref="ICredentials"/>.</summary>
public sealed record AgentRecord(
    string Id,
    string GroupId,
    string HostName,
    string Version,
    DateTimeOffset EnrolledAt,
    DateTimeOffset? LastSeenAt,
    bool Revoked
);

/// <summary>What a user asked to protect. <paramref name="Uri"/> may hold a password: <see cref="IDeployments.OpenUri"/> tells it, and it is never logged or shown whole.</summary>
/// <param name="Id">Ours.</param>
/// <param name="GroupId">Whose agents work on it.</param>
/// <param name="Name">For people.</param>
/// <param name="Type">One of <see cref="DeploymentTypes"/>; an agent finds out.</param>
/// <param name="Uri">Where it is.</param>
/// <param name="CreatedAt">When it was asked for.</param>
/// <param name="RemovedAt">From then on it is no longer protected: no agent works on it, its snapshots stay. Null while it is.</param>
public sealed record Deployment(
    string Id,
    string GroupId,
    string Name,
    string Type,
    DeploymentUri Uri,
    DateTimeOffset CreatedAt,
    DateTimeOffset? RemovedAt = null
)
{
    public bool IsProtected => RemovedAt is null;

    /// <summary>Of a shard or the config servers of a cluster; null of what a user asked for.</summary>
    public ClusterMembership? Cluster { get; init; }

    /// <summary>What of it is backed up; changed by <see cref="IDeployments.SetNamespacesAsync"/> alone once it is there.</summary>
    public NamespaceFilter Namespaces { get; init; } = NamespaceFilter.Everything;

    /// <summary>How its source is read; changed by <see cref="IDeployments.SetSourceAsync"/> alone.</summary>
    public SourceSettings Source { get; init; } = new();
}

/// <summary>What one agent last said about a deployment.</summary>
/// <param name="DeploymentId">The deployment.</param>
/// <param name="AgentId">Who said it.</param>
/// <param name="Phase">What it does now, for people.</param>
/// <param name="Code">Why nothing goes on, for example <c>BK2108</c>; null while all is well.</param>
/// <param name="Message">What is wrong, where.</param>
/// <param name="Hint">The way out.</param>
/// <param name="At">When.</param>
/// <param name="Source">What it said of the source, as JSON of the agents' contract; null where it said nothing.</param>
public sealed record AgentReport(
    string DeploymentId,
    string AgentId,
    string Phase,
    string? Code,
    string? Message,
    string? Hint,
    DateTimeOffset At,
    string? Source = null
);

/// <summary>The states that <c>backup status</c> shows. Frozen: the numbers are persisted.</summary>
public enum ReplicaSetState
{
    Waiting = 0,
    InitialSync = 1,
    CatchingUp = 2,
    Tailing = 3,
    Stopped = 4,
}

/// <summary>One replica set of a deployment, as its agent reported it.</summary>
/// <param name="Id">Ours.</param>
/// <param name="DeploymentId">Its deployment.</param>
/// <param name="Name">The set's name, for example <c>rs0</c>.</param>
/// <param name="SetId">The source's <c>settings.replicaSetId</c> as 24 hex digits: the same name with another id is another set.</param>
/// <param name="MongoVersion">For example <c>4.2.4</c>.</param>
/// <param name="FeatureCompatibilityVersion">For example <c>4.2</c>.</param>
/// <param name="StorageEngine">For example <c>wiredTiger</c>.</param>
/// <param name="State">See <see cref="ReplicaSetState"/>.</param>
/// <param name="StopCode">Why it is stopped, for example <c>BK3007</c>; null while it is not.</param>
/// <param name="StopMessage">What is wrong, where.</param>
/// <param name="StopHint">The way out.</param>
/// <param name="SyncId">The sync that its head is or was built from.</param>
/// <param name="SourceOptime">The newest majority-committed optime the agent has seen at the source.</param>
/// <param name="SourceSeenAt">The reading of it began at this moment or later, by the clock of the server.</param>
public sealed record ReplicaSetRecord(
    string Id,
    string DeploymentId,
    string Name,
    string SetId,
    string MongoVersion,
    string FeatureCompatibilityVersion,
    string StorageEngine,
    ReplicaSetState State,
    string? StopCode,
    string? StopMessage,
    string? StopHint,
    string? SyncId,
    Optime SourceOptime,
    DateTimeOffset? SourceSeenAt
);

/// <summary>Frozen: the numbers are persisted.</summary>
public enum SyncState
{
    /// <summary>The agent copies.</summary>
    Copying = 0,

    /// <summary>Every collection is copied; <see cref="SyncRecord.End"/> is known.</summary>
    Copied = 1,

    /// <summary>The head holds it all, durably; the slices are gone.</summary>
    Built = 2,

    /// <summary>Given up for another one.</summary>
    Abandoned = 3,

    /// <summary>A partial sync that no agent has begun.</summary>
    Wanted = 4,
}

/// <summary>One initial sync of a replica set, or of some of its collections beside it.</summary>
/// <param name="Id">Ours.</param>
/// <param name="ReplicaSetId">Its replica set.</param>
/// <param name="State">See <see cref="SyncState"/>.</param>
/// <param name="Begin">The oplog is replayed from here (this entry included); zero of a partial sync that is not begun.</param>
/// <param name="End">The head is consistent from here on; known when the copy is done.</param>
/// <param name="StartedAt">When; of a partial one, when it was asked for.</param>
/// <param name="Beside">Of a partial sync the sync whose oplog is replayed over it; null of a sync of the whole replica set.</param>
/// <param name="Order">Which collections it copies; null: everything.</param>
/// <param name="Failure">Why a partial sync was given up by itself, with the error's number; null where it was not.</param>
public sealed record SyncRecord(
    string Id,
    string ReplicaSetId,
    SyncState State,
    Optime Begin,
    Optime? End,
    DateTimeOffset StartedAt,
    string? Beside = null,
    CopyOrder? Order = null,
    string? Failure = null
)
{
    public bool IsPartial => Beside is not null;

    /// <summary>Whether something is still to be done for a head to hold it.</summary>
    public bool IsOpen => State is SyncState.Wanted or SyncState.Copying or SyncState.Copied;
}

/// <summary>How far the copy of one collection (or of one of its <c>_id</c> ranges) is.</summary>
/// <param name="SyncId">The sync.</param>
/// <param name="Collection">UUID.</param>
/// <param name="Namespace">As listed.</param>
/// <param name="Range">Ordinal of the <c>_id</c> range, from 0; 0 alone where the collection is not split.</param>
/// <param name="ExpectedDocuments">The source's estimate.</param>
/// <param name="ExpectedBytes">The source's estimate.</param>
/// <param name="Documents">Acknowledged so far.</param>
/// <param name="RawBytes">Acknowledged so far.</param>
/// <param name="NextSequence">The sequence number of the next slice, from 0.</param>
/// <param name="LastId">A document with the last acknowledged <c>_id</c> as its only field; null at the start.</param>
/// <param name="Done">Nothing more will come.</param>
public sealed record SyncCollection(
    string SyncId,
    Guid Collection,
    string Namespace,
    int Range,
    long ExpectedDocuments,
    long ExpectedBytes,
    long Documents,
    long RawBytes,
    long NextSequence,
    byte[]? LastId,
    bool Done
);

/// <summary>How far a sync's copy is.</summary>
/// <param name="Collections">How many are copied.</param>
/// <param name="CollectionsDone">Of how many nothing more will come.</param>
/// <param name="Documents">Acknowledged so far.</param>
/// <param name="ExpectedDocuments">The source's estimate; of a collection never less than what was acknowledged.</param>
/// <param name="RawBytes">Acknowledged so far.</param>
/// <param name="ExpectedBytes">As the documents.</param>
public sealed record SyncProgress(
    int Collections,
    int CollectionsDone,
    long Documents,
    long ExpectedDocuments,
    long RawBytes,
    long ExpectedBytes
);

/// <summary>A durable sync slice.</summary>
public sealed record SyncSlice(
    string SyncId,
    Guid Collection,
    int Range,
    long Sequence,
    string ObjectName,
    long Documents,
    int RawLength,
    int StoredLength,
    byte[] Sha256
);

/// <summary>A durable oplog slice: entries after <paramref name="Previous"/> up to and including <paramref name="Last"/>.</summary>
/// <param name="ReplicaSetId">The replica set.</param>
/// <param name="SyncId">The sync it belongs to: a resync starts a sequence of its own.</param>
/// <param name="Sequence">From 0, without gaps.</param>
/// <param name="Previous">The optime of the entry just before the first one; for sequence 0 the same as <paramref name="First"/>.</param>
/// <param name="First">The first entry's optime.</param>
/// <param name="Last">The last entry's optime.</param>
/// <param name="Entries">How many.</param>
/// <param name="ObjectName">In the object store.</param>
/// <param name="RawLength">Bytes of raw BSON.</param>
/// <param name="StoredLength">Bytes of the zstd frame.</param>
/// <param name="Sha256">Of the raw bytes.</param>
/// <param name="ReceivedAt">When it became durable.</param>
public sealed record OplogSlice(
    string ReplicaSetId,
    string SyncId,
    long Sequence,
    Optime Previous,
    Optime First,
    Optime Last,
    int Entries,
    string ObjectName,
    int RawLength,
    int StoredLength,
    byte[] Sha256,
    DateTimeOffset ReceivedAt
);

/// <summary>The durable state of a head: its manifest is a block; what came after is in the slices.</summary>
/// <param name="ReplicaSetId">The replica set.</param>
/// <param name="SyncId">The sync it grew from.</param>
/// <param name="ManifestBlock">Hex id of the manifest's block.</param>
/// <param name="Optime">Everything up to and including this entry is in it.</param>
/// <param name="ReplayFrom">Where to start reading to have every open transaction whole; at most <paramref name="Optime"/>.</param>
/// <param name="Consistent">False until the end of the initial sync is passed: no snapshot before.</param>
/// <param name="NewBytes">Bytes that the head's growth since the last snapshot has added to the blockstore.</param>
/// <param name="UpdatedAt">When.</param>
public sealed record HeadRecord(
    string ReplicaSetId,
    string SyncId,
    string ManifestBlock,
    Optime Optime,
    Optime ReplayFrom,
    bool Consistent,
    long NewBytes,
    DateTimeOffset UpdatedAt
);

/// <summary>A complete, readable snapshot.</summary>
/// <param name="Id">Ours.</param>
/// <param name="ReplicaSetId">The replica set.</param>
/// <param name="Optime">Everything up to and including this entry is in it.</param>
/// <param name="ManifestBlock">Hex id of the manifest's block.</param>
/// <param name="Documents">Counted.</param>
/// <param name="RawBytes">Their BSON bytes.</param>
/// <param name="NewBytes">Bytes that the head's growth since the snapshot before has added to the blockstore.</param>
/// <param name="StoredBytes">Bytes of its blocks in the store.</param>
/// <param name="DurationSeconds">How long taking it took.</param>
/// <param name="Trigger">Shown to people.</param>
/// <param name="CreatedAt">When.</param>
/// <param name="ExpiresAt">The end that somebody gave it: kept until then, gone after it, whatever the policy says. Null: the policy decides.</param>
/// <param name="SyncId">The sync that its head grew from; empty where a release that did not write it down left it unknown.</param>
/// <param name="ReplayFrom">
/// Where to start reading the oplog to go on from it, every open transaction whole; at most <paramref name="Optime"/>. Null where a
/// release that did not write it down took the snapshot: its manifest tells.
/// </param>
public sealed record SnapshotRecord(
    string Id,
    string ReplicaSetId,
    Optime Optime,
    string ManifestBlock,
    long Documents,
    long RawBytes,
    long NewBytes,
    long StoredBytes,
    double DurationSeconds,
    string Trigger,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    string SyncId = "",
    Optime? ReplayFrom = null
)
{
    /// <summary>What it holds of the source, as JSON: a list of filters that all have to include a namespace. Null: everything.</summary>
    public string? Filters { get; init; }

    /// <summary>Of a part of a cluster's snapshot the cut; it comes and goes with it. Null of a snapshot of a replica set alone.</summary>
    public string? CutId { get; init; }

    /// <summary>Since when it is pinned: it stays until it is not, whatever the policy and its own end say. Null while it is not.</summary>
    public DateTimeOffset? PinnedAt { get; init; }
}
