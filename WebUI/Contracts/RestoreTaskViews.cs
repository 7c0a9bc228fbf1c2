namespace Backup.WebUI.Contracts;

/// <summary>A restore that goes on by itself: exactly one of the two.</summary>
/// <param name="Push">Over SSH.</param>
/// <param name="Into">Straight into MongoDB.</param>
public sealed record RestoreTaskRequest(PushRequest? Push = null, TargetRequest? Into = null);

/// <param name="Id">Ours.</param>
/// <param name="Kind">push or into.</param>
/// <param name="Subject">What is restored, and where to, for people; no secret.</param>
/// <param name="State">running, succeeded, failed or cancelled.</param>
/// <param name="Phase">What is done now.</param>
/// <param name="Bytes">So far.</param>
/// <param name="ExpectedBytes">An estimate; 0 where none is known.</param>
/// <param name="StartedAt">When.</param>
/// <param name="FinishedAt">Left out while it runs.</param>
/// <param name="By">Who began it.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="Push">The result of a push.</param>
/// <param name="Into">The result of a restore into MongoDB.</param>
public sealed record RestoreTaskView(
    string Id,
    string Kind,
    string Subject,
    string State,
    string Phase,
    long Bytes,
    long ExpectedBytes,
    DateTimeOffset StartedAt,
    DateTimeOffset? FinishedAt,
    string By,
    ErrorView? Error = null,
    PushView? Push = null,
    TargetView? Into = null
)
{
    /// <summary>Over the last seconds; left out where it is not known, or does not run.</summary>
    public double? BytesPerSecond { get; init; }

    /// <summary>Until it ends, as it goes now, in seconds; left out where that cannot be told.</summary>
    public double? RemainingSeconds { get; init; }

    /// <summary>The restore that this one is another try of; left out where it is the first.</summary>
    public string? RetryOf { get; init; }
}

/// <summary>A restore once more.</summary>
/// <param name="Uri">Of one into MongoDB, where to: it was forgotten when the restore ended. Left out of a push.</param>
public sealed record RetryRequest(string? Uri = null);
