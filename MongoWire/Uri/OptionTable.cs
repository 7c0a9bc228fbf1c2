namespace Backup.MongoWire.Uri;

internal enum OptionKind
{
    Text,
    Flag,
    Number,
    List,
    Tags,

    /// <summary>A number or a name: the write concern w.</summary>
    NumberOrText,

    /// <summary><c>name:value,name:value</c></summary>
    Properties,
}

/// <param name="Name">The official spelling.</param>
/// <param name="Allowed">For texts: what it may be; empty: anything.</param>
internal sealed record OptionRule(
    string Name,
    OptionKind Kind,
    int Min = 0,
    int Max = int.MaxValue,
    string[]? Allowed = null
);

/// <summary>Every option that the driver specifications name. Source: "URI options" and "connection string".</summary>
internal static class OptionTable
{
    private static readonly OptionRule[] Rules =
    [
        new("appName", OptionKind.Text),
        new("authMechanism", OptionKind.Text),
        new("authMechanismProperties", OptionKind.Properties),
        new("authSource", OptionKind.Text),
        new("compressors", OptionKind.List),
        new("connectTimeoutMS", OptionKind.Number),
        new("directConnection", OptionKind.Flag),
        new("enableOverloadRetargeting", OptionKind.Flag),
        new("heartbeatFrequencyMS", OptionKind.Number, Min: 1),
        new("journal", OptionKind.Flag),
        new("loadBalanced", OptionKind.Flag),
        new("localThresholdMS", OptionKind.Number),
        new("maxAdaptiveRetries", OptionKind.Number),
        new("maxConnecting", OptionKind.Number, Min: 1),
        new("maxIdleTimeMS", OptionKind.Number),
        new("maxPoolSize", OptionKind.Number),
        new("maxStalenessSeconds", OptionKind.Number, Min: -1),
        new("minPoolSize", OptionKind.Number),
        new("proxyHost", OptionKind.Text),
        new("proxyPassword", OptionKind.Text),
        new("proxyPort", OptionKind.Number),
        new("proxyUsername", OptionKind.Text),
        new("readConcernLevel", OptionKind.Text),
        new(
            "readPreference",
            OptionKind.Text,
            Allowed: ["primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest"]
        ),
        new("readPreferenceTags", OptionKind.Tags),
        new("replicaSet", OptionKind.Text),
        new("retryReads", OptionKind.Flag),
        new("retryWrites", OptionKind.Flag),
        new("serverMonitoringMode", OptionKind.Text, Allowed: ["auto", "poll", "stream"]),
        new("serverSelectionTimeoutMS", OptionKind.Number),
        new("serverSelectionTryOnce", OptionKind.Flag),
        new("socketTimeoutMS", OptionKind.Number),
        new("srvMaxHosts", OptionKind.Number),
        new("srvServiceName", OptionKind.Text),
        new("timeoutMS", OptionKind.Number),
        new("tls", OptionKind.Flag),
        new("tlsAllowInvalidCertificates", OptionKind.Flag),
        new("tlsAllowInvalidHostnames", OptionKind.Flag),
        new("tlsCAFile", OptionKind.Text),
        new("tlsCertificateKeyFile", OptionKind.Text),
        new("tlsCertificateKeyFilePassword", OptionKind.Text),
        new("tlsDisableCertificateRevocationCheck", OptionKind.Flag),
        new("tlsDisableOCSPEndpointCheck", OptionKind.Flag),
        new("tlsInsecure", OptionKind.Flag),
        new("w", OptionKind.NumberOrText),
        new("wTimeoutMS", OptionKind.Number),
        new("zlibCompressionLevel", OptionKind.Number, Min: -1, Max: 9),
    ];

    private static readonly Dictionary<string, OptionRule> ByName = Rules.ToDictionary(
        rule => rule.Name,
        StringComparer.OrdinalIgnoreCase
    );

    /// <summary>Old spellings.</summary>
    private static readonly Dictionary<string, string> Aliases = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ssl"] = "tls",
        ["j"] = "journal",
        ["wtimeout"] = "wTimeoutMS",
    };

    internal static bool IsDeprecated(string name) => name.Equals("wtimeout", StringComparison.OrdinalIgnoreCase);

    internal static OptionRule? Find(string name) => ByName.GetValueOrDefault(Aliases.GetValueOrDefault(name, name));

    internal static bool IsSecret(string name) =>
        Find(name)?.Name is "tlsCertificateKeyFilePassword" or "proxyPassword" or "authMechanismProperties";
}
