using System.Text.Json;
using Backup.Metadata;

namespace Backup.Daemon.Jobs;

/// <summary>The kinds of jobs that a daemon works on, and their arguments and results as JSON.</summary>
public static class JobKinds
{
    public const string Snapshot = "snapshot";
    public const string Verify = "verify";

    /// <summary>A snapshot of all sets of a cluster at one moment. The job's replica set is the cluster's deployment; its arguments are those of a snapshot.</summary>
    public const string ClusterSnapshot = "cluster-snapshot";

    /// <summary>A moment of a cluster with its balancer at rest, between snapshots; the same arguments.</summary>
    public const string ClusterCheckpoint = "cluster-checkpoint";

    /// <summary>A groom of the block store; its subject is <see cref="JobSubjects.Store"/>.</summary>
    public const string Groom = "groom";

    /// <summary>A check of the block store; its subject is <see cref="JobSubjects.Store"/>.</summary>
    public const string Check = "check";

    /// <summary>Brings all that a group has into the block store that it was assigned to; its subject is <see cref="JobSubjects.Store"/>.</summary>
    public const string MoveGroup = "move-group";

    public static readonly IReadOnlyCollection<string> All =
    [
        Snapshot,
        Verify,
        ClusterSnapshot,
        ClusterCheckpoint,
        Groom,
        Check,
        MoveGroup,
    ];

    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>A job to be queued.</summary>
    public static JobRecord New(string kind, string? replicaSetId, string arguments, DateTimeOffset now) =>
        new(
            Guid.CreateVersion7(now).ToString(),
            kind,
            replicaSetId,
            JobState.Queued,
            arguments,
            Result: null,
            Phase: "queued",
            Progress: 0,
            ErrorCode: null,
            ErrorMessage: null,
            ErrorHint: null,
            Attempts: 0,
            CreatedAt: now,
            StartedAt: null,
            FinishedAt: null,
            Owner: null,
            LeaseUntil: null
        );
}

/// <param name="Trigger"><c>on demand</c>, <c>policy</c>, …: shown to people.</param>
/// <param name="KeepSeconds">How long it is kept from when it is taken, whatever the policy says; null: the policy decides.</param>
public sealed record SnapshotArguments(string Trigger, long? KeepSeconds = null)
{
    /// <summary>The trigger of the schedule: such a snapshot holds what the head holds when it is taken.</summary>
    public const string Policy = "policy";
}

public sealed record SnapshotResult(string SnapshotId);

/// <param name="CutId">Complete.</param>
public sealed record ClusterCutResult(string CutId);

/// <param name="SnapshotId">Of a replica set, or of a cluster.</param>
public sealed record VerifyArguments(string SnapshotId);

/// <param name="Documents">Read back and decoded.</param>
/// <param name="Bytes">Their BSON bytes.</param>
/// <param name="Sha256">Over every namespace and document.</param>
/// <param name="Databases">MD5 of each database as the server's <c>dbHash</c> gives it, unless one of its collections is in <paramref name="Collated"/>.</param>
/// <param name="Collated">
/// Namespaces of collections with a collation of their own: whole, but hashed in another order than the server's. Left out where there is none.
/// </param>
public sealed record VerifyResult(
    string SnapshotId,
    long Documents,
    long Bytes,
    string Sha256,
    IReadOnlyDictionary<string, string> Databases,
    IReadOnlyList<string>? Collated
);

/// <summary>What was read back of a cluster's snapshot.</summary>
/// <param name="SnapshotId">Of the cluster's snapshot.</param>
/// <param name="Documents">Of all sets.</param>
/// <param name="Bytes">Their BSON bytes.</param>
/// <param name="Parts">Each set by itself.</param>
public sealed record ClusterVerifyResult(
    string SnapshotId,
    long Documents,
    long Bytes,
    IReadOnlyList<PartVerifyResult> Parts
);

/// <param name="Set">As <c>config.shards</c> names it, or <c>config</c>.</param>
/// <param name="Result">Of the set's part.</param>
public sealed record PartVerifyResult(string Set, VerifyResult Result);
