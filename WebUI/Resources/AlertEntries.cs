using Backup.Metadata.Alerting;
using Backup.WebUI.Contracts;

namespace Backup.WebUI.Resources;

/// <summary>Alerts and deliveries as the API shows them.</summary>
public static class AlertEntries
{
    /// <param name="alert">As it is stored.</param>
    /// <param name="title">Of its condition.</param>
    /// <param name="burst">What it is about, of a mass change.</param>
    public static AlertView Of(AlertRecord alert, string title, BurstRecord? burst = null) =>
        new(alert.Condition, alert.SubjectName, alert.Since, new ErrorView(alert.Code, alert.Message, alert.Hint))
        {
            Id = alert.Id,
            Title = title,
            Severity = NameOf(alert.Severity),
            Consequence = alert.Consequence,
            Deployment = alert.DeploymentId,
            LastAt = alert.LastAt,
            ResolvedAt = alert.ResolvedAt,
            Resolution = alert.Resolution,
            Acknowledged = alert.Acknowledged is { } known
                ? new AcknowledgementView(known.By, known.At, known.Comment, known.Until)
                : null,
            Reopened = alert.Reopened,
            Notices = alert.Notices,
            OfAppliance = alert.GroupId is null,
            Before = burst is { HeldSets: > 0, EndedAt: null }
                ? new CleanSecondView(burst.Before, Named(burst.Namespace), burst.KeptUntil)
                : null,
        };

    /// <summary>As restores name it: a whole database by its name.</summary>
    private static string Named(string ns) => ns.EndsWith(".*", StringComparison.Ordinal) ? ns[..^2] : ns;

    public static DeliveryView Of(DeliveryRecord delivery, string channel) =>
        new(
            delivery.Id,
            channel,
            delivery.State.ToString().ToLowerInvariant(),
            delivery.IsTest,
            delivery.Alerts.Count,
            delivery.Attempts,
            delivery.CreatedAt,
            delivery.State == DeliveryState.Queued ? delivery.DueAt : null,
            delivery.EndedAt,
            delivery.Code is { } code ? new ErrorView(code, delivery.Message ?? "", "") : null
        );

    public static string NameOf(AlertSeverity severity) => severity.ToString().ToLowerInvariant();
}
