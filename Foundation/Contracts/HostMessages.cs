namespace Backup.Foundation.Contracts;

/// <summary>
/// Asks the agent that reads a source, with the answer to a heartbeat, for something of the source's servers. It is handed out once: what is lost on the way is not
/// done, and nothing is done twice.
/// </summary>
/// <param name="Id">Goes back with the answer.</param>
/// <param name="Look">What is to be looked at; null: something else is asked for.</param>
/// <param name="StepDown">The primary is to step down; null: something else is asked for.</param>
public sealed record HostRequest(string Id, HostLook? Look = null, StepDownOrder? StepDown = null);

/// <param name="Host">host:port; null: each that answers.</param>
/// <param name="Lines">Of the log of each, the newest so many, 0 to <see cref="HostLimits.MostLines"/>.</param>
/// <param name="Severity">Only lines of that severity and worse: F, E, W, I; null: all.</param>
/// <param name="SlowMilliseconds">Operations that run, or ran, at least so long; null: none are looked for.</param>
/// <param name="ShowsValues">False: of queries their shape alone is told.</param>
/// <param name="SinceSeconds">Only lines of so many last seconds, by the clock of the agent; null: whatever their age.</param>
public sealed record HostLook(
    string? Host,
    int Lines,
    string? Severity,
    long? SlowMilliseconds,
    bool ShowsValues,
    long? SinceSeconds = null
);

/// <param name="Seconds">It may not be elected again for so long.</param>
/// <param name="CatchUpSeconds">A secondary has so long to catch up.</param>
public sealed record StepDownOrder(int Seconds, int CatchUpSeconds);

/// <summary>What the agent answers to a <see cref="HostRequest"/>.</summary>
/// <param name="RequestId">Of the request.</param>
/// <param name="Hosts">What was looked at.</param>
/// <param name="Primary">After a step-down: who is the primary now; null: nobody yet.</param>
/// <param name="Before">After a step-down: who was.</param>
/// <param name="Fault">Why it could not be done; null: it was.</param>
public sealed record HostAnswer(
    string RequestId,
    IReadOnlyList<HostExcerpt> Hosts,
    string? Primary = null,
    string? Before = null,
    Fault? Fault = null
);

/// <summary>What one server told.</summary>
/// <param name="Host">host:port.</param>
/// <param name="Lines">Of its log, oldest first.</param>
/// <param name="IsCut">More was there than is told.</param>
/// <param name="Operations">Slowest first.</param>
/// <param name="Trouble">What could not be asked of it, and why; null: nothing.</param>
public sealed record HostExcerpt(
    string Host,
    IReadOnlyList<string> Lines,
    bool IsCut,
    IReadOnlyList<SlowOperation> Operations,
    string? Trouble
);

/// <param name="Source">running, or profile (system.profile, where the server writes it).</param>
/// <param name="Kind">For example query, update or command.</param>
/// <param name="Namespace">On what.</param>
/// <param name="Milliseconds">For how long; of one that runs so far.</param>
/// <param name="Plan">For example COLLSCAN; null where it is not told.</param>
/// <param name="Command">As JSON: its shape, or all of it.</param>
public sealed record SlowOperation(
    string Source,
    string Kind,
    string Namespace,
    long Milliseconds,
    string? Plan,
    string Command
);

/// <summary>Bounds of what is asked for.</summary>
public static class HostLimits
{
    public const int MostLines = 500;

    /// <summary>Characters of one line, or of one operation; what is longer is cut.</summary>
    public const int LineLength = 2 * 1024;

    /// <summary>Of one server.</summary>
    public const int MostOperations = 50;

    /// <summary>Characters of one answer: as JSON it has less than <see cref="AgentProtocol.MaxJsonLength"/>, however they are written.</summary>
    public const int AnswerLength = 128 * 1024;

    public const int LeastStepDownSeconds = 10;
    public const int MostStepDownSeconds = 3600;
}
