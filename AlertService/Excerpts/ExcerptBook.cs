using Backup.Metadata;
using Backup.Metadata.Alerting;

namespace Backup.AlertService.Excerpts;

/// <summary>What is collected for which alert: a deployment's rule counts, else its group's, else nothing is.</summary>
internal sealed class ExcerptBook(IReadOnlyList<ExcerptRule> rules)
{
    private readonly Dictionary<(string Group, string? Deployment), ExcerptRule> _rules = rules.ToDictionary(
        static one => (one.GroupId, one.DeploymentId)
    );

    public bool IsEmpty => !_rules.Values.Any(static one => one.IsOn);

    /// <summary>Null where nothing is collected for it.</summary>
    /// <param name="deployment">Of a replica set: a cluster has no servers beside those of its sets.</param>
    /// <param name="condition">Of the alert.</param>
    public ExcerptRule? Of(Deployment deployment, string condition)
    {
        var rule =
            _rules.GetValueOrDefault((deployment.GroupId, deployment.Id))
            ?? _rules.GetValueOrDefault((deployment.GroupId, null));
        return rule is { IsOn: true } && rule.Conditions.Contains(condition) ? rule : null;
    }
}
