using System.Text.Json;
using Backup.Metadata;

namespace Backup.Daemon.Jobs;

/// <summary>The kinds of jobs that a daemon works on, and their arguments and results as JSON.</summary>
public static class JobKinds
{
    public const string Snapshot = "snapshot";
    public const string Verify = "verify";

    public static readonly IReadOnlyCollection<string> All = [Snapshot, Verify];

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
public sealed record SnapshotArguments(string Trigger)
{
    /// <summary>The trigger of the schedule: such a snapshot holds what the head holds when it is taken.</summary>
    public const string Policy = "policy";
}

public sealed record SnapshotResult(string SnapshotId);

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
