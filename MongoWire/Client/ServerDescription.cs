using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Client;

/// <summary>What a server is. Source: the driver specification "server discovery and monitoring".</summary>
public enum ServerType
{
    Unknown,
    Standalone,
    Mongos,
    Primary,
    Secondary,
    Arbiter,

    /// <summary>A member that serves nobody who does not name it: hidden, starting up, recovering.</summary>
    Other,

    /// <summary>A replica set member without a configuration that it belongs to: not initiated, starting up, removed.</summary>
    Ghost,
}

/// <summary>What is known of one server, from its last hello or its last failure; never changed, only replaced.</summary>
public sealed record ServerDescription
{
    public required HostAddress Address { get; init; }

    public ServerType Type { get; init; }

    /// <summary>Why it is Unknown.</summary>
    public string? Error { get; init; }

    /// <summary>The number of that error (see MongoWireErrors); 0 where there is none.</summary>
    public int ErrorNumber => Failure?.Number ?? 0;

    /// <summary>That error itself; null where there is none.</summary>
    public BackupException? Failure { get; init; }

    /// <summary>
    /// Of a hello, averaged so that newer ones weigh more (exponentially, 0.2). Zero while it is not known.
    /// </summary>
    public TimeSpan RoundTrip { get; init; }

    /// <summary>When it was asked, on a clock that only runs forward; compares with other descriptions of the same client.</summary>
    public TimeSpan UpdatedAt { get; init; }

    public string? SetName { get; init; }

    public int? SetVersion { get; init; }

    /// <summary>12 bytes as hex, in the order in which they compare; null where there is none.</summary>
    public string? ElectionId { get; init; }

    /// <summary>How fresh this is, as the server counts; null before MongoDB 4.4.</summary>
    public TopologyVersion? TopologyVersion { get; init; }

    /// <summary>The name that the server gives itself.</summary>
    public HostAddress? Me { get; init; }

    /// <summary>Its members: hosts, passives and arbiters.</summary>
    public IReadOnlyList<HostAddress> Hosts { get; init; } = [];

    public IReadOnlyList<HostAddress> Passives { get; init; } = [];

    public IReadOnlyList<HostAddress> Arbiters { get; init; } = [];

    /// <summary>Who is primary in this server's eyes.</summary>
    public HostAddress? Primary { get; init; }

    public bool Hidden { get; init; }

    /// <summary>Whether it is in the state SECONDARY, hidden or not.</summary>
    public bool IsInSecondaryState { get; init; }

    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    public int MinWireVersion { get; init; }

    public int MaxWireVersion { get; init; }

    /// <summary>After how many minutes without use the server forgets a session; null where it has none.</summary>
    public int? LogicalSessionTimeoutMinutes { get; init; }

    /// <summary>The last write it has applied; zero where it is not known.</summary>
    public Optime LastWrite { get; init; }

    /// <summary>The newest write that a majority has, in its eyes; zero where it is not known.</summary>
    public Optime MajorityWrite { get; init; }

    /// <summary>Milliseconds since 1970-01-01 UTC of <see cref="LastWrite"/>.</summary>
    public long LastWriteDate { get; init; }

    /// <summary>Whether it holds data for everybody: a primary, a secondary, a mongos or a standalone.</summary>
    public bool IsDataBearing =>
        Type is ServerType.Primary or ServerType.Secondary or ServerType.Mongos or ServerType.Standalone;

    /// <summary>Whether it answers reads of those that name it: all that bear data, and hidden secondaries.</summary>
    public bool IsReadable => IsDataBearing || (Type == ServerType.Other && IsInSecondaryState);

    /// <summary>Every member that it names.</summary>
    internal IEnumerable<HostAddress> Members => Hosts.Concat(Passives).Concat(Arbiters);

    internal static ServerDescription Unknown(HostAddress address, string? error = null) =>
        new() { Address = address, Error = error };

    internal static ServerDescription Failed(HostAddress address, BackupException failure) =>
        new()
        {
            Address = address,
            Error = failure.Message,
            Failure = failure,
        };
}
