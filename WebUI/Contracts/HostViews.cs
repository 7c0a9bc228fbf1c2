namespace Backup.WebUI.Contracts;

/// <summary>Something that happened to a member of a source.</summary>
/// <param name="At">When it was noticed: up to a minute after it happened.</param>
/// <param name="Kind">became-primary, no-primary, elected, role, down, up, version, restarted, added or removed.</param>
/// <param name="Host">host:port.</param>
/// <param name="Before">How it was: a state, a release, the primary before, a term, seconds up; left out where there was nothing.</param>
/// <param name="Now">How it is; left out where it is no more.</param>
/// <param name="Text">For people.</param>
public sealed record HostEventView(
    DateTimeOffset At,
    string Kind,
    string Host,
    string? Before,
    string? Now,
    string Text
);

/// <summary>What may be asked of a source's servers.</summary>
/// <param name="AllowsStepDown">Whether its primary may be told to step down.</param>
/// <param name="ShowsValues">Whether values of queries may be shown, not their shape alone.</param>
public sealed record HostSettingsView(bool AllowsStepDown, bool ShowsValues);

/// <summary>What is left out stays as it is.</summary>
public sealed record HostSettingsRequest(bool? AllowsStepDown, bool? ShowsValues);

/// <param name="Host">host:port; left out: each that answers.</param>
/// <param name="Lines">Of the log of each, the newest so many: 0 to 500; left out: 100.</param>
/// <param name="Severity">Only lines of that severity and worse: F, E, W or I; left out: all.</param>
/// <param name="SlowMilliseconds">Operations that run, or ran, so long; left out: none are looked for.</param>
/// <param name="Values">With the values of queries, where the deployment's settings allow it; left out: their shape alone.</param>
public sealed record HostLookRequest(string? Host, int? Lines, string? Severity, long? SlowMilliseconds, bool? Values);

/// <param name="Seconds">It is not elected again for so long: 10 to 3600; left out: 60.</param>
/// <param name="Deployment">Its name again: that it is meant.</param>
public sealed record StepDownRequest(int? Seconds, string? Deployment);

/// <param name="Before">Who was the primary.</param>
/// <param name="Primary">Who is; left out where nobody was elected within 20 s.</param>
public sealed record StepDownView(string Before, string? Primary);
