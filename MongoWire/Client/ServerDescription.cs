using Backup.Foundation;
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

    /// <summary>A member that serves nobody: hidden, starting up, recovering, removed.</summary>
    Other,

    /// <summary>A replica set member without a configuration: not initiated.</summary>
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
    public int ErrorNumber { get; init; }

    /// <summary>That error itself; null where there is none.</summary>
    public Foundation.Errors.BackupException? Failure { get; init; }

    public TimeSpan RoundTrip { get; init; }

    public string? SetName { get; init; }

    public int? SetVersion { get; init; }

    /// <summary>12 bytes as hex, in the order in which they compare; null where there is none.</summary>
    public string? ElectionId { get; init; }

    /// <summary>The name that the server gives itself.</summary>
    public HostAddress? Me { get; init; }

    /// <summary>Its members: hosts, passives and arbiters.</summary>
    public IReadOnlyList<HostAddress> Hosts { get; init; } = [];

    public IReadOnlyList<HostAddress> Passives { get; init; } = [];

    public IReadOnlyList<HostAddress> Arbiters { get; init; } = [];

    /// <summary>Who is primary in this server's eyes.</summary>
    public HostAddress? Primary { get; init; }

    public bool Hidden { get; init; }

    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    public int MinWireVersion { get; init; }

    public int MaxWireVersion { get; init; }

    /// <summary>The last write it has applied; zero where it is not known.</summary>
    public Optime LastWrite { get; init; }

    /// <summary>The newest write that a majority has, in its eyes; zero where it is not known.</summary>
    public Optime MajorityWrite { get; init; }

    /// <summary>Milliseconds since 1970-01-01 UTC of <see cref="LastWrite"/>.</summary>
    public long LastWriteDate { get; init; }

    public bool IsReadable =>
        Type is ServerType.Primary or ServerType.Secondary or ServerType.Mongos or ServerType.Standalone;
}
