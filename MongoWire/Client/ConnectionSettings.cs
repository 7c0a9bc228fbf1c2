using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Client;

/// <summary>Everything one connection needs to know, put together from connection string and options.</summary>
internal sealed record ConnectionSettings
{
    public required string ApplicationName { get; init; }

    public required TimeSpan ConnectTimeout { get; init; }

    public required TimeSpan ReadTimeout { get; init; }

    public required bool Tls { get; init; }

    public required UriOptions Options { get; init; }

    /// <summary>Null for connections that only watch.</summary>
    public MongoCredential? Credential { get; init; }

    public required int MinWireVersion { get; init; }

    /// <summary>Names of compressors that this client speaks and the connection string wants.</summary>
    public required IReadOnlyList<string> Compressors { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>Where what is asked is counted.</summary>
    public WireTraffic Traffic { get; init; } = new();

    internal static ConnectionSettings From(ConnectionString uri, MongoClientOptions options) =>
        new()
        {
            ApplicationName = uri.Options.ApplicationName ?? options.ApplicationName,
            ConnectTimeout = Positive(uri.Options.ConnectTimeout) ?? options.ConnectTimeout,
            ReadTimeout = Positive(uri.Options.SocketTimeout) ?? options.ReadTimeout,
            Tls = uri.Options.Tls ?? uri.IsSrv,
            Options = uri.Options,
            Credential = uri.Credential,
            MinWireVersion = options.MinWireVersion,
            Compressors = uri.Options.Compressors.Where(name => name is "zstd" or "zlib").ToList(),
            Time = options.Time,
            Traffic = options.Traffic,
        };

    /// <summary>Zero means "none" in a connection string; a backup never waits for ever, so the default holds.</summary>
    private static TimeSpan? Positive(TimeSpan? value) => value > TimeSpan.Zero ? value : null;
}
