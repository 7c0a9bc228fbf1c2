namespace Backup.MongoWire.Uri;

/// <summary>Makes the URI of a shard out of the URI of its cluster: the same login, TLS and time limits, other hosts.</summary>
public static class SetUri
{
    /// <summary>What says how the cluster's routers are found or chosen, and nothing of its shards.</summary>
    private static readonly HashSet<string> LeftOut = new(StringComparer.OrdinalIgnoreCase)
    {
        "replicaSet",
        "directConnection",
        "loadBalanced",
        "srvServiceName",
        "srvMaxHosts",
        "readPreference",
        "readPreferenceTags",
        "maxStalenessSeconds",
    };

    /// <param name="clusterUri">As the user wrote it.</param>
    /// <param name="resolved">The same, its members looked up.</param>
    /// <param name="replicaSet">The shard's replica set.</param>
    /// <param name="hosts">Some of its members.</param>
    /// <returns>It holds the password that <paramref name="clusterUri"/> holds.</returns>
    public static string Of(
        string clusterUri,
        ConnectionString resolved,
        string replicaSet,
        IReadOnlyList<HostAddress> hosts
    )
    {
        var rest = clusterUri[(clusterUri.IndexOf("://", StringComparison.Ordinal) + 3)..];
        var login = rest.LastIndexOf('@') is var at and >= 0 ? rest[..(at + 1)] : "";
        rest = rest[login.Length..];
        var question = rest.IndexOf('?', StringComparison.Ordinal);
        var options = question < 0 ? [] : rest[(question + 1)..].Split('&', StringSplitOptions.RemoveEmptyEntries);
        var path = question < 0 ? rest : rest[..question];
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        var database = slash < 0 ? "" : path[(slash + 1)..];
        var kept = options.Where(option => !LeftOut.Contains(NameOf(option))).ToList();
        if (resolved.IsSrv)
        {
            // What SRV and TXT records have added.
            Add(kept, "tls", "true", "ssl");
            if (resolved.Credential is { } credential)
            {
                Add(kept, "authSource", System.Uri.EscapeDataString(credential.Source), "authSource");
            }
        }

        kept.Add($"replicaSet={System.Uri.EscapeDataString(replicaSet)}");
        return $"mongodb://{login}{string.Join(',', hosts)}/{database}?{string.Join('&', kept)}";
    }

    private static string NameOf(string option) => option.Split('=', 2)[0];

    private static void Add(List<string> options, string name, string value, string alias)
    {
        var isThere = options.Exists(option =>
            NameOf(option).Equals(name, StringComparison.OrdinalIgnoreCase)
            || NameOf(option).Equals(alias, StringComparison.OrdinalIgnoreCase)
        );
        if (!isThere)
        {
            options.Add($"{name}={value}");
        }
    }
}
