namespace Backup.Metadata.Mongo.Collections;

/// <summary>The queue of work, its history, and what it told of itself.</summary>
internal static class JobCollections
{
    internal static readonly Collection<JobRecord> Jobs = new(
        "jobs",
        nameof(JobRecord.Id),
        [DeploymentCollections.Ordinal],
        new Index("state_ordinal", "state", DeploymentCollections.Ordinal),
        new Index("ordinal", DeploymentCollections.Ordinal),
        new Index("replicaSetId_createdAt", "replicaSetId", "createdAt")
    );

    internal static readonly Collection<JobLogEntry> Log = new(
        "jobLog",
        null,
        null,
        new Index("jobId_number", "jobId", "number") { Unique = true },
        new Index("at", "at")
    );

    internal static readonly IReadOnlyList<Collection> All = [Jobs, Log];
}

/// <summary>A <see cref="JobLogLine"/>, and whose.</summary>
/// <param name="JobId">Whose.</param>
/// <param name="Number">From 1, in the order of the lines.</param>
internal sealed record JobLogEntry(string JobId, long Number, DateTimeOffset At, string Text, bool IsTrouble);
