namespace Backup.Metadata;

/// <summary>Frozen: the numbers are persisted.</summary>
public enum JobState
{
    Queued = 0,
    Running = 1,
    Succeeded = 2,
    Failed = 3,
    Cancelled = 4,
}

/// <summary>Which jobs are wanted.</summary>
/// <param name="Subjects">Those that work on one of these: see <see cref="JobRecord.ReplicaSetId"/>.</param>
/// <param name="Limit">At most so many; 1 or more.</param>
public sealed record JobQuery(IReadOnlyCollection<string> Subjects, int Limit)
{
    /// <summary>Of these kinds alone; null: of all.</summary>
    public IReadOnlyCollection<string>? Kinds { get; init; }

    /// <summary>Behind the one that was queued then and has that id; null: from the newest on.</summary>
    public (DateTimeOffset CreatedAt, string Id)? Before { get; init; }
}

/// <summary>A unit of durable work. A job that runs belongs to a worker as long as its lease is renewed; then it is queued again.</summary>
/// <param name="Id">Ours.</param>
/// <param name="Kind">For example <c>snapshot</c>, <c>verify</c>, <c>merge</c>.</param>
/// <param name="ReplicaSetId">What it works on, or the deployment of a cluster, or one of <see cref="JobSubjects"/>; null where it is for the whole appliance.</param>
/// <param name="State">See <see cref="JobState"/>.</param>
/// <param name="Arguments">JSON, by kind.</param>
/// <param name="Result">JSON, by kind; null until it succeeded.</param>
/// <param name="Phase">What it does now, for people.</param>
/// <param name="Progress">0 to 1.</param>
/// <param name="ErrorCode">Of the last failure.</param>
/// <param name="ErrorMessage">Of the last failure.</param>
/// <param name="ErrorHint">Of the last failure.</param>
/// <param name="Attempts">How often it was started.</param>
/// <param name="CreatedAt">When it was queued.</param>
/// <param name="StartedAt">The last start.</param>
/// <param name="FinishedAt">When it ended.</param>
/// <param name="Owner">Who runs it.</param>
/// <param name="LeaseUntil">Until when the owner holds it.</param>
public sealed record JobRecord(
    string Id,
    string Kind,
    string? ReplicaSetId,
    JobState State,
    string Arguments,
    string? Result,
    string Phase,
    double Progress,
    string? ErrorCode,
    string? ErrorMessage,
    string? ErrorHint,
    int Attempts,
    DateTimeOffset CreatedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt,
    string? Owner,
    DateTimeOffset? LeaseUntil
)
{
    /// <summary>Who asked for it, as the audit names them; empty where nobody did.</summary>
    public string AskedBy { get; init; } = "";

    /// <summary>What it is about, for people, where what it works on does not say it all; null: it does.</summary>
    public string? Title { get; init; }

    /// <summary>The job that ended and was asked for again as this one; null where it is the first.</summary>
    public string? RetryOf { get; init; }

    /// <summary>Worked off so far, in bytes; 0 where it is not counted in bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>An estimate of all of them; 0 where none is known.</summary>
    public long ExpectedBytes { get; init; }

    /// <summary>Over the last seconds.</summary>
    public double BytesPerSecond { get; init; }
}

/// <summary>How far a job is.</summary>
/// <param name="Phase">What it does now, for people.</param>
/// <param name="Share">0 to 1.</param>
/// <param name="Bytes">Worked off so far; 0 where it is not counted in bytes.</param>
/// <param name="ExpectedBytes">An estimate of all of them; 0 where none is known.</param>
/// <param name="BytesPerSecond">Over the last seconds.</param>
public sealed record JobReport(
    string Phase,
    double Share,
    long Bytes = 0,
    long ExpectedBytes = 0,
    double BytesPerSecond = 0
);

/// <summary>What a job did, or what became of it.</summary>
/// <param name="At">When.</param>
/// <param name="Text">For people; no secret.</param>
/// <param name="IsTrouble">Whether somebody should read it first.</param>
public sealed record JobLogLine(DateTimeOffset At, string Text, bool IsTrouble = false);

/// <summary>Restores that go on by themselves. The process that begins one works on it; no other can.</summary>
public static class RestoreJobs
{
    /// <summary>Over SSH.</summary>
    public const string Push = "push";

    /// <summary>Straight into MongoDB.</summary>
    public const string Into = "into";

    public static readonly IReadOnlyCollection<string> Kinds = [Push, Into];
}

/// <summary>Which jobs a daemon can do.</summary>
/// <param name="Kinds">For whatever replica set.</param>
public sealed record JobTake(IReadOnlyCollection<string> Kinds)
{
    /// <summary>For the replica sets alone whose heads it keeps.</summary>
    public IReadOnlyCollection<string> KindsOfHeads { get; init; } = [];

    /// <summary>Ids of these replica sets.</summary>
    public IReadOnlyCollection<string> Heads { get; init; } = [];
}
