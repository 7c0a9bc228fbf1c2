using System.Text;
using Backup.AlertService;
using Backup.AlertService.Channels;
using Backup.AlertService.Conditions;
using Backup.AlertService.Excerpts;
using Backup.Foundation.Secrets;
using Backup.Metadata;
using Backup.Metadata.Alerting;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Backup.WebUI.Resources;

namespace Backup.Cli.Web;

/// <summary>Rules, channels and the mail server, checked by the room that uses them.</summary>
/// <param name="metadata">The catalogue of everything.</param>
/// <param name="secrets">What channels' secrets are sealed with.</param>
/// <param name="time">The clock.</param>
internal sealed class AlertDesk(IMetadataStore metadata, Func<SecretBox> secrets, TimeProvider time) : IAlertDesk
{
    private const int LongestName = 60;
    private const int ShortestSecret = 16;
    private const int LongestSecret = 256;

    /// <summary>A test is told of after so long, whether it has ended or not.</summary>
    private static readonly TimeSpan TestPatience = TimeSpan.FromSeconds(45);

    private readonly MailSettings _mail = new(metadata.Settings, secrets);

    internal static string Title(string condition) => AlertConditions.TryFind(condition)?.Title ?? condition;

    public string TitleOf(string condition) => Title(condition);

    public async Task<IReadOnlyList<ConditionView>> ConditionsAsync(
        string groupId,
        string? deploymentId,
        CancellationToken cancellation
    )
    {
        var rules = await metadata.AlertRules.ListAsync(cancellation);
        var book = new RuleBook(rules);
        return [.. AlertConditions.All.Select(one => View(one, book, rules, groupId, deploymentId))];
    }

    public async Task SetRuleAsync(
        string? groupId,
        string? deploymentId,
        string condition,
        RuleRequest request,
        CancellationToken cancellation
    )
    {
        if (AlertConditions.TryFind(condition) is not { } known || known.IsOfAppliance != groupId is null)
        {
            throw AlertServiceErrors.NoSuchCondition(condition, groupId is null);
        }

        if (!known.Takes(request.Warning ?? known.Warning, request.Critical ?? known.Critical))
        {
            throw AlertServiceErrors.Threshold(condition, Range(known));
        }

        await metadata.AlertRules.SetAsync(
            new AlertRule(groupId, deploymentId, condition, request.IsOn, request.Warning, request.Critical),
            cancellation
        );
    }

    public Task SetExcerptRuleAsync(
        string groupId,
        string? deploymentId,
        ExcerptRuleRequest request,
        CancellationToken cancellation
    ) =>
        metadata.AlertExcerpts.SetRuleAsync(
            ExcerptRules.Checked(
                new ExcerptRule(
                    groupId,
                    deploymentId,
                    request.IsOn,
                    request.Conditions ?? [],
                    0,
                    request.Severity,
                    request.SlowMilliseconds
                ),
                request.Lines
            ),
            cancellation
        );

    public async Task<IReadOnlyList<ChannelView>> ChannelsAsync(string groupId, CancellationToken cancellation) =>
        [
            .. (await metadata.AlertChannels.ListAsync(cancellation))
                .Where(one => one.GroupId == groupId)
                .Select(ChannelEntries.Of),
        ];

    public async Task<ChannelView> AddChannelAsync(
        string groupId,
        ChannelRequest request,
        CancellationToken cancellation
    )
    {
        var now = time.GetUtcNow();
        var channel = new ChannelRecord(
            Guid.CreateVersion7(now).ToString("N"),
            groupId,
            "",
            request.Kind ?? "",
            "{}",
            null,
            AlertSeverity.Warning,
            [],
            [],
            false,
            true,
            now
        );
        var added = await ChangedAsync(channel, request with { Name = request.Name ?? "" }, isNew: true, cancellation);
        await metadata.AlertChannels.AddAsync(added, cancellation);
        return ChannelEntries.Of(added);
    }

