namespace Backup.Metadata.Alerting;

/// <summary>How much it matters. Frozen: the numbers are persisted.</summary>
public enum AlertSeverity
{
    /// <summary>Good to know: nothing has to be done.</summary>
    Info = 0,

    /// <summary>Nothing is lost yet; somebody should look today.</summary>
    Warning = 1,

    /// <summary>Something is not protected, or will not be soon.</summary>
    Critical = 2,
}

/// <summary>What is wrong now, as whoever saw it says it.</summary>
/// <param name="Condition">What kind of thing, for example <c>agent-down</c>: with the subject it names the alert.</param>
/// <param name="Subject">What it is about: an id, unique within the condition.</param>
/// <param name="Code">The number of the error, for example <c>BK8801</c>.</param>
/// <param name="Message">The cause: what is wrong, where.</param>
/// <param name="Hint">The way out.</param>
public sealed record AlertRaise(string Condition, string Subject, string Code, string Message, string Hint)
{
    /// <summary>Null: the one whose id the subject is, if there is one.</summary>
    public string? DeploymentId { get; init; }

    /// <summary>Null: that of the deployment; without one it is about the appliance as a whole.</summary>
    public string? GroupId { get; init; }

    /// <summary>The subject as people name it; empty: the deployment's name.</summary>
    public string SubjectName { get; init; } = "";

    public AlertSeverity Severity { get; init; } = AlertSeverity.Critical;

    /// <summary>What follows while nobody does anything; empty where the message says it.</summary>
    public string Consequence { get; init; } = "";

    /// <summary>Something that happened and is over: told once, never open.</summary>
    public bool IsEvent { get; init; }
}

/// <summary>Somebody knows of it: it is not told again until then, or until it gets worse.</summary>
/// <param name="By">Who.</param>
/// <param name="At">When.</param>
/// <param name="Comment">For the others; may be empty.</param>
/// <param name="Until">Null: until it is over.</param>
public sealed record Acknowledgement(string By, DateTimeOffset At, string Comment, DateTimeOffset? Until);

/// <summary>Something that is or was wrong.</summary>
/// <param name="Condition">See <see cref="AlertRaise"/>.</param>
/// <param name="Subject">See <see cref="AlertRaise"/>.</param>
/// <param name="Code">As it was raised last.</param>
/// <param name="Message">As it was raised last.</param>
/// <param name="Hint">As it was raised last.</param>
/// <param name="Since">When it was opened.</param>
/// <param name="LastAt">When it was last seen to be so.</param>
/// <param name="ResolvedAt">When it was over; null while it is open.</param>
public sealed record AlertRecord(
    string Condition,
    string Subject,
    string Code,
    string Message,
    string Hint,
    DateTimeOffset Since,
    DateTimeOffset LastAt,
    DateTimeOffset? ResolvedAt
)
{
    /// <summary>The condition of accounts that log in with a password alone; persisted.</summary>
    public const string OfAccounts = "user-without-two-factor";

    /// <summary>What comes back sooner than that is the same alert.</summary>
    public static readonly TimeSpan ReopenedWithin = TimeSpan.FromMinutes(30);

    /// <summary>Grows from alert to alert; given by the store.</summary>
    public long Id { get; init; }

    /// <summary>Null: about the appliance as a whole.</summary>
    public string? GroupId { get; init; }

    /// <summary>It names accounts of the whole appliance, and is for its administrators' eyes.</summary>
    public bool IsOfAccounts => GroupId is null && Condition == OfAccounts;

    public string? DeploymentId { get; init; }

    /// <summary>For people; never empty.</summary>
    public string SubjectName { get; init; } = "";

    public AlertSeverity Severity { get; init; } = AlertSeverity.Critical;

    public string Consequence { get; init; } = "";

    public bool IsEvent { get; init; }

    /// <summary>Null while nobody has said that they know.</summary>
    public Acknowledgement? Acknowledged { get; init; }

    /// <summary>What was said when it ended; null while it is open and where nothing was.</summary>
    public string? Resolution { get; init; }

    /// <summary>How often it was open again soon after it was over.</summary>
    public int Reopened { get; init; }

    /// <summary>How often it was told of.</summary>
    public int Notices { get; init; }

    /// <summary>The severity that it was last told with; null: nobody was told, or they were told that it is over.</summary>
    public AlertSeverity? Told { get; init; }

    /// <summary>When it is told (again), while it is open; null: at once, where nobody was told.</summary>
    public DateTimeOffset? NextNoticeAt { get; init; }

    public bool IsOpen => ResolvedAt is null;
}

/// <summary>Which alerts are wanted, newest first.</summary>
/// <param name="GroupId">Those of that group; null: of the appliance as a whole.</param>
/// <param name="Limit">At most so many; 1 or more.</param>
public sealed record AlertQuery(string? GroupId, int Limit)
{
    /// <summary>Those of the appliance as a whole too.</summary>
    public bool WithAppliance { get; init; }

    public bool OnlyOpen { get; init; }

    /// <summary>Older than the one with that id; null: from the newest on.</summary>
    public long? Before { get; init; }
}

/// <summary>Why somebody is told. Frozen: the numbers are persisted.</summary>
public enum NoticeKind
{
    Opened = 0,

    /// <summary>It has become worse.</summary>
    Worse = 1,

    /// <summary>It is still so.</summary>
    Still = 2,

    Resolved = 3,

    /// <summary>Somebody tries the channel.</summary>
    Test = 4,
}

/// <summary>That an alert is told of.</summary>
/// <param name="AlertId">Which.</param>
/// <param name="Kind">Why.</param>
/// <param name="Seen">Its <see cref="AlertRecord.Notices"/> when that was decided: whoever comes second changes nothing.</param>
/// <param name="Next">When again; null of one that is over.</param>
public sealed record Notice(long AlertId, NoticeKind Kind, int Seen, DateTimeOffset? Next);
