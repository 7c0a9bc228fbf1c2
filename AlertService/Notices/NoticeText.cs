using Backup.Metadata.Alerting;

namespace Backup.AlertService.Notices;

/// <summary>An alert, and why it is told.</summary>
internal sealed record TellingOf(AlertRecord Alert, NoticeKind Kind);

/// <summary>What is sent to a channel.</summary>
/// <param name="Id">Of the delivery: the receiver knows by it what it has already.</param>
/// <param name="At">When it was decided.</param>
/// <param name="Alerts">Worst first; none: a test.</param>
internal sealed record Message(string Id, DateTimeOffset At, IReadOnlyList<TellingOf> Alerts)
{
    /// <summary>Where to look; null: nowhere.</summary>
    public Uri? Link { get; init; }

    public bool IsTest => Alerts.Count == 0;
}

/// <summary>The words of messages.</summary>
internal static class NoticeText
{
    public static string Title(Message message)
    {
        if (message.IsTest)
        {
            return "Test: alerts arrive here";
        }

        var first = message.Alerts[0];
        var more = message.Alerts.Count - 1;
        return $"{Word(first)}: {Headline(first.Alert)}{(more == 0 ? "" : $" (and {more} more)")}";
    }

    public static string Word(TellingOf one) =>
        one.Kind switch
        {
            NoticeKind.Resolved => "Over",
            NoticeKind.Still => $"Still {SeverityWord(one.Alert.Severity).ToLowerInvariant()}",
            _ => SeverityWord(one.Alert.Severity),
        };

    public static string SeverityWord(AlertSeverity severity) =>
        severity switch
        {
            AlertSeverity.Critical => "Critical",
            AlertSeverity.Warning => "Warning",
            _ => "Note",
        };

    /// <summary>As the contract names it.</summary>
    public static string SeverityName(AlertSeverity severity) =>
        severity switch
        {
            AlertSeverity.Critical => "critical",
            AlertSeverity.Warning => "warning",
            _ => "info",
        };

    /// <summary>As the contract names it.</summary>
    public static string KindName(NoticeKind kind) =>
        kind switch
        {
            NoticeKind.Opened => "opened",
            NoticeKind.Worse => "worse",
            NoticeKind.Still => "still",
            NoticeKind.Resolved => "resolved",
            _ => "test",
        };

    public static string Headline(AlertRecord alert)
    {
        var title = Conditions.AlertConditions.TryFind(alert.Condition)?.Title ?? alert.Condition;
        return $"{title}: {alert.SubjectName}";
    }

    /// <summary>Cause, consequence, way out, each with its name; what is empty is left out.</summary>
    public static IEnumerable<(string Name, string Text)> Lines(TellingOf one)
    {
        var alert = one.Alert;
        yield return ("What", $"{alert.Message} ({alert.Code})");
        if (one.Kind == NoticeKind.Resolved)
        {
            yield return (
                "Over",
                $"{Words.At(alert.ResolvedAt ?? alert.LastAt)}{(alert.Resolution is { } said ? $": {said}" : "")}"
            );
        }
        else
        {
            if (alert.Consequence.Length > 0)
            {
                yield return ("What follows", alert.Consequence);
            }

            if (alert.Hint.Length > 0)
            {
                yield return ("What to do", alert.Hint);
            }
        }

        yield return ("Since", Words.At(alert.Since));
        if (alert.Acknowledged is { } known)
        {
            yield return ("Known to", known.Comment.Length > 0 ? $"{known.By}: {known.Comment}" : known.By);
        }
    }
}
