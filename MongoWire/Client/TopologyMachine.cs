using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Client;

/// <summary>
/// The pure half of discovery: a topology and what one server answered give the next topology. No sockets, no clocks.
/// Source: the driver specification "server discovery and monitoring".
/// </summary>
internal static class TopologyMachine
{
    /// <summary>MongoDB 6.0: from here on the election id decides before the set version.</summary>
    private const int ElectionIdFirst = 17;

    internal static TopologyDescription Start(IEnumerable<HostAddress> seeds, string? setName, bool direct) =>
        new()
        {
            Type =
                direct ? TopologyType.Single
                : setName is not null ? TopologyType.ReplicaSetNoPrimary
                : TopologyType.Unknown,
            SetName = setName,
            Servers = seeds.Distinct().ToDictionary(seed => seed, Unknown),
        };

    internal static TopologyDescription Apply(TopologyDescription topology, ServerDescription server)
    {
        if (!topology.Servers.ContainsKey(server.Address))
        {
            return topology;
        }

        var servers = new Dictionary<HostAddress, ServerDescription>(topology.Servers) { [server.Address] = server };
        var next = topology with { Servers = servers };
        return topology.Type switch
        {
            TopologyType.Single => Single(next, servers, server),
            TopologyType.Unknown => FromUnknown(next, servers, server),
            TopologyType.Sharded => Sharded(next, servers, server),
            _ => ReplicaSet(next, servers, server),
        };
    }

    private static ServerDescription Unknown(HostAddress address) => new() { Address = address };

    private static TopologyDescription Single(
        TopologyDescription next,
        Dictionary<HostAddress, ServerDescription> servers,
        ServerDescription server
    )
    {
        if (next.SetName is { } wanted && server.Type != ServerType.Unknown && server.SetName != wanted)
        {
            servers[server.Address] = Refused(server, wanted);
        }

        return next;
    }

    private static ServerDescription Refused(ServerDescription server, string wanted)
    {
        var error = MongoWireErrors.WrongSet(server.Address, server.SetName, wanted);
        return Unknown(server.Address) with
        {
            SetName = server.SetName,
            Error = error.Message,
            ErrorNumber = error.Number,
        };
    }

    private static TopologyDescription FromUnknown(
        TopologyDescription next,
        Dictionary<HostAddress, ServerDescription> servers,
        ServerDescription server
    )
    {
        switch (server.Type)
        {
            case ServerType.Standalone when servers.Count == 1:
                return next with { Type = TopologyType.Single };
            case ServerType.Standalone:
                servers.Remove(server.Address);
                return next;
            case ServerType.Mongos:
                return next with { Type = TopologyType.Sharded };
            case ServerType.Primary or ServerType.Secondary or ServerType.Arbiter or ServerType.Other:
                return ReplicaSet(next with { Type = TopologyType.ReplicaSetNoPrimary }, servers, server);
            default:
                return next;
        }
    }

    private static TopologyDescription Sharded(
        TopologyDescription next,
        Dictionary<HostAddress, ServerDescription> servers,
        ServerDescription server
    )
    {
        if (server.Type is not (ServerType.Mongos or ServerType.Unknown))
        {
            servers.Remove(server.Address);
        }

        return next;
    }

    private static TopologyDescription ReplicaSet(
        TopologyDescription next,
        Dictionary<HostAddress, ServerDescription> servers,
        ServerDescription server
    )
    {
        switch (server.Type)
        {
            case ServerType.Standalone or ServerType.Mongos:
                servers.Remove(server.Address);
                return WithOrWithoutPrimary(next with { LastRemoved = server });
            case ServerType.Primary:
                return FromPrimary(next, servers, server);
            case ServerType.Secondary or ServerType.Arbiter or ServerType.Other:
                return FromMember(next, servers, server);
            default:
                return WithOrWithoutPrimary(next);
        }
    }

    private static TopologyDescription FromMember(
        TopologyDescription next,
        Dictionary<HostAddress, ServerDescription> servers,
        ServerDescription server
    )
    {
        if (next.SetName is { } wanted && server.SetName != wanted)
        {
            // The last seed is kept, with its reason, so that the user is told which name was wrong.
            if (servers.Count == 1)
            {
                servers[server.Address] = Refused(server, wanted);
            }
            else
            {
                servers.Remove(server.Address);
            }

            return WithOrWithoutPrimary(next);
        }

        next = next with { SetName = server.SetName };
        if (next.Primary is null)
        {
            foreach (var member in Members(server))
            {
                servers.TryAdd(member, Unknown(member));
            }
        }

        if (server.Me is { } me && me != server.Address)
        {
            servers.Remove(server.Address);
        }

        return WithOrWithoutPrimary(next);
    }

    private static TopologyDescription FromPrimary(
        TopologyDescription next,
        Dictionary<HostAddress, ServerDescription> servers,
        ServerDescription server
    )
    {
        if (next.SetName is { } wanted && server.SetName != wanted)
        {
            return FromMember(next, servers, server);
        }

        if (IsStale(next, server))
        {
            servers[server.Address] = Unknown(server.Address) with
            {
                Error = "it takes itself for the primary, but a newer election is known",
            };
            return WithOrWithoutPrimary(next);
        }

        next = next with
        {
            SetName = server.SetName,
            MaxElectionId = server.ElectionId ?? next.MaxElectionId,
            MaxSetVersion = MaxSetVersion(next, server),
        };
        foreach (var other in servers.Values.Where(other => IsOtherPrimary(other, server)).ToList())
        {
            servers[other.Address] = Unknown(other.Address) with { Error = "a newer primary was found" };
        }

        var members = Members(server).ToHashSet();
        foreach (var member in members)
        {
            servers.TryAdd(member, Unknown(member));
        }

        foreach (var gone in servers.Keys.Where(address => !members.Contains(address)).ToList())
        {
            servers.Remove(gone);
        }

        return WithOrWithoutPrimary(next);
    }

    private static bool IsOtherPrimary(ServerDescription other, ServerDescription server) =>
        other.Type == ServerType.Primary && other.Address != server.Address;

    private static int? MaxSetVersion(TopologyDescription next, ServerDescription server) =>
        server.MaxWireVersion >= ElectionIdFirst || next.MaxSetVersion is null || server.SetVersion > next.MaxSetVersion
            ? server.SetVersion ?? next.MaxSetVersion
            : next.MaxSetVersion;

    private static bool IsStale(TopologyDescription next, ServerDescription server)
    {
        var election = string.CompareOrdinal(server.ElectionId, next.MaxElectionId);
        var version = Nullable.Compare(server.SetVersion, next.MaxSetVersion);
        if (server.MaxWireVersion >= ElectionIdFirst)
        {
            return election < 0 || (election == 0 && version < 0);
        }

        return server.ElectionId is not null
            && server.SetVersion is not null
            && next.MaxElectionId is not null
            && next.MaxSetVersion is not null
            && (version < 0 || (version == 0 && election < 0));
    }

    private static IEnumerable<HostAddress> Members(ServerDescription server) =>
        server.Hosts.Concat(server.Passives).Concat(server.Arbiters);

    private static TopologyDescription WithOrWithoutPrimary(TopologyDescription next) =>
        next with
        {
            Type = next.Primary is null ? TopologyType.ReplicaSetNoPrimary : TopologyType.ReplicaSetWithPrimary,
        };
}
