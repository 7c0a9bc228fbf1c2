using Backup.MongoWire.Dns;

namespace Backup.MongoWire.Client;

/// <summary>What the connection string leaves open. Where both say something, the connection string wins.</summary>
public sealed record MongoClientOptions
{
    /// <summary>Seen in the server's log and currentOp; at most 128 bytes.</summary>
    public string ApplicationName { get; init; } = "backup";

    /// <summary>For TCP, TLS, hello and authentication together.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest silence of a server while it owes an answer; awaitData waits come on top.</summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a command waits for a member that fits its target.</summary>
    public TimeSpan ServerSelectionTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How often each member is asked how it is, at least 0.5 s. From MongoDB 4.4 on members tell by themselves when they change.
    /// </summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Connections to one member at a time, 1 to 1000; callers beyond wait.</summary>
    public int MaxConnectionsPerHost { get; init; } = 32;

    /// <summary>Times a read is sent again after a network error or a change of the server's state.</summary>
    public int ReadRetries { get; init; } = 3;

    /// <summary>Refuses a standalone with error 2131, which says how to turn it into a replica set.</summary>
    public bool RequireReplicaSet { get; init; }

    /// <summary>The oldest server that is taken: 6 is MongoDB 3.6, 7 is 4.0, 8 is 4.2.</summary>
    public int MinWireVersion { get; init; } = Protocol.WireLimits.MinWireVersion;

    /// <summary>Who answers for <c>mongodb+srv://</c>.</summary>
    public IDnsResolver Dns { get; init; } = SystemDnsResolver.Instance;

    /// <summary>Where this client, and those that it leads to (DirectTo), count what they ask.</summary>
    public WireTraffic Traffic { get; init; } = new();

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
