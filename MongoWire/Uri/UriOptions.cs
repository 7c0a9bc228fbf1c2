namespace Backup.MongoWire.Uri;

/// <summary>
/// The options of a connection string, typed. Null: not given (or given wrong, and then warned about). Their meaning
/// is that of the driver specification "URI options".
/// </summary>
public sealed class UriOptions
{
    public static readonly UriOptions None = new(new Dictionary<string, object>());

    internal UriOptions(IReadOnlyDictionary<string, object> values) => Values = values;

    /// <summary>
    /// By their official spelling: string, bool, int, list of strings, or (readPreferenceTags) list of dictionaries.
    /// Holds secrets.
    /// </summary>
    public IReadOnlyDictionary<string, object> Values { get; }

    public string? ReplicaSet => Text("replicaSet");

    public bool? Tls => Flag("tls");

    public string? TlsCAFile => Text("tlsCAFile");

    /// <summary>PEM with certificate and private key.</summary>
    public string? TlsCertificateKeyFile => Text("tlsCertificateKeyFile");

    public string? TlsCertificateKeyFilePassword => Text("tlsCertificateKeyFilePassword");

    /// <summary>Neither the certificate's authority nor its names are checked.</summary>
    public bool TlsInsecure => Flag("tlsInsecure") ?? false;

    public bool TlsAllowInvalidCertificates => TlsInsecure || (Flag("tlsAllowInvalidCertificates") ?? false);

    public bool TlsAllowInvalidHostnames => TlsInsecure || (Flag("tlsAllowInvalidHostnames") ?? false);

    public string? ApplicationName => Text("appName");

    public bool DirectConnection => Flag("directConnection") ?? false;

    public bool LoadBalanced => Flag("loadBalanced") ?? false;

    public IReadOnlyList<string> Compressors => Values.GetValueOrDefault("compressors") as IReadOnlyList<string> ?? [];

    public TimeSpan? ConnectTimeout => Milliseconds("connectTimeoutMS");

    public TimeSpan? SocketTimeout => Milliseconds("socketTimeoutMS");

    public TimeSpan? ServerSelectionTimeout => Milliseconds("serverSelectionTimeoutMS");

    public TimeSpan? HeartbeatFrequency => Milliseconds("heartbeatFrequencyMS");

    public TimeSpan? LocalThreshold => Milliseconds("localThresholdMS");

    public int? MaxPoolSize => Number("maxPoolSize");

    public string? ReadPreference => Text("readPreference");

    public IReadOnlyList<IReadOnlyDictionary<string, string>> ReadPreferenceTags =>
        Values.GetValueOrDefault("readPreferenceTags") as IReadOnlyList<IReadOnlyDictionary<string, string>> ?? [];

    public string SrvServiceName => Text("srvServiceName") ?? "mongodb";

    /// <summary>0: no limit.</summary>
    public int SrvMaxHosts => Number("srvMaxHosts") ?? 0;

    private string? Text(string name) => Values.GetValueOrDefault(name) as string;

    private bool? Flag(string name) => Values.GetValueOrDefault(name) as bool?;

    private int? Number(string name) => Values.GetValueOrDefault(name) as int?;

    private TimeSpan? Milliseconds(string name) =>
        Number(name) is { } number ? TimeSpan.FromMilliseconds(number) : null;
}
