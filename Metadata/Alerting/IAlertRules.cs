namespace Backup.Metadata.Alerting;

/// <summary>What people have set otherwise than the conditions' defaults, and when they want to hear nothing.</summary>
public interface IAlertRules
{
    /// <summary>All of all groups.</summary>
    Task<IReadOnlyList<AlertRule>> ListAsync(CancellationToken cancellation = default);

    /// <summary>Stores the rule in the place of the one for the same group, deployment and condition.</summary>
    Task SetAsync(AlertRule rule, CancellationToken cancellation = default);

    /// <summary>False where there was none.</summary>
    Task<bool> RemoveAsync(
        string? groupId,
        string? deploymentId,
        string condition,
        CancellationToken cancellation = default
    );

    /// <summary>Those that are not over, of all groups, by their begin.</summary>
    Task<IReadOnlyList<MaintenanceWindow>> WindowsAsync(CancellationToken cancellation = default);

    Task AddWindowAsync(MaintenanceWindow window, CancellationToken cancellation = default);

    /// <summary>False where there was none of that group.</summary>
    Task<bool> RemoveWindowAsync(string groupId, string id, CancellationToken cancellation = default);
}

/// <summary>From when on a condition is told.</summary>
/// <param name="GroupId">Where; null: of the appliance as a whole.</param>
/// <param name="DeploymentId">Of that one alone; null: of all of the group that have no rule of their own.</param>
/// <param name="Condition">Which.</param>
/// <param name="IsOn">Whether it is looked at.</param>
/// <param name="Warning">In the condition's unit; null: the default.</param>
/// <param name="Critical">In the condition's unit; null: the default.</param>
public sealed record AlertRule(
    string? GroupId,
    string? DeploymentId,
    string Condition,
    bool IsOn,
    double? Warning,
    double? Critical
);

/// <summary>A time in which nobody is told: alerts are opened and are over as ever, and what is still open at its end is told then.</summary>
/// <param name="Id">Ours.</param>
/// <param name="GroupId">Whose.</param>
/// <param name="DeploymentId">Of that one alone; null: of the whole group.</param>
/// <param name="From">Its begin.</param>
/// <param name="To">Its end, after the begin.</param>
/// <param name="Text">Why, for people.</param>
/// <param name="By">Who made it.</param>
public sealed record MaintenanceWindow(
    string Id,
    string GroupId,
    string? DeploymentId,
    DateTimeOffset From,
    DateTimeOffset To,
    string Text,
    string By
)
{
    public bool Covers(AlertRecord alert, DateTimeOffset at) =>
        at >= From
        && at < To
        && alert.GroupId == GroupId
        && (DeploymentId is null || DeploymentId == alert.DeploymentId);
}
