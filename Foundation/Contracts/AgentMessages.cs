namespace Backup.Foundation.Contracts;

/// <summary>An <see cref="Optime"/> in JSON.</summary>
public sealed record WireOptime(uint T, uint I, long Term)
{
    public Optime ToOptime() => new(T, I, Term);

    public static WireOptime From(Optime optime) => new(optime.T, optime.I, optime.Term);
}

/// <summary>What is wrong, by the code that never changes its meaning, and the way out.</summary>
/// <param name="Code">For example <c>BK7003</c>.</param>
public sealed record Fault(string Code, string Message, string Hint);

/// <summary>RFC 9457 problem details with the product's code and hint.</summary>
/// <param name="Type"><c>about:blank</c>: the code says it all.</param>
/// <param name="Title">The reason phrase of the status.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Detail">The message.</param>
/// <param name="Code">For example <c>BK8007</c>.</param>
/// <param name="Hint">What to do next.</param>
/// <param name="Transient">Whether the same request may succeed later.</param>
public sealed record Problem(
    string Type,
    string Title,
    int Status,
    string Detail,
    string Code,
    string Hint,
    bool Transient
);

/// <summary>What the agent is to do, and within what bounds.</summary>
/// <param name="Deployments">Those of the agent's group.</param>
/// <param name="Limits">For all of them together.</param>
public sealed record AgentConfiguration(IReadOnlyList<ConfiguredDeployment> Deployments, AgentLimits Limits);

/// <param name="Uri">May hold a password: never logged or shown.</param>
/// <param name="Source">How it is read; null: as <see cref="AgentLimits"/> says, any secondary.</param>
public sealed record ConfiguredDeployment(string Id, string Name, string Uri, SourceOrder? Source = null);

/// <summary>Bounds on the load that the agent puts on source and host.</summary>
/// <param name="Cursors">Collections of one deployment copied at the same time, 1 to 16; where its <see cref="SourceOrder"/> says nothing.</param>
/// <param name="BytesPerSecond">Raw bytes read from one source; 0: no bound; likewise.</param>
/// <param name="MemoryBudget">Bytes of buffers in flight, at least 36 MiB.</param>
/// <param name="HeartbeatSeconds">1 to 60.</param>
/// <param name="PollSeconds">How often the configuration is asked for, 1 to 300.</param>
/// <param name="SplitBytes">A collection of twice that size and more is copied in <c>_id</c> ranges of about that size, beside each other; at least 1 MiB.</param>
public sealed record AgentLimits(
    int Cursors = 2,
    long BytesPerSecond = 0,
    int MemoryBudget = 36 * 1024 * 1024,
    int HeartbeatSeconds = 1,
    int PollSeconds = 5,
    long SplitBytes = 1L << 30
);

/// <summary>Sent every few seconds while the agent runs; answered with a <see cref="HeartbeatAnswer"/>.</summary>
/// <param name="Version">Of the agent.</param>
/// <param name="Deployments">What it works on or stands by for.</param>
/// <param name="Platform">For example <c>linux-x64</c>: which builds it can run; null where it takes none.</param>
public sealed record Heartbeat(string Version, IReadOnlyList<DeploymentReport> Deployments, string? Platform = null);

/// <param name="DeploymentId">Which.</param>
/// <param name="Fault">Why nothing goes on; null while all is well.</param>
/// <param name="ReplicaSetId">Null until it was discovered.</param>
/// <param name="Phase">What the agent does now, for people.</param>
/// <param name="SourceOptime">The newest majority-committed optime at the source.</param>
/// <param name="Documents">Copied since the agent started.</param>
/// <param name="RawBytes">Copied and tailed since the agent started.</param>
/// <param name="Fence">Of the lease that the agent holds; null while it stands by: then it says nothing of the source.</param>
/// <param name="ReadAfter"><see cref="HeartbeatAnswer.Now"/> of the answer after which <paramref name="SourceOptime"/> was read.</param>
/// <param name="Source">Null while it stands by.</param>
public sealed record DeploymentReport(
    string DeploymentId,
    Fault? Fault,
    string? ReplicaSetId,
    string Phase,
    WireOptime? SourceOptime,
    long Documents,
    long RawBytes,
    long? Fence,
    long? ReadAfter = null,
    SourceReport? Source = null
);

