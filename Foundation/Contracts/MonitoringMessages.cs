namespace Backup.Foundation.Contracts;

/// <summary>What a source's servers say of themselves at one minute. Fields are only ever added.</summary>
/// <param name="At">When the agent asked, by its clock.</param>
/// <param name="Hosts">Of each server that could be asked.</param>
/// <param name="Members">The replica set as the server that is read from sees it.</param>
/// <param name="Databases">Of the server that is read from; the first 100 by name.</param>
/// <param name="DatabasesLeftOut">How many more there are.</param>
/// <param name="Oplog">Of the server that is read from; null where it could not be asked.</param>
public sealed record MonitoringSample(
    DateTimeOffset At,
    IReadOnlyList<HostSample> Hosts,
    IReadOnlyList<MemberSample> Members,
    IReadOnlyList<DatabaseSample> Databases,
    int DatabasesLeftOut,
    OplogSample? Oplog
);

/// <summary>An extract of <c>serverStatus</c>; a number that a server does not tell is null.</summary>
/// <param name="Host">host:port.</param>
/// <param name="Version">For example <c>4.2.4</c>.</param>
/// <param name="UptimeSeconds">Since the process started: counters begin there.</param>
/// <param name="Connections">Open now.</param>
/// <param name="ConnectionsAvailable">How many more it would take.</param>
/// <param name="Operations">Counters by kind (insert, query, update, delete, getmore, command) since the start.</param>
/// <param name="ResidentMegabytes">Resident memory, MiB.</param>
/// <param name="CacheBytes">In WiredTiger's cache now.</param>
/// <param name="CacheMaxBytes">What that cache may hold.</param>
/// <param name="NetworkInBytes">Since the start.</param>
/// <param name="NetworkOutBytes">Since the start.</param>
public sealed record HostSample(
    string Host,
    string Version,
    long UptimeSeconds,
    long? Connections,
    long? ConnectionsAvailable,
    IReadOnlyDictionary<string, long> Operations,
    long? ResidentMegabytes,
    long? CacheBytes,
    long? CacheMaxBytes,
    long? NetworkInBytes,
    long? NetworkOutBytes
)
{
    /// <summary>Readers and writers that wait for a lock now.</summary>
    public long? Queued { get; init; }

    /// <summary>How many operations it has logged as slow since the sample before; null where that is not known.</summary>
    public long? SlowOperations { get; init; }

    /// <summary>Of the disk with the data.</summary>
    public long? DiskUsedBytes { get; init; }

    /// <summary>Of the disk with the data.</summary>
    public long? DiskTotalBytes { get; init; }
}

/// <param name="Name">host:port.</param>
/// <param name="State">For example <c>SECONDARY</c>.</param>
/// <param name="Healthy">Whether the server that was asked reaches it.</param>
/// <param name="Optime">Its newest entry; null where it has none (an arbiter).</param>
/// <param name="LagSeconds">Behind the newest entry of any member; null where it has none.</param>
public sealed record MemberSample(string Name, string State, bool Healthy, WireOptime? Optime, long? LagSeconds);

/// <summary><c>dbStats</c> of a database.</summary>
/// <param name="DataBytes">Documents, not compressed.</param>
/// <param name="StorageBytes">On the disk.</param>
/// <param name="IndexBytes">On the disk.</param>
public sealed record DatabaseSample(
    string Name,
    long Collections,
    long Documents,
    long DataBytes,
    long StorageBytes,
    long IndexBytes
);

/// <summary>What the oplog spans: the agent must never be further behind than that.</summary>
/// <param name="First">The oldest entry.</param>
/// <param name="Last">The newest entry.</param>
/// <param name="WindowSeconds">Between them.</param>
public sealed record OplogSample(WireOptime First, WireOptime Last, long WindowSeconds);
