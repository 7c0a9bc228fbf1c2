using Backup.AlertService.Conditions;
using Backup.Metadata;
using Backup.Metadata.Alerting;

namespace Backup.AlertService.Notices;

/// <summary>
/// Decides who is told of what, and writes it down with the deliveries in one step: several instances that do so at the same time tell nobody twice.
/// </summary>
internal sealed class Teller(IMetadataStore metadata, TimeProvider time)
{
    /// <summary>At once to a channel; more comes with the next.</summary>
    private const int MostOfDelivery = 50;

    private const int MostOfRound = 500;

    /// <summary>What is still so is told again after these, and then every day.</summary>
    private static readonly TimeSpan[] Again =
    [
        TimeSpan.FromMinutes(15),
        TimeSpan.FromHours(1),
        TimeSpan.FromHours(4),
        TimeSpan.FromHours(12),
        TimeSpan.FromDays(1),
    ];

    /// <summary>How long after a notice, the first of them 0, the next one comes.</summary>
    internal static TimeSpan Pause(int notices) => Again[Math.Min(notices, Again.Length - 1)];

    /// <returns>Whether anybody is told.</returns>
    public async Task<bool> RoundAsync(CancellationToken cancellation)
    {
        var due = await metadata.Alerts.DueAsync(MostOfRound, cancellation);
        if (due.Count == 0)
        {
            return false;
        }

        var now = time.GetUtcNow();
        var windows = await metadata.AlertRules.WindowsAsync(cancellation);
        var rules = new RuleBook(await metadata.AlertRules.ListAsync(cancellation));
        var told = due.Where(one => !IsQuiet(one, windows, rules, now)).ToList();
        var kinds = told.ToDictionary(static one => one.Id, KindOf);
        var deliveries = (await metadata.AlertChannels.ListAsync(cancellation))
            .SelectMany(channel =>
                told.Where(one => Hears(channel, one))
                    .Select(one => new DeliveredAlert(one.Id, kinds[one.Id]))
                    .Chunk(MostOfDelivery)
                    .Select(alerts => new DeliveryRecord(NewId(now), channel.Id, alerts, now, now))
            )
            .ToList();
        var notices = told.Select(one => new Notice(
                one.Id,
                kinds[one.Id],
                one.Notices,
                one.IsOpen ? now + Pause(one.Notices) : null
            ))
            .ToList();
        return notices.Count > 0
            && await metadata.Alerts.TellAsync(notices, deliveries, cancellation)
            && deliveries.Count > 0;
    }

    internal static string NewId(DateTimeOffset now) => Guid.CreateVersion7(now).ToString("N");

    internal static NoticeKind KindOf(AlertRecord alert) =>
        alert switch
        {
            { Told: null } => NoticeKind.Opened,
            { IsOpen: false } => NoticeKind.Resolved,
            { Told: { } told } when told < alert.Severity => NoticeKind.Worse,
            _ => NoticeKind.Still,
        };

    /// <summary>
    /// While there is a window nobody hears of it; what is still open at the end is told then. Who heard that it began hears that it is over. What is
    /// switched off is told to nobody; such alerts are those that others raise.
    /// </summary>
    private static bool IsQuiet(
        AlertRecord alert,
        IReadOnlyList<MaintenanceWindow> windows,
        RuleBook rules,
        DateTimeOffset now
    ) =>
        (alert.IsOpen || alert.IsEvent)
        && (
            windows.Any(window => window.Covers(alert, now))
            || (
                AlertConditions.TryFind(alert.Condition) is { } condition
                && !rules.Of(condition, alert.GroupId, alert.DeploymentId).IsOn
            )
        );

    /// <summary>Whether a channel is to be told of an alert.</summary>
    internal static bool Hears(ChannelRecord channel, AlertRecord alert) =>
        channel.IsOn
        && (alert.GroupId is null ? channel.WithAppliance : channel.GroupId == alert.GroupId)
        && Worst(alert) >= channel.Least
        && (channel.Conditions.Count == 0 || channel.Conditions.Contains(alert.Condition))
        && (
            channel.DeploymentIds.Count == 0
            || (alert.DeploymentId is { } deployment && channel.DeploymentIds.Contains(deployment))
        )
        // Nobody is told by a channel that it does not work.
        && (alert.Condition != AlertConditions.ChannelFailing || alert.Subject != channel.Id);

    /// <summary>Who was told that it is critical is told that it is over, too.</summary>
    private static AlertSeverity Worst(AlertRecord alert) =>
        alert.Told is { } told && told > alert.Severity ? told : alert.Severity;
}
