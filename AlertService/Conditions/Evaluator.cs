using Backup.Metadata.Alerting;

namespace Backup.AlertService.Conditions;

/// <summary>What was measured of a condition and a subject now.</summary>
/// <param name="Condition">One of <see cref="AlertConditions"/>.</param>
/// <param name="Subject">An id, unique within the condition.</param>
/// <param name="Value">In the condition's unit; of one without: above 0 where it is so. Not a number: it is not known now, and stays as it was.</param>
/// <param name="Say">The words, asked for only where they are needed.</param>
internal sealed record Finding(string Condition, string Subject, double Value, Func<AlertWords> Say)
{
    public string? GroupId { get; init; }

    public string? DeploymentId { get; init; }

    /// <summary>For people; empty: the deployment's name.</summary>
    public string SubjectName { get; init; } = "";

    /// <summary>It matters that much whatever the thresholds say; null: they decide.</summary>
    public AlertSeverity? AtLeast { get; init; }
}

/// <summary>Cause with its number and way out, and what follows while nobody does anything.</summary>
internal sealed record AlertWords(Foundation.Errors.BackupException Cause, string Consequence);

/// <summary>What is to be done with alerts.</summary>
internal sealed record Verdict(
    IReadOnlyList<AlertRaise> Raised,
    IReadOnlyList<(string Condition, string Subject)> Over
);

/// <summary>
/// Turns what was measured into alerts, without flapping: what opens one has to last (<see cref="AlertCondition.For"/>), what ends one too
/// (<see cref="AlertCondition.Calm"/>), and a value that has passed a threshold has to come back by a tenth of it before it counts as better. It remembers
/// times between rounds; which alerts are open it is told.
/// </summary>
internal sealed class Evaluator
{
    /// <summary>An alert that is open is said to be so still this often, not with every round.</summary>
    private static readonly TimeSpan Refreshed = TimeSpan.FromMinutes(5);

    private const double Slack = 0.1;

    private readonly Dictionary<(string Condition, string Subject), Times> _times = [];

    /// <param name="findings">All that was measured now; of a condition that is not in <paramref name="unknown"/>, a subject that is missing is no longer there.</param>
    /// <param name="open">Alerts that are open, and those that somebody closed while it was still so: these end too, and can be opened again then.</param>
    /// <param name="rules">What counts.</param>
    /// <param name="unknown">Conditions that could not be looked at: they stay as they are.</param>
    /// <param name="now">The time.</param>
    public Verdict Judge(
        IReadOnlyList<Finding> findings,
        IReadOnlyList<AlertRecord> open,
        RuleBook rules,
        IReadOnlySet<string> unknown,
        DateTimeOffset now
    )
    {
        var alerts = open.Where(static one => AlertConditions.TryFind(one.Condition) is { IsTold: false })
            .ToDictionary(static one => (one.Condition, one.Subject));
        var (raised, over) = (new List<AlertRaise>(), new List<(string, string)>());
        var seen = new HashSet<(string, string)>();
        foreach (var finding in findings)
        {
            var key = (finding.Condition, finding.Subject);
            seen.Add(key);
            if (double.IsNaN(finding.Value))
            {
                continue;
            }

            var alert = alerts.GetValueOrDefault(key);
            var times = _times.GetValueOrDefault(key) ?? new Times();
            switch (Judge(finding, alert, rules, times, now))
            {
                case { } raise:
                    raised.Add(raise);
                    break;
                case null when alert is not null && times.IsOver:
                    over.Add(key);
                    break;
            }

            Remember(key, times);
        }

        foreach (var gone in alerts.Keys.Where(key => !seen.Contains(key) && !unknown.Contains(key.Condition)))
        {
            over.Add(gone);
        }

        foreach (var gone in _times.Keys.Where(key => !seen.Contains(key) && !unknown.Contains(key.Condition)).ToList())
        {
            _times.Remove(gone);
        }

        return new Verdict(raised, over);
    }

    private static AlertRaise? Judge(
        Finding finding,
        AlertRecord? alert,
        RuleBook rules,
        Times times,
        DateTimeOffset now
    )
    {
        var condition = AlertConditions.Find(finding.Condition);
        var thresholds = rules.Of(condition, finding.GroupId, finding.DeploymentId);
        if (!thresholds.IsOn)
        {
            (times.WrongSince, times.IsOver) = (null, true);
            return null;
        }

        if (LevelOf(finding, condition, thresholds, alert?.Severity) is not { } level)
        {
            times.WrongSince = null;
            times.FineSince = alert is null ? null : times.FineSince ?? now;
            times.IsOver = now - times.FineSince >= condition.Calm;
            return null;
        }

        (times.FineSince, times.IsOver) = (null, false);
        times.WrongSince ??= now;
        if (alert is null ? now - times.WrongSince < condition.For : IsTold(alert, level, now))
        {
            return null;
        }

        var words = finding.Say();
        return new AlertRaise(
            finding.Condition,
            finding.Subject,
            words.Cause.Code,
            words.Cause.Message,
            words.Cause.Hint
        )
        {
            DeploymentId = finding.DeploymentId,
            GroupId = finding.GroupId,
            SubjectName = finding.SubjectName,
            Severity = level,
            Consequence = words.Consequence,
        };
    }

    private static bool IsTold(AlertRecord alert, AlertSeverity level, DateTimeOffset now) =>
        alert.Severity == level && now - alert.LastAt < Refreshed;

    /// <summary>Null where nothing is wrong.</summary>
    private static AlertSeverity? LevelOf(
        Finding finding,
        AlertCondition condition,
        Thresholds thresholds,
        AlertSeverity? current
    )
    {
        if (!condition.HasThreshold)
        {
            return finding.Value > 0 ? finding.AtLeast ?? condition.Severity : null;
        }

        return Past(thresholds.Critical, AlertSeverity.Critical) ? AlertSeverity.Critical
            : Past(thresholds.Warning, AlertSeverity.Warning) ? Worse(AlertSeverity.Warning, finding.AtLeast)
            : finding.AtLeast;

        bool Past(double? threshold, AlertSeverity level)
        {
            if (threshold is not { } limit)
            {
                return false;
            }

            // What has passed it has to come back a little further.
            var slack = current >= level ? Math.Abs(limit) * Slack : 0;
            return condition.LessIsWorse ? finding.Value < limit + slack : finding.Value > limit - slack;
        }
    }

    private static AlertSeverity Worse(AlertSeverity one, AlertSeverity? other) =>
        other is { } level && level > one ? level : one;

    private void Remember((string, string) key, Times times)
    {
        if (times.WrongSince is null && times.FineSince is null)
        {
            _times.Remove(key);
        }
        else
        {
            _times[key] = times;
        }
    }

    private sealed class Times
    {
        public DateTimeOffset? WrongSince { get; set; }

        public DateTimeOffset? FineSince { get; set; }

        public bool IsOver { get; set; }
    }
}
