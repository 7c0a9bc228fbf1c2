using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Client.Discovery;

/// <summary>
/// What an answer means while the deployment is known to be a replica set. Source: the driver specification "server discovery and
/// monitoring": updateRSFromPrimary, updateRSWithoutPrimary, updateRSWithPrimaryFromMember, checkIfHasPrimary.
/// </summary>
internal static class ReplicaSetRules
{
    /// <summary>MongoDB 6.0: from here on the election id decides before the set version.</summary>
    private const int ElectionIdFirst = 17;

    internal static TopologyDescription Apply(
        TopologyDescription next,
        Dictionary<HostAddress, ServerDescription> servers,
        ServerDescription server
    ) =>
        WithOrWithoutPrimary(
            server.Type switch
            {
                ServerType.Standalone or ServerType.Mongos => TopologyMachine.Remove(next, servers, server),
                ServerType.Unknown or ServerType.Ghost => next,
                _ when next.SetName is { } wanted && server.SetName != wanted => Foreign(next, servers, server, wanted),
                ServerType.Primary => FromPrimary(next with { SetName = server.SetName }, servers, server),
                _ => FromMember(next with { SetName = server.SetName }, servers, server),
            }
        );

    private static TopologyDescription Foreign(
        TopologyDescription next,
        Dictionary<HostAddress, ServerDescription> servers,
        ServerDescription server,
        string wanted
    )
    {
        var error = MongoWireErrors.WrongSet(server.Address, server.SetName, wanted);
        return TopologyMachine.Remove(next, servers, server with { Error = error.Message, Failure = error });
    }

    private static TopologyDescription FromMember(
        TopologyDescription next,
        Dictionary<HostAddress, ServerDescription> servers,
        ServerDescription server
    )
    {
        // Where the primary was known before this answer its list stands, even if this member had been that primary.
        if (next.Type == TopologyType.ReplicaSetNoPrimary)
        {
            AddUnknown(servers, server.Members);
        }

        return server.Me is { } me && me != server.Address
            ? TopologyMachine.Remove(next, servers, server with { Error = $"it calls itself {me}" })
            : next;
    }

    private static TopologyDescription FromPrimary(
        TopologyDescription next,
        Dictionary<HostAddress, ServerDescription> servers,
        ServerDescription server
    )
    {
        if (IsStale(next, server))
        {
            servers[server.Address] = ServerDescription.Unknown(
                server.Address,
                "primary marked stale due to electionId/setVersion mismatch, "
                    + $"{Tuple(server.ElectionId, server.SetVersion)} is stale compared to {Tuple(next.MaxElectionId, next.MaxSetVersion)}"
            );
            return next;
        }

        next = WithNewest(next, server);
        foreach (var other in servers.Values.Where(other => IsOtherPrimary(other, server)).ToList())
        {
            servers[other.Address] = ServerDescription.Unknown(
                other.Address,
                "primary marked stale due to discovery of newer primary"
            );
        }

        var members = server.Members.ToHashSet();
        AddUnknown(servers, members);
        foreach (var gone in servers.Values.Where(one => !members.Contains(one.Address)).ToList())
        {
            next = TopologyMachine.Remove(
                next,
                servers,
                gone with
                {
                    Error = $"the primary {server.Address} does not list it as a member",
                }
            );
        }

        return next;
    }

    private static bool IsOtherPrimary(ServerDescription other, ServerDescription server) =>
        other.Type == ServerType.Primary && other.Address != server.Address;

    private static TopologyDescription WithNewest(TopologyDescription next, ServerDescription server)
    {
        if (server.MaxWireVersion >= ElectionIdFirst)
        {
            return next with { MaxElectionId = server.ElectionId, MaxSetVersion = server.SetVersion };
        }

        var isNewer = server.SetVersion is not null && !(server.SetVersion <= next.MaxSetVersion);
        return next with
        {
            MaxElectionId =
                server.SetVersion is not null && server.ElectionId is not null ? server.ElectionId : next.MaxElectionId,
            MaxSetVersion = isNewer ? server.SetVersion : next.MaxSetVersion,
        };
    }

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

    private static void AddUnknown(Dictionary<HostAddress, ServerDescription> servers, IEnumerable<HostAddress> members)
    {
        foreach (var member in members)
        {
            servers.TryAdd(member, ServerDescription.Unknown(member));
        }
    }

    private static string Tuple(string? electionId, int? setVersion) => $"({electionId ?? "null"}, {setVersion})";

    private static TopologyDescription WithOrWithoutPrimary(TopologyDescription next) =>
        next with
        {
            Type = next.Primary is null ? TopologyType.ReplicaSetNoPrimary : TopologyType.ReplicaSetWithPrimary,
        };
}
