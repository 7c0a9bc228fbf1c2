namespace Backup.MongoWire.Uri;

/// <summary>Options that exclude or need each other. Source: the driver specification "URI options".</summary>
internal static class OptionConflicts
{
    private static readonly string[][] Exclusive =
    [
        ["tlsInsecure", "tlsAllowInvalidCertificates"],
        ["tlsInsecure", "tlsAllowInvalidHostnames"],
        ["tlsInsecure", "tlsDisableCertificateRevocationCheck"],
        ["tlsInsecure", "tlsDisableOCSPEndpointCheck"],
        ["tlsAllowInvalidCertificates", "tlsDisableCertificateRevocationCheck"],
        ["tlsAllowInvalidCertificates", "tlsDisableOCSPEndpointCheck"],
        ["tlsDisableCertificateRevocationCheck", "tlsDisableOCSPEndpointCheck"],
    ];

    internal static void Check(Dictionary<string, object> values)
    {
        foreach (var pair in Exclusive)
        {
            if (values.ContainsKey(pair[0]) && values.ContainsKey(pair[1]))
            {
                throw MongoWireErrors.BadUri($"{pair[0]} and {pair[1]} exclude each other");
            }
        }

        CheckProxy(values);
    }

    internal static void CheckWithHosts(UriOptions options, int hosts, bool isSrv)
    {
        if (options.DirectConnection && (hosts > 1 || isSrv))
        {
            throw MongoWireErrors.BadUri("directConnection=true takes exactly one host");
        }

        if (options.LoadBalanced && (hosts > 1 || options.DirectConnection || options.ReplicaSet is not null))
        {
            throw MongoWireErrors.BadUri("loadBalanced=true takes one host, no replicaSet and no directConnection");
        }

        var hasSrvOption = options.Values.ContainsKey("srvServiceName") || options.Values.ContainsKey("srvMaxHosts");
        if (!isSrv && hasSrvOption)
        {
            throw MongoWireErrors.BadUri("srvServiceName and srvMaxHosts need mongodb+srv://");
        }

        if (options.SrvMaxHosts > 0 && (options.ReplicaSet is not null || options.LoadBalanced))
        {
            throw MongoWireErrors.BadUri("srvMaxHosts goes with neither replicaSet nor loadBalanced");
        }
    }

    private static void CheckProxy(Dictionary<string, object> values)
    {
        var user = values.ContainsKey("proxyUsername");
        var password = values.ContainsKey("proxyPassword");
        if (!values.ContainsKey("proxyHost") && (user || password || values.ContainsKey("proxyPort")))
        {
            throw MongoWireErrors.BadUri("proxy options need proxyHost");
        }

        if (user != password)
        {
            throw MongoWireErrors.BadUri("proxyUsername and proxyPassword go together");
        }
    }
}
