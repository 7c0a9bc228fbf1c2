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

    public int? MaxSetVersion { get; init; }

    public string? MaxElectionId { get; init; }

    /// <summary>Every server in sight, by address.</summary>
    public required IReadOnlyDictionary<HostAddress, ServerDescription> Servers { get; init; }

    /// <summary>The server that was last left out because it is no member of a replica set; null where there was none.</summary>
    public ServerDescription? LastRemoved { get; init; }

    public ServerDescription? Primary => Servers.Values.FirstOrDefault(server => server.Type == ServerType.Primary);
}