/// <summary>
/// Asks for a deployment's lease, says that its holder is alive, or gives it back. Of several agents that may work on a deployment the one with the
/// lease does; whatever it sends bears the lease's fencing number and is refused once another lease was granted.
/// </summary>
/// <param name="Session">Made anew at each start of the agent, 1 to 64 characters.</param>
/// <param name="Fence">Of the lease that this run of the agent was granted last; null where it never was.</param>
public sealed record LeaseClaim(string Session, long? Fence);

/// <param name="Fence">The fencing number of the lease that the agent has now; null where another agent has it.</param>
/// <param name="Holder">Who has it, for people: host name and id.</param>
/// <param name="AskAgainSeconds">When the agent is to ask again, as holder or as one that stands by; 1 to 60.</param>
/// <param name="StandBys">How many other agents asked for it lately: there is somebody to take over.</param>
public sealed record LeaseAnswer(long? Fence, string Holder, int AskAgainSeconds, int StandBys);

/// <summary>What the agent found behind a deployment's URI.</summary>
/// <param name="Name">The replica set's name.</param>
/// <param name="SetId"><c>settings.replicaSetId</c>, 24 hex digits.</param>
/// <param name="MongoVersion">For example <c>4.2.4</c>.</param>
/// <param name="FeatureCompatibilityVersion">For example <c>4.2</c>.</param>
/// <param name="StorageEngine">For example <c>wiredTiger</c>.</param>
/// <param name="Members">host:port of each data-bearing member.</param>
public sealed record DiscoveryReport(
    string Name,
    string SetId,
    string MongoVersion,
    string FeatureCompatibilityVersion,
    string StorageEngine,
    IReadOnlyList<string> Members
);

/// <summary>What is to be done for a replica set.</summary>
/// <param name="ReplicaSetId">The server's id of it.</param>
/// <param name="Sync">The current sync with its position; null where the agent is to begin one.</param>
/// <param name="Stop">Why the agent must not go on (a hole): it waits until a new sync is asked for; null otherwise.</param>
/// <param name="Filter">What a sync that is begun now copies; null: everything.</param>
public sealed record Assignment(string ReplicaSetId, SyncPosition? Sync, Fault? Stop, NamespaceFilter? Filter = null);

/// <param name="SyncId">The server's id.</param>
/// <param name="Copying">False once every collection was reported as copied: only the oplog is left.</param>
/// <param name="Begin">The oplog's first entry to be shipped.</param>
/// <param name="Ranges">Those not done yet.</param>
/// <param name="NextOplogSequence">From 0.</param>
/// <param name="LastOplog">The last acknowledged entry; null before the first slice.</param>
public sealed record SyncPosition(
    string SyncId,
    bool Copying,
    WireOptime Begin,
    IReadOnlyList<RangePosition> Ranges,
    long NextOplogSequence,
    WireOptime? LastOplog
);

/// <summary>How far the copy of one range of one collection was acknowledged.</summary>
/// <param name="LastId">Base64 of a BSON document with the last acknowledged <c>_id</c> as its only field; null at the start.</param>
/// <param name="NaturalOrder">The collection is copied in natural order: after an interruption it starts afresh.</param>
/// <param name="From">Base64 of <c>{_id: …}</c>, where the range begins, this <c>_id</c> included; null: at the least.</param>
/// <param name="Until">Base64 of <c>{_id: …}</c>, where it ends, this <c>_id</c> not included; null: after the greatest.</param>
/// <param name="Bytes">Acknowledged of it, raw.</param>
public sealed record RangePosition(
    Guid Collection,
    string Namespace,
    int Range,
    long NextSequence,
    string? LastId,
    bool NaturalOrder,
    long ExpectedDocuments,
    long ExpectedBytes,
    string? From = null,
    string? Until = null,
    long Bytes = 0
);

/// <summary>Every collection is copied.</summary>
/// <param name="End">The majority-committed optime after the last copy ended: the head is consistent from there on.</param>
public sealed record CopiedReport(WireOptime End);

/// <summary>The oplog's continuity is lost.</summary>
/// <param name="From">The last acknowledged entry (or the sync's begin).</param>
/// <param name="To">The oldest entry that is there after it.</param>
/// <param name="Fault">The agent's error: hole or rollback.</param>
public sealed record HoleReport(WireOptime From, WireOptime To, Fault Fault);

/// <summary>The answer to a slice.</summary>
/// <param name="NextSequence">The sequence number expected next.</param>
/// <param name="Duplicate">The slice was there already; nothing changed.</param>
public sealed record SliceAnswer(long NextSequence, bool Duplicate);