    public async Task<ChannelView> ChangeChannelAsync(
        string groupId,
        string channel,
        ChannelRequest request,
        CancellationToken cancellation
    )
    {
        var before = await RequireAsync(groupId, channel, cancellation);
        if (request.Kind is { } kind && kind != before.Kind)
        {
            throw AlertServiceErrors.Setting(
                "kind",
                "it cannot be changed",
                "Add another channel, and remove this one."
            );
        }

        await metadata.AlertChannels.ChangeAsync(
            await ChangedAsync(before, request, isNew: false, cancellation),
            cancellation
        );
        return ChannelEntries.Of(await RequireAsync(groupId, channel, cancellation));
    }

    public async Task<DeliveryView> TestChannelAsync(string groupId, string channel, CancellationToken cancellation)
    {
        var found = await RequireAsync(groupId, channel, cancellation);
        var now = time.GetUtcNow();
        var test = new DeliveryRecord(Guid.CreateVersion7(now).ToString("N"), found.Id, [], now, now);
        await metadata.AlertChannels.QueueAsync(test, cancellation);
        var begun = time.GetTimestamp();
        while (true)
        {
            var seen = metadata.ChangeCount;
            var sent = await metadata.AlertChannels.FindDeliveryAsync(test.Id, cancellation);
            if (sent is null or { State: not DeliveryState.Queued } || time.GetElapsedTime(begun) > TestPatience)
            {
                return AlertEntries.Of(sent ?? test, found.Name);
            }

            await metadata.WaitForChangeAsync(seen, TimeSpan.FromMilliseconds(500), cancellation);
        }
    }

    public async Task<MailServerView?> MailServerAsync(CancellationToken cancellation) =>
        await _mail.FindAsync(cancellation) is { } server ? View(server) : null;

    public async Task<MailServerView> SetMailServerAsync(MailServerRequest request, CancellationToken cancellation)
    {
        var server = new MailServer(
            request.Host?.Trim() ?? "",
            request.Port ?? 587,
            request.Tls ?? true,
            request.From?.Trim() ?? "",
            string.IsNullOrEmpty(request.User) ? null : request.User,
            string.IsNullOrWhiteSpace(request.Authority) ? null : request.Authority
        );
        await _mail.SetAsync(server, string.IsNullOrEmpty(request.Password) ? null : request.Password, cancellation);
        return View(server);
    }

    private static MailServerView View(MailServer server) =>
        new(server.Host, server.Port, server.Tls, server.From, server.User, server.User is not null, server.Authority);

    private static ConditionView View(
        AlertCondition condition,
        RuleBook book,
        IReadOnlyList<AlertRule> rules,
        string groupId,
        string? deploymentId
    )
    {
        var group = condition.IsOfAppliance ? null : groupId;
        var deployment = condition.IsOfAppliance ? null : deploymentId;
        var counts = book.Of(condition, group, deployment);
        var rule = rules
            .Where(one => one.Condition == condition.Name && one.GroupId == group)
            .Where(one => one.DeploymentId is null || one.DeploymentId == deployment)
            .MaxBy(static one => one.DeploymentId is not null);
        return new ConditionView(
            condition.Name,
            condition.Title,
            condition.Unit.ToString().ToLowerInvariant(),
            counts.Warning,
            counts.Critical,
            counts.IsOn
        )
        {
            Least = condition.HasThreshold ? condition.Range.Least : null,
            Most = condition.HasThreshold ? condition.Range.Most : null,
            LessIsWorse = condition.LessIsWorse,
            Severity = condition.HasThreshold ? null : AlertEntries.NameOf(condition.Severity),
            OfAppliance = condition.IsOfAppliance,
            From = rule switch
            {
                null => "default",
                { DeploymentId: not null } => "deployment",
                { GroupId: not null } => "group",
                _ => "appliance",
            },
        };
    }

    private async Task<ChannelRecord> ChangedAsync(
        ChannelRecord before,
        ChannelRequest request,
        bool isNew,
        CancellationToken cancellation
    )
    {
        var name = request.Name?.Trim() ?? before.Name;
        if (name.Length is 0 or > LongestName || name.Any(char.IsControl))
        {
            throw AlertServiceErrors.Setting(
                "name",
                "it is missing or too long",
                $"Give 1 to {LongestName} characters."
            );
        }

        var (settings, secret) = WhereTo(before, request, isNew);
        return before with
        {
            Name = name,
            Settings = settings,
            SealedSecret = secret,
            Least = request.Least is { } least ? SeverityOf(least) : before.Least,
            Conditions = request.Conditions is { } conditions ? Known(conditions) : before.Conditions,
            DeploymentIds = request.Deployments is { } deployments
                ? await OfGroupAsync(before.GroupId, deployments, cancellation)
                : before.DeploymentIds,
            WithAppliance = request.WithAppliance ?? before.WithAppliance,
            IsOn = request.IsOn ?? before.IsOn,
        };
    }

