using System.Net;
using System.Net.Security;
using Backup.Sandbox.Sharding.Shards;

namespace Backup.Sandbox;

/// <summary>Which server the sandbox sounds like.</summary>
public enum WireProfile
{
    /// <summary>4.2.4: wire version 8, <c>$v: 1</c> updates, <c>createIndexes</c> entries.</summary>
    V42 = 42,

    /// <summary>5.0.0: wire version 13, <c>$v: 2</c> diffs, <c>startIndexBuild</c> and <c>commitIndexBuild</c>.</summary>
    V50 = 50,
}

/// <summary>A user of the <c>admin</c> database.</summary>
/// <param name="Name">As the client gives it.</param>
/// <param name="Password">Held in memory as SCRAM credentials only.</param>
/// <param name="Roles">Of <c>root</c>, <c>backup</c>, <c>clusterMonitor</c>, <c>clusterManager</c>, <c>readWrite</c>, <c>readWriteAnyDatabase</c>, <c>read</c>, <c>readAnyDatabase</c>.</param>
public sealed record SandboxUser(string Name, string Password, params IReadOnlyList<string> Roles)
{
    /// <summary>Logs in with a certificate alone (MONGODB-X509): its subject as of RFC 2253 is the name, there is no password.</summary>
    public bool HasCertificate { get; init; }
}

/// <summary>One member of the set.</summary>
public sealed record SandboxMemberOptions
{
    /// <summary>Where it listens; null takes a free port where the first one listens.</summary>
    public IPEndPoint? EndPoint { get; init; }

    /// <summary>0 to 1000; of several that could be primary the highest is.</summary>
    public double Priority { get; init; } = 1;

    /// <summary>Not shown to clients; needs priority 0.</summary>
    public bool Hidden { get; init; }

    /// <summary>It votes and has no data.</summary>
    public bool ArbiterOnly { get; init; }

    /// <summary>0 or 1.</summary>
    public int Votes { get; init; } = 1;

    /// <summary>How far it stays behind, in whole seconds; needs priority 0.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>For example <c>dc: east</c>.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();
}

/// <summary>How a sandbox is; every value has a default that fits a developer's machine.</summary>
public sealed record SandboxOptions
{
    public string ReplicaSetName { get; init; } = "sandbox";

    /// <summary>1 to 50. With more than one they replicate, vote and elect as those of a real set do.</summary>
    public IReadOnlyList<SandboxMemberOptions> Members { get; init; } = [new()];

    /// <summary>How long a member does without a primary, and a primary without a majority; 10 s as on a server.</summary>
    public TimeSpan ElectionTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Of the first member. Port 0 takes one that is free.</summary>
    public IPEndPoint EndPoint { get; init; } = new(IPAddress.Loopback, 0);

    public WireProfile Profile { get; init; } = WireProfile.V42;

    /// <summary>Bytes of oplog entries after which the oldest go; 64 KiB and up, default 512 MiB.</summary>
    public long OplogBytes { get; init; } = 512L << 20;

    /// <summary>How often a no-op entry is written while nothing else is; zero (the default): never. A server: 10 s.</summary>
    public TimeSpan NoopInterval { get; init; }

    /// <summary>With users, commands are refused until one of them has logged in.</summary>
    public IReadOnlyList<SandboxUser> Users { get; init; } = [];

    /// <summary>TLS on every connection; null: none. Client certificates are asked for where it says so.</summary>
    public SslServerAuthenticationOptions? Tls { get; init; }

    /// <summary>Collections that are made up while they are read.</summary>
    public IReadOnlyList<SyntheticCollection> Synthetic { get; init; } = [];

    /// <summary>
    /// Bytes of operations that one entry of a transaction holds; the rest goes into further entries. 16 MiB as on a server; less makes
    /// chains out of small transactions.
    /// </summary>
    public int TransactionEntryBytes { get; init; } = 16 << 20;

    /// <summary>Transactions as MongoDB 4.0 logs them: always one entry, and refused where they do not fit into it.</summary>
    public bool SingleTransactionEntry { get; init; }

    /// <summary>Keeps every state that the data was in, for <see cref="SandboxReplicaSet.StateAt"/>. Memory grows with every write.</summary>
    public bool KeepHistory { get; init; }

    /// <summary>Default life of an idle cursor; 10 minutes as on a server.</summary>
    public TimeSpan CursorTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>So long a transaction may stay open that is not prepared; 60 s as on a server.</summary>
    public TimeSpan TransactionLifetime { get; init; } = TimeSpan.FromSeconds(60);

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What the set is in a sharded cluster; null: it stands alone.</summary>
    internal ClusterRole? Role { get; init; }

    internal string VersionText => Profile == WireProfile.V42 ? "4.2.4" : "5.0.0";

    internal string FeatureVersion => Profile == WireProfile.V42 ? "4.2" : "5.0";

    internal int MaxWireVersion => Profile == WireProfile.V42 ? 8 : 13;

    internal void Check()
    {
        if (ReplicaSetName.Length == 0)
        {
            throw SandboxErrors.InvalidOption(nameof(ReplicaSetName), "must not be empty");
        }

        if (TransactionEntryBytes is < 1 or > 16 << 20)
        {
            throw SandboxErrors.InvalidOption(nameof(TransactionEntryBytes), "must be 1 to 16777216");
        }

        if (Members.Count is < 1 or > 50 || Members[0].ArbiterOnly)
        {
            throw SandboxErrors.InvalidOption(nameof(Members), "must be 1 to 50, the first of them no arbiter");
        }

        if (!Members.Any(static member => member is { Priority: > 0, Votes: > 0, ArbiterOnly: false }))
        {
            throw SandboxErrors.InvalidOption(nameof(Members), "none of them can become primary");
        }

        if (Members.Any(static member => member.Priority > 0 && (member.Hidden || member.Delay > TimeSpan.Zero)))
        {
            throw SandboxErrors.InvalidOption(nameof(Members), "who is hidden or delayed needs priority 0");
        }

        if (OplogBytes < 64 << 10)
        {
            throw SandboxErrors.InvalidOption(nameof(OplogBytes), $"{OplogBytes} is less than 65536");
        }
    }
}
