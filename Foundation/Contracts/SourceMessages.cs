namespace Backup.Foundation.Contracts;

/// <summary>How a deployment's source is to be read; goes with the configuration and with the answer to each heartbeat.</summary>
/// <param name="Revision">Grows with each change: an agent never goes back to an older one that comes late.</param>
/// <param name="Member">A <see cref="MemberRule"/>.</param>
/// <param name="Cursors">Collections or ranges copied at the same time, 1 to 16.</param>
/// <param name="BytesPerSecond">Raw bytes read; 0: no bound.</param>
/// <param name="Paused">Neither collections nor oplog are read; the lease is kept.</param>
public sealed record SourceOrder(long Revision, string Member, int Cursors, long BytesPerSecond, bool Paused);

/// <param name="Now">
/// The server's clock, milliseconds since 1970-01-01 UTC. What the agent reads of a source after this answer it tells with this number
/// (<see cref="DeploymentReport.ReadAfter"/>): then it is known how old the news can be, however long they were on their way.
/// </param>
/// <param name="Deployments">Those that the heartbeat told of and that are the agent's.</param>
/// <param name="Logs">Somebody waits for the agent's last log lines; null where nobody does.</param>
/// <param name="Update">The version of the build that is offered for the agent's platform; null where none is.</param>
public sealed record HeartbeatAnswer(
    long Now,
    IReadOnlyList<DeploymentOrders> Deployments,
    LogRequest? Logs = null,
    string? Update = null
);

public sealed record DeploymentOrders(string DeploymentId, SourceOrder Source)
{
    /// <summary>Somebody waits for something of the source's servers; null where nobody does.</summary>
    public HostRequest? Asked { get; init; }
}

/// <summary>What the agent that works on a deployment says of its source.</summary>
/// <param name="Member">host:port that is read; null while there is none.</param>
/// <param name="Why">Why it was chosen, for people.</param>
/// <param name="Revision">Of the <see cref="SourceOrder"/> that is in force.</param>
/// <param name="Oplog">As it was within the last half minute; null where it could not be asked.</param>
/// <param name="Load">What the agent costs it; null where that is not known yet.</param>
public sealed record SourceReport(
    string? Member,
    string? Why,
    long Revision,
    OplogWindow? Oplog,
    LoadReport? Load = null
);

/// <summary>What the agent costs a source: all its connections to all members, over the last minute.</summary>
/// <param name="BytesPerSecond">Read, not compressed.</param>
/// <param name="CommandsPerSecond">Sent, those of handshakes and heartbeats too.</param>
/// <param name="Cursors">Open now.</param>
/// <param name="Throttled">The share of the time, 0 to 1, in which the bound on bytes a second held somebody back.</param>
/// <param name="Seconds">What was measured over: 60, less just after the start.</param>
public sealed record LoadReport(
    long BytesPerSecond,
    double CommandsPerSecond,
    int Cursors,
    double Throttled,
    int Seconds
);

/// <summary>How much time a source's oplog holds.</summary>
/// <param name="First">The oldest entry that is there.</param>
/// <param name="Last">The newest one.</param>
/// <param name="Seconds">
/// What it holds once it is full, if as much is written as until now: <paramref name="First"/> to <paramref name="Last"/> where it is full, more while it
/// is filling up.
/// </param>
public sealed record OplogWindow(WireOptime First, WireOptime Last, long Seconds)
{
    /// <summary>How long whoever has read up to an entry may stay away until the oplog no longer holds it; negative where it is too late.</summary>
    /// <param name="position">Seconds since 1970-01-01 UTC of that entry.</param>
    public long SecondsLeft(uint position) => Seconds - ((long)Last.T - position);
}
