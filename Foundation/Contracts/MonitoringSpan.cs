namespace Backup.Foundation.Contracts;

/// <summary>How a source's servers were in a span of time. Fields are only ever added.</summary>
/// <param name="From">Its begin.</param>
/// <param name="Seconds">How long it is.</param>
/// <param name="Samples">How many samples it is made of: one a minute.</param>
/// <param name="Hosts">Of each server that told something.</param>
/// <param name="Members">Of each member of the replica set.</param>
/// <param name="OplogWindow">Seconds that the oplog spans; null where nothing is known.</param>
/// <param name="DataBytes">Documents of all databases, not compressed; null where nothing is known.</param>
/// <param name="StorageBytes">Data and indexes of all databases on the disk; null where nothing is known.</param>
public sealed record MonitoringSpan(
    DateTimeOffset From,
    long Seconds,
    int Samples,
    IReadOnlyList<HostSpan> Hosts,
    IReadOnlyList<MemberSpan> Members,
    SpanValue? OplogWindow,
    SpanValue? DataBytes,
    SpanValue? StorageBytes
);

/// <summary>A number over a span.</summary>
/// <param name="Average">Of what was measured; of a counter its rise a second.</param>
/// <param name="Least">The smallest; of a counter the slowest minute.</param>
/// <param name="Most">The largest; of a counter the fastest minute.</param>
/// <param name="Count">Of how many measurements: its weight where spans are joined.</param>
public sealed record SpanValue(double Average, double Least, double Most, int Count);

/// <summary>A server over a span; what it did not tell is null.</summary>
/// <param name="Host">host:port.</param>
/// <param name="Version">At the end.</param>
/// <param name="Restarts">How often its process was started anew.</param>
/// <param name="Operations">By kind, a second.</param>
public sealed record HostSpan(
    string Host,
    string Version,
    int Restarts,
    IReadOnlyDictionary<string, SpanValue> Operations,
    SpanValue? Connections,
    SpanValue? ResidentBytes,
    SpanValue? CacheBytes,
    long? CacheMaxBytes,
    SpanValue? NetworkInBytes,
    SpanValue? NetworkOutBytes
)
{
    /// <summary>Readers and writers that wait for a lock.</summary>
    public SpanValue? Queued { get; init; }

    /// <summary>Of the disk with the data.</summary>
    public SpanValue? DiskUsedBytes { get; init; }

    /// <summary>Of the disk with the data.</summary>
    public long? DiskTotalBytes { get; init; }
}

/// <summary>A member over a span.</summary>
/// <param name="Name">host:port.</param>
/// <param name="State">At the end.</param>
/// <param name="Unreached">In how many samples it was not reached.</param>
/// <param name="LagSeconds">Behind the newest entry of any member; null where it has none.</param>
public sealed record MemberSpan(string Name, string State, int Unreached, SpanValue? LagSeconds);
