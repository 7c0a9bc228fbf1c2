using Backup.AlertService.Conditions;
using Backup.Metadata;
using Microsoft.Extensions.Logging;

namespace Backup.AlertService.Watch;

/// <summary>Looks at all conditions, and opens and ends alerts.</summary>
internal sealed class ConditionWatch(IMetadataStore metadata, FactsReader facts, ILogger logger)
{
    private readonly Evaluator _evaluator = new();

    /// <summary>A condition that cannot be looked at keeps nobody from hearing of the others.</summary>
    public async Task RoundAsync(CancellationToken cancellation)
    {
        var seen = await facts.ReadAsync(cancellation);
        var (findings, unknown) = Look(seen);
        var open = await metadata.Alerts.WatchedAsync(cancellation);
        var rules = new RuleBook(await metadata.AlertRules.ListAsync(cancellation));
        var verdict = _evaluator.Judge(findings, open, rules, unknown, seen.Now);
        // What is worst is stored first, where there is little room.
        foreach (var raise in verdict.Raised.OrderByDescending(static one => one.Severity))
        {
            if (await metadata.Alerts.RaiseAsync(raise, cancellation))
            {
                AlertLog.Raised(logger, raise.Condition, raise.Subject, raise.Code, raise.Message);
            }
        }

        foreach (var (condition, subject) in verdict.Over)
        {
            await metadata.Alerts.ResolveAsync(condition, subject, cancellation);
            AlertLog.Over(logger, condition, subject);
        }

        if (seen.Bursts.Count > 0)
        {
            await metadata.Radar.EndResolvedAsync(cancellation);
        }
    }

    private (List<Finding> Findings, HashSet<string> Unknown) Look(Facts seen)
    {
        var (findings, unknown) = (new List<Finding>(), new HashSet<string>(StringComparer.Ordinal));
        foreach (var probe in Probes.All)
        {
            try
            {
                findings.AddRange(probe.Look(seen));
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                unknown.UnionWith(probe.Conditions);
                AlertLog.Unknown(logger, string.Join(", ", probe.Conditions), failure);
            }
        }

        return (findings, unknown);
    }
}
