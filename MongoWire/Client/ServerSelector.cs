using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Client;

/// <summary>What selection goes by, beside topology and target.</summary>
/// <param name="Heartbeat">The interval of the monitors: how old their word on staleness may be.</param>
/// <param name="LocalThreshold">Members are equally near within this of the nearest.</param>
/// <param name="Avoided">Hosts that have just failed: taken only where nobody else fits.</param>
internal sealed record SelectionRules(
    TimeSpan Heartbeat,
    TimeSpan LocalThreshold,
    IReadOnlySet<HostAddress>? Avoided = null
);

/// <summary>The pure half of server selection: which members of a topology fit a target. Source: the driver specification "server selection".</summary>
internal static class ServerSelector
{
    /// <summary>How often an idle primary writes to its oplog, so that staleness can be told.</summary>
    private static readonly TimeSpan IdleWritePeriod = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LeastStaleness = TimeSpan.FromSeconds(90);

    /// <summary>All that fit and are near enough; empty where none does.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2135: the target's staleness is too small to be told.</exception>
    internal static List<ServerDescription> Fitting(
        TopologyDescription topology,
        ReadTarget target,
        SelectionRules rules
    )
    {
        CheckStaleness(topology, target, rules);
        if (target.Host is { } host)
        {
            return topology.Servers.TryGetValue(host, out var named) && named.Type != ServerType.Unknown ? [named] : [];
        }

        if (topology.Type == TopologyType.Single)
        {
            return [.. topology.Servers.Values.Where(server => server.Type != ServerType.Unknown)];
        }

        var all = topology.Servers.Values.Where(server => server.IsDataBearing).ToList();
        var preferred = all.Where(server => rules.Avoided?.Contains(server.Address) != true).ToList();
        var fitting = Fitting(topology, preferred, target, rules);
        return Near(fitting.Count > 0 ? fitting : Fitting(topology, all, target, rules), rules.LocalThreshold);
    }

    private static List<ServerDescription> Fitting(
        TopologyDescription topology,
        List<ServerDescription> servers,
        ReadTarget target,
        SelectionRules rules
    ) =>
        topology.Type switch
        {
            TopologyType.Sharded => servers,
            TopologyType.ReplicaSetNoPrimary or TopologyType.ReplicaSetWithPrimary => OfSet(
                topology,
                servers,
                target,
                rules
            ),
            _ => [],
        };

    private static List<ServerDescription> OfSet(
        TopologyDescription topology,
        List<ServerDescription> servers,
        ReadTarget target,
        SelectionRules rules
    )
    {
        var fresh = Fresh(topology, servers, target, rules);
        var primary = servers.Where(server => server.Type == ServerType.Primary).ToList();
        var secondaries = WithTags(fresh.Where(server => server.Type == ServerType.Secondary).ToList(), target);
        return target.Mode switch
        {
            ReadPreferenceMode.Primary => primary,
            ReadPreferenceMode.PrimaryPreferred => primary.Count > 0 ? primary : secondaries,
            ReadPreferenceMode.Secondary => secondaries,
            ReadPreferenceMode.SecondaryPreferred => secondaries.Count > 0 ? secondaries : primary,
            _ => WithTags(fresh, target),
        };
    }

    /// <summary>
    /// How far a secondary is behind is told by the dates of the last writes: against the primary's where there is one (both as of the
    /// time when they were asked), else against that of the freshest secondary; plus the heartbeat, by which it may have grown since.
    /// </summary>
    private static List<ServerDescription> Fresh(
        TopologyDescription topology,
        List<ServerDescription> servers,
        ReadTarget target,
        SelectionRules rules
    )
    {
        if (target.MaxStaleness is not { } limit)
        {
            return servers;
        }

        var newest = topology
            .Servers.Values.Where(server => server.Type == ServerType.Secondary)
            .Select(server => server.LastWriteDate)
            .DefaultIfEmpty(0)
            .Max();
        return servers.FindAll(server =>
            server.Type != ServerType.Secondary || StalenessOf(server) + rules.Heartbeat <= limit
        );

        TimeSpan StalenessOf(ServerDescription server) =>
            topology.Primary is { } primary
                ? server.UpdatedAt
                    - primary.UpdatedAt
                    + TimeSpan.FromMilliseconds(primary.LastWriteDate - server.LastWriteDate)
                : TimeSpan.FromMilliseconds(newest - server.LastWriteDate);
    }

    private static void CheckStaleness(TopologyDescription topology, ReadTarget target, SelectionRules rules)
    {
        if (
            target.MaxStaleness is not { } limit
            || topology.Type is not (TopologyType.ReplicaSetNoPrimary or TopologyType.ReplicaSetWithPrimary)
        )
        {
            return;
        }

        var tellable = rules.Heartbeat + IdleWritePeriod;
        var least = tellable > LeastStaleness ? tellable : LeastStaleness;
        if (target.Mode == ReadPreferenceMode.Primary || limit < least)
        {
            throw MongoWireErrors.WrongStaleness(limit, least);
        }
    }

    private static List<ServerDescription> WithTags(List<ServerDescription> servers, ReadTarget target)
    {
        if (target.TagSets.Count == 0)
        {
            return servers;
        }

        foreach (var tags in target.TagSets)
        {
            var fitting = servers
                .Where(server => tags.All(tag => server.Tags.GetValueOrDefault(tag.Key) == tag.Value))
                .ToList();
            if (fitting.Count > 0)
            {
                return fitting;
            }
        }

        return [];
    }

    private static List<ServerDescription> Near(List<ServerDescription> servers, TimeSpan threshold)
    {
        if (servers.Count < 2)
        {
            return servers;
        }

        var limit = servers.Min(server => server.RoundTrip) + threshold;
        return servers.FindAll(server => server.RoundTrip <= limit);
    }
}
