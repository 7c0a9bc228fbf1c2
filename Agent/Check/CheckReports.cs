using System.Text.Json.Serialization;
using Backup.Foundation.Contracts;

namespace Backup.Agent.Check;

/// <summary>What <c>backup-agent check --json</c> prints: a contract with scripts. Fields are only ever added.</summary>
/// <param name="Ok">Whether the server and every deployment are.</param>
internal sealed record CheckReport(bool Ok, ServerCheckReport Server, IReadOnlyList<DeploymentCheckReport> Deployments);

/// <param name="Ok">Whether it takes this agent's requests.</param>
/// <param name="Error">Why not.</param>
/// <param name="Protocol">The version of the contract that both speak.</param>
/// <param name="CertificateDaysLeft">Of the server's own certificate, whole days.</param>
/// <param name="AgentCertificateDaysLeft">Of this agent's, whole days; left out where it has none.</param>
/// <param name="ClockAheadSeconds">How far the server's clock is before this host's; to about a second.</param>
internal sealed record ServerCheckReport(
    string Address,
    bool Ok,
    Fault? Error,
    int? Protocol,
    int? CertificateDaysLeft,
    int? AgentCertificateDaysLeft,
    double? ClockAheadSeconds
);

/// <param name="Ok">Whether it can be backed up.</param>
/// <param name="Error">Why not.</param>
/// <param name="ReplicaSet">The set's name.</param>
/// <param name="Rule">For the member.</param>
/// <param name="Chosen">host:port that would be read now.</param>
/// <param name="Why">Why that one.</param>
/// <param name="Members">Those that bear data.</param>
internal sealed record DeploymentCheckReport(
    string Id,
    string Name,
    bool Ok,
    Fault? Error,
    string? ReplicaSet,
    string Rule,
    string? Chosen,
    string? Why,
    IReadOnlyList<MemberCheckReport> Members
)
{
    /// <summary>Of a cluster's routers; left out of a replica set.</summary>
    public ClusterCheckReport? Cluster { get; init; }
}

/// <param name="MongoVersion">Of a router.</param>
/// <param name="Sets">The config servers and every shard: name, replica set and members.</param>
/// <param name="Routers">host:port of those that are alive.</param>
/// <param name="BalancerOn">Whether chunks may be moved now.</param>
/// <param name="User">Who is logged in; left out where there is no access control, or the URI no user.</param>
/// <param name="MissingPrivileges">By name; empty where nothing is missing.</param>
internal sealed record ClusterCheckReport(
    string MongoVersion,
    IReadOnlyList<string> Sets,
    IReadOnlyList<string> Routers,
    bool BalancerOn,
    string? User,
    IReadOnlyList<string> MissingPrivileges
);

/// <param name="Host">host:port.</param>
/// <param name="Reachable">Whether it answers, TLS and log-in included.</param>
/// <param name="Error">Why not.</param>
/// <param name="Tls">Whether the connection is encrypted.</param>
internal sealed record MemberCheckReport(string Host, bool Reachable, Fault? Error, bool Tls)
{
    /// <summary>Who is logged in; left out where the deployment has no access control, or the URI no user.</summary>
    public string? User { get; init; }

    /// <summary>For example SECONDARY.</summary>
    public string? State { get; init; }

    /// <summary>Why it is not read from; left out where it may be.</summary>
    public string? Unfit { get; init; }

    /// <summary>For example 4.2.4.</summary>
    public string? MongoVersion { get; init; }

    /// <summary>For example 4.2.</summary>
    public string? FeatureCompatibilityVersion { get; init; }

    /// <summary>By name; empty where nothing is missing.</summary>
    public IReadOnlyList<string> MissingPrivileges { get; init; } = [];

    /// <summary>What its oplog holds, once full; left out where it cannot be asked.</summary>
    public double? OplogWindowHours { get; init; }

    /// <summary>Behind the newest entry of any member.</summary>
    public long? LagSeconds { get; init; }

    /// <summary>How far its clock is before this host's.</summary>
    public double? ClockAheadSeconds { get; init; }

    /// <summary>How far its clock is before the backup server's; left out where that one is not known.</summary>
    public double? ClockAheadOfServerSeconds { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(CheckReport))]
internal sealed partial class CheckJson : JsonSerializerContext;
