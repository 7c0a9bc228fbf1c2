using Backup.Foundation.Contracts;

namespace Backup.WebUI.Contracts;

/// <summary>What the servers of a source told when an alert opened. Of queries it is the shape alone.</summary>
/// <param name="At">When it was collected.</param>
/// <param name="Hosts">Of each server that answered.</param>
/// <param name="Error">Why nothing was; left out where something is.</param>
public sealed record AlertExcerptView(DateTimeOffset At, IReadOnlyList<HostExcerpt> Hosts, ErrorView? Error);

/// <summary>For which alerts the logs and the slow operations of a source's servers are collected.</summary>
/// <param name="Deployment">Its id; left out: of all of the group that have no rule of their own.</param>
/// <param name="IsOn">Whether anything is.</param>
/// <param name="Conditions">Of alerts.</param>
/// <param name="Lines">Of the log of each server, the newest so many.</param>
/// <param name="Severity">Only lines of that severity and worse; left out: all.</param>
/// <param name="SlowMilliseconds">Operations that run, or ran, so long; left out: none.</param>
public sealed record ExcerptRuleView(
    string? Deployment,
    bool IsOn,
    IReadOnlyList<string> Conditions,
    int Lines,
    string? Severity,
    long? SlowMilliseconds
);

/// <param name="Deployment">By name or id; left out: of all of the group.</param>
/// <param name="IsOn">Whether anything is collected.</param>
/// <param name="Conditions">Left out: what a source's servers may say more of.</param>
/// <param name="Lines">0 to 500; left out: 200.</param>
/// <param name="Severity">F, E, W or I; left out: all lines.</param>
/// <param name="SlowMilliseconds">1 or more; left out: no operations.</param>
public sealed record ExcerptRuleRequest(
    string? Deployment,
    bool IsOn,
    IReadOnlyList<string>? Conditions,
    int? Lines,
    string? Severity,
    long? SlowMilliseconds
);
