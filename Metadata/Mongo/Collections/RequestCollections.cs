namespace Backup.Metadata.Mongo.Collections;

/// <summary>What clients ask for, what is asked of agents, and what was done and taken out by whom.</summary>
internal static class RequestCollections
{
    /// <summary>Whether a host request was handed out: a field beside the record's.</summary>
    internal const string Taken = "taken";

    internal static readonly Collection<AnswerRecord> Answers = new(
        "apiAnswers",
        null,
        null,
        new Index("callerId_key", "callerId", "key") { Unique = true },
        new Index("at", "at")
    );

    internal static readonly Collection<ServerInstance> Instances = new("serverInstances", nameof(ServerInstance.Id));

    internal static readonly Collection<HostRequestRecord> HostRequests = new(
        "hostRequests",
        nameof(HostRequestRecord.DeploymentId),
        [Taken]
    );

    internal static readonly Collection<HostPermissions> HostPermissions = new(
        "hostSettings",
        nameof(Collections.HostPermissions.DeploymentId)
    );

    internal static readonly Collection<AgentLogRecord> AgentLogs = new("agentLogs", nameof(AgentLogRecord.AgentId));

    internal static readonly Collection<DownloadLink> Links = new(
        "downloadLinks",
        nameof(DownloadLink.Id),
        [DeploymentCollections.Ordinal],
        new Index("secretHash", "secretHash") { Unique = true },
        new Index(DeploymentCollections.Ordinal, DeploymentCollections.Ordinal)
    );

    /// <summary>Nothing here changes or removes a record. A user of the database who may only find and insert in it makes sure of that.</summary>
    internal static readonly Collection<AuditRecord> Audit = new(
        "audit",
        nameof(AuditRecord.Ordinal),
        null,
        new Index("at", "at"),
        new Index("groupId_id", "groupId", "_id")
    );

    internal static readonly IReadOnlyList<Collection> All =
    [
        Answers,
        Instances,
        HostRequests,
        HostPermissions,
        AgentLogs,
        Links,
        Audit,
    ];
}

/// <param name="Id">Of one run of the server for agents.</param>
/// <param name="SeenAt">When it last said that it is there.</param>
internal sealed record ServerInstance(string Id, DateTimeOffset SeenAt);

/// <summary><see cref="HostSettings"/> of a deployment.</summary>
internal sealed record HostPermissions(string DeploymentId, bool AllowsStepDown, bool ShowsValues);
