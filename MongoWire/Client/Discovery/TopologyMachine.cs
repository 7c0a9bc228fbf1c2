using Backup.Foundation.Errors;
using Backup.MongoWire.Protocol;
using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Client.Discovery;

/// <summary>
/// The pure half of discovery: a topology and what one server answered give the next topology. No sockets, no clocks.
/// Source: the driver specification "server discovery and monitoring".
/// </summary>
internal static class TopologyMachine
{
    internal static TopologyDescription Start(
        IEnumerable<HostAddress> seeds,
        string? setName,
        bool direct,
        int minWireVersion = WireLimits.MinWireVersion
    ) =>
        new()
        {
            Type =
                direct ? TopologyType.Single
                : setName is not null ? TopologyType.ReplicaSetNoPrimary
                : TopologyType.Unknown,
            SetName = setName,
            Servers = seeds.Distinct().ToDictionary(seed => seed, seed => ServerDescription.Unknown(seed)),
            MinWireVersion = minWireVersion,
        };

    /// <summary>The same topology where the answer comes from a server that was left out meanwhile, or is older than what is known.</summary>
    internal static TopologyDescription Apply(TopologyDescription topology, ServerDescription server)
    {
        if (
            !topology.Servers.TryGetValue(server.Address, out var known)
            || TopologyVersion.Compare(known.TopologyVersion, server.TopologyVersion) > 0
        )
        {
            return topology;
        }

        var servers = new Dictionary<HostAddress, ServerDescription>(topology.Servers) { [server.Address] = server };
        var next = topology with { Servers = servers };
        next = topology.Type switch
        {
            TopologyType.Single => Single(next, servers, server),
            TopologyType.Unknown => FromUnknown(next, servers, server),
            TopologyType.Sharded => Sharded(next, servers, server),
            _ => ReplicaSetRules.Apply(next, servers, server),
        };
        return next with
        {
            LogicalSessionTimeoutMinutes = SessionTimeout(servers.Values),
            Incompatibility = IncompatibilityOf(servers.Values, next.MinWireVersion),
        };
    }

    /// <summary>Takes a server out; what it was is kept as the reason.</summary>
    internal static TopologyDescription Remove(
        TopologyDescription next,
        Dictionary<HostAddress, ServerDescription> servers,
        ServerDescription server
    )
    {
        servers.Remove(server.Address);
        return next with { LastRemoved = server };
    }

    private static TopologyDescription Single(
        TopologyDescription next,
        Dictionary<HostAddress, ServerDescription> servers,
        ServerDescription server
    )
    {
        if (next.SetName is { } wanted && server.Type != ServerType.Unknown && server.SetName != wanted)
        {
            var error = MongoWireErrors.WrongSet(server.Address, server.SetName, wanted);
            servers[server.Address] = ServerDescription.Failed(server.Address, error);
        }

        return next;
    }

    private static TopologyDescription FromUnknown(
        TopologyDescription next,
        Dictionary<HostAddress, ServerDescription> servers,
        ServerDescription server
    ) =>
        server.Type switch
        {
            ServerType.Standalone when servers.Count == 1 && next.LastRemoved is null => next with
            {
                Type = TopologyType.Single,
            },
            ServerType.Standalone => Remove(next, servers, server),
            ServerType.Mongos => next with { Type = TopologyType.Sharded },
            ServerType.Unknown or ServerType.Ghost => next,
            _ => ReplicaSetRules.Apply(next with { Type = TopologyType.ReplicaSetNoPrimary }, servers, server),
        };

    private static TopologyDescription Sharded(
        TopologyDescription next,
        Dictionary<HostAddress, ServerDescription> servers,
        ServerDescription server
    ) => server.Type is ServerType.Mongos or ServerType.Unknown ? next : Remove(next, servers, server);

    private static int? SessionTimeout(IEnumerable<ServerDescription> servers)
    {
        var least = default(int?);
        foreach (var server in servers.Where(server => server.IsDataBearing))
        {
            if (server.LogicalSessionTimeoutMinutes is not { } minutes)
            {
                return null;
            }

            least = least is { } before ? Math.Min(before, minutes) : minutes;
        }

        return least;
    }

    private static BackupException? IncompatibilityOf(IEnumerable<ServerDescription> servers, int needs)
    {
        foreach (var server in servers.Where(server => server.Type != ServerType.Unknown))
        {
            if (server.MinWireVersion > WireLimits.MaxWireVersion)
            {
                return MongoWireErrors.TooNew(server.Address, server.MinWireVersion, WireLimits.MaxWireVersion);
            }

            if (server.MaxWireVersion < needs)
            {
                return MongoWireErrors.TooOld(server.Address, server.MaxWireVersion, needs);
            }
        }

        return null;
    }
}