    /// <summary>Settings and sealed secret. What is signed with, or is a secret itself, goes with the place that it is for.</summary>
    private (string Settings, byte[]? Secret) WhereTo(ChannelRecord before, ChannelRequest request, bool isNew)
    {
        switch (before.Kind)
        {
            case ChannelKinds.Mail:
                return (isNew || request.To is not null ? ChannelSettings.Mail(request.To) : before.Settings, null);
            case ChannelKinds.Slack:
                return isNew || request.Url is not null
                    ? (ChannelSettings.Slack(request.Url), Seal(before.Id, request.Url!))
                    : (before.Settings, before.SealedSecret);
            case ChannelKinds.Webhook:
                var known = isNew ? null : ChannelSettings.WebhookOf(before);
                var template = request.Template is { Length: 0 } ? null : request.Template ?? known?.Template;
                var settings = ChannelSettings.Webhook(request.Url ?? known?.Url, template);
                return (settings, SecretOf(before, request.Secret));
            default:
                throw AlertServiceErrors.NoSuchKind(before.Kind);
        }
    }

    private byte[]? SecretOf(ChannelRecord before, string? secret) =>
        secret switch
        {
            null => before.SealedSecret,
            "" => null,
            { Length: < ShortestSecret or > LongestSecret } => throw AlertServiceErrors.Setting(
                "secret",
                "it is too short or too long",
                $"Give {ShortestSecret} to {LongestSecret} characters that nobody guesses."
            ),
            _ => Seal(before.Id, secret),
        };

    private byte[] Seal(string id, string secret) =>
        secrets().Seal(Encoding.UTF8.GetBytes(secret), ChannelSettings.PurposeOf(id));

    private static AlertSeverity SeverityOf(string name) =>
        Enum.GetValues<AlertSeverity>()
            .Where(one => AlertEntries.NameOf(one) == name)
            .Select(static one => (AlertSeverity?)one)
            .FirstOrDefault()
        ?? throw AlertServiceErrors.Setting("least", $"'{name}' is no severity", "Use critical, warning or info.");

    private static List<string> Known(IReadOnlyList<string> conditions) =>
        conditions.FirstOrDefault(static one => AlertConditions.TryFind(one) is null) is { } unknown
            ? throw AlertServiceErrors.Setting(
                "conditions",
                $"there is no condition '{unknown}'",
                "Take names of the list of conditions."
            )
            : [.. conditions.Distinct(StringComparer.Ordinal)];

    private async Task<List<string>> OfGroupAsync(
        string groupId,
        IReadOnlyList<string> names,
        CancellationToken cancellation
    )
    {
        var all = (await metadata.Deployments.ListAsync(cancellation)).Where(one => one.GroupId == groupId).ToList();
        return
        [
            .. names
                .Select(name =>
                    all.FirstOrDefault(one => one.Id == name || one.Name == name)?.Id
                    ?? throw AlertServiceErrors.Setting(
                        "deployments",
                        $"there is no deployment '{name}'",
                        "Take names of the group's deployments."
                    )
                )
                .Distinct(StringComparer.Ordinal),
        ];
    }

    private async Task<ChannelRecord> RequireAsync(string groupId, string channel, CancellationToken cancellation) =>
        await metadata.AlertChannels.FindAsync(channel, cancellation) is { } found && found.GroupId == groupId
            ? found
            : throw MetadataErrors.Missing("alert channel", channel);

    private static string Range(AlertCondition condition) =>
        condition.HasThreshold
            ? string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"They are from {condition.Range.Least} to {condition.Range.Most} {condition.Unit.ToString().ToLowerInvariant()}."
            )
            : "It has none: it can be switched on or off.";
}
