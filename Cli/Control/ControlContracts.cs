using System.Text.Json;
using System.Text.Json.Serialization;

namespace Backup.Cli.Control;

/// <summary>The JSON that <c>--json</c> prints and the control socket speaks: a contract with scripts. Fields are only ever added.</summary>
public static class ControlJson
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}

/// <summary>A point in an oplog.</summary>
/// <param name="T">Seconds since 1970-01-01 UTC.</param>
/// <param name="I">Ordinal within the second.</param>
public sealed record OptimeView(uint T, uint I);

/// <param name="Deployments">What is protected.</param>
/// <param name="Agents">Those that may connect.</param>
/// <param name="Errors">What is wrong with the appliance itself, for example that its disk is full.</param>
public sealed record StatusView(
    IReadOnlyList<DeploymentView> Deployments,
    IReadOnlyList<AgentView> Agents,
    IReadOnlyList<ErrorView> Errors
);

public sealed record AgentView(string Id, string HostName, string Version, DateTimeOffset? LastSeenAt);

public sealed record DeploymentView(
    string Id,
    string Name,
    string Type,
    IReadOnlyList<ReplicaSetView> ReplicaSets,
    ErrorView? Error
);

/// <param name="Id">Ours.</param>
/// <param name="Name">The set's name.</param>
/// <param name="State">waiting, initial-sync, catching-up, tailing or stopped.</param>
/// <param name="Optime">The head holds everything up to and including this entry; 0,0 before it holds anything.</param>
/// <param name="LagSeconds">
/// How far the head is behind the newest entry that the agent has seen; when nothing was heard of it for 30 s, plus that time.
/// </param>
/// <param name="Snapshots">How many there are.</param>
/// <param name="SourceSeenAt">When the agent last said how far the source is.</param>
/// <param name="Sync">Progress of the initial sync, while there is one.</param>
/// <param name="Error">Why it is stopped.</param>
public sealed record ReplicaSetView(
    string Id,
    string Name,
    string State,
    OptimeView Optime,
    double LagSeconds,
    int Snapshots,
    DateTimeOffset? SourceSeenAt,
    SyncView? Sync,
    ErrorView? Error
);

public sealed record SyncView(
    int Collections,
    int CollectionsDone,
    long Documents,
    long ExpectedDocuments,
    long Bytes,
    long ExpectedBytes
);

public sealed record SnapshotView(
    string Id,
    string ReplicaSet,
    OptimeView Optime,
    long Documents,
    long RawBytes,
    long NewBytes,
    long StoredBytes,
    double DurationSeconds,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    string Trigger
);

public sealed record JobView(
    string Id,
    string Kind,
    string State,
    string Phase,
    double Progress,
    JsonElement? Result,
    ErrorView? Error
);

public sealed record RestoreView(bool Ok, long Documents, long Bytes, string Sha256);

public sealed record ErrorView(string Code, string Message, string Hint);

public sealed record ErrorEnvelope(ErrorView Error);
