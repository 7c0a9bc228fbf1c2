namespace Backup.MongoWire.Client;

/// <summary>The pure half of server selection: which members of a topology fit a target.</summary>
internal static class ServerSelector
{
    /// <summary>All that fit; empty where none does.</summary>
    internal static List<ServerDescription> Fitting(TopologyDescription topology, ReadTarget target)
    {
        if (target.Host is { } host)
        {
            return topology.Servers.TryGetValue(host, out var named) && named.Type != ServerType.Unknown ? [named] : [];
        }

        var readable = topology.Servers.Values.Where(server => server.IsReadable).ToList();
        return topology.Type switch
        {
            TopologyType.Single or TopologyType.Sharded => readable,
            TopologyType.ReplicaSetNoPrimary or TopologyType.ReplicaSetWithPrimary => OfSet(readable, target),
            _ => [],
        };
    }

    private static List<ServerDescription> OfSet(List<ServerDescription> readable, ReadTarget target)
    {
        var primary = readable.Where(server => server.Type == ServerType.Primary).ToList();
        var secondaries = WithTags(readable.Where(server => server.Type == ServerType.Secondary).ToList(), target);
        return target.Mode switch
        {
            ReadPreferenceMode.Primary => primary,
            ReadPreferenceMode.PrimaryPreferred => primary.Count > 0 ? primary : secondaries,
            ReadPreferenceMode.Secondary => secondaries,
            ReadPreferenceMode.SecondaryPreferred => secondaries.Count > 0 ? secondaries : primary,
            _ => Nearest(WithTags(readable, target)),
        };
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

    private static List<ServerDescription> Nearest(List<ServerDescription> servers) =>
        servers.OrderBy(server => server.RoundTrip).Take(1).ToList();
}
