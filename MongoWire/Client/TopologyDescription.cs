using Backup.Foundation.Errors;
using Backup.MongoWire.Protocol;
using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Client;

/// <summary>What a deployment is. Source: the driver specification "server discovery and monitoring".</summary>
public enum TopologyType
{
    Unknown,
    Single,
    ReplicaSetNoPrimary,
    ReplicaSetWithPrimary,
    Sharded,
}

/// <summary>All that is known of a deployment at one moment; never changed, only replaced.</summary>
public sealed record TopologyDescription
{
    public TopologyType Type { get; init; }

    public string? SetName { get; init; }

    /// <summary>Of the newest primary seen; with <see cref="MaxElectionId"/> it tells stale primaries.</summary>
    public int? MaxSetVersion { get; init; }

    /// <summary>12 bytes as hex.</summary>
    public string? MaxElectionId { get; init; }

    /// <summary>Every server in sight, by address. A topology that has lost its last one finds none any more.</summary>
    public required IReadOnlyDictionary<HostAddress, ServerDescription> Servers { get; init; }

    /// <summary>The server that was last left out, and why (in its Error); null where there was none.</summary>
    public ServerDescription? LastRemoved { get; init; }

    /// <summary>The least of the servers that bear data; null where one of them has none.</summary>
    public int? LogicalSessionTimeoutMinutes { get; init; }

    /// <summary>2132 or 2134 where a server in sight speaks no version that this client speaks: then nothing is sent to any.</summary>
    public BackupException? Incompatibility { get; init; }

    public ServerDescription? Primary => Servers.Values.FirstOrDefault(server => server.Type == ServerType.Primary);

    /// <summary>The oldest wire version that the client takes.</summary>
    internal int MinWireVersion { get; init; } = WireLimits.MinWireVersion;
}
