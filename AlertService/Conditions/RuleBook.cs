using Backup.Metadata.Alerting;

namespace Backup.AlertService.Conditions;

/// <summary>From when on a condition is an alert, and how bad.</summary>
/// <param name="IsOn">Whether it is looked at.</param>
/// <param name="Warning">Null: it never only matters a little.</param>
/// <param name="Critical">Null: it never is.</param>
public sealed record Thresholds(bool IsOn, double? Warning, double? Critical);

/// <summary>What counts where: a deployment's rule, else its group's, else the default.</summary>
public sealed class RuleBook(IReadOnlyList<AlertRule> rules)
{
    private readonly Dictionary<(string? Group, string? Deployment, string Condition), AlertRule> _rules =
        rules.ToDictionary(static one => (one.GroupId, one.DeploymentId, one.Condition));

    public Thresholds Of(AlertCondition condition, string? groupId, string? deploymentId)
    {
        var rule =
            _rules.GetValueOrDefault((groupId, deploymentId, condition.Name))
            ?? _rules.GetValueOrDefault((groupId, null, condition.Name));
        return rule is null
            ? new Thresholds(true, condition.Warning, condition.Critical)
            : new Thresholds(rule.IsOn, rule.Warning ?? condition.Warning, rule.Critical ?? condition.Critical);
    }
}
