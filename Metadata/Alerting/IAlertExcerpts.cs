namespace Backup.Metadata.Alerting;

/// <summary>What is collected of a source's servers when an alert opens: by which rules, and what it was. It is kept as long as the alert.</summary>
public interface IAlertExcerpts
{
    /// <summary>Of all groups.</summary>
    Task<IReadOnlyList<ExcerptRule>> RulesAsync(CancellationToken cancellation = default);

    /// <summary>Stores the rule in the place of the one for the same group and deployment.</summary>
    Task SetRuleAsync(ExcerptRule rule, CancellationToken cancellation = default);

    /// <summary>False where there was none.</summary>
    Task<bool> RemoveRuleAsync(string groupId, string? deploymentId, CancellationToken cancellation = default);

    /// <summary>False, and nothing changed, where the alert has one already, or is gone.</summary>
    Task<bool> AddAsync(AlertExcerpt excerpt, CancellationToken cancellation = default);

    /// <summary>Null where nothing was collected for that alert.</summary>
    Task<AlertExcerpt?> FindAsync(long alertId, CancellationToken cancellation = default);

    /// <summary>Those of the alerts for which something was collected.</summary>
    Task<IReadOnlySet<long>> OfAsync(IReadOnlyCollection<long> alertIds, CancellationToken cancellation = default);
}

/// <summary>For which alerts the log and the slow operations of a source's servers are collected, and how much.</summary>
/// <param name="GroupId">Whose.</param>
/// <param name="DeploymentId">Of that one alone; null: of all of the group that have no rule of their own.</param>
/// <param name="IsOn">Whether anything is.</param>
/// <param name="Conditions">Of alerts; one or more.</param>
/// <param name="Lines">Of the log of each server, the newest so many; 0: none.</param>
/// <param name="Severity">Only lines of that severity and worse: F, E, W, I; null: all.</param>
/// <param name="SlowMilliseconds">Operations that run, or ran, at least so long; null: none.</param>
public sealed record ExcerptRule(
    string GroupId,
    string? DeploymentId,
    bool IsOn,
    IReadOnlyList<string> Conditions,
    int Lines,
    string? Severity,
    long? SlowMilliseconds
);

/// <summary>What the servers told when an alert opened.</summary>
/// <param name="AlertId">Of which.</param>
/// <param name="At">When it was collected, or given up.</param>
/// <param name="RawLength">Bytes of the content before it was compressed.</param>
/// <param name="Content">zstd-compressed JSON of the agents' contract, opaque to the catalogue.</param>
public sealed record AlertExcerpt(long AlertId, DateTimeOffset At, int RawLength, byte[] Content);
