using Backup.AlertService.Channels;
using Backup.Metadata.Alerting;
using Backup.WebUI.Contracts;
using Backup.WebUI.Resources;

namespace Backup.Cli.Web;

/// <summary>Channels as the API shows them: without their secrets.</summary>
internal static class ChannelEntries
{
    public static ChannelView Of(ChannelRecord channel)
    {
        var view = new ChannelView(
            channel.Id,
            channel.Name,
            channel.Kind,
            AlertEntries.NameOf(channel.Least),
            channel.Conditions,
            channel.DeploymentIds,
            channel.WithAppliance,
            channel.IsOn,
            channel.CreatedAt
        )
        {
            DeliveredAt = channel.DeliveredAt,
            FailedAt = channel.FailedAt,
            Error = channel.FailureCode is { } code ? new ErrorView(code, channel.Failure ?? "", "") : null,
        };
        return channel.Kind switch
        {
            ChannelKinds.Mail => view with { To = ChannelSettings.MailOf(channel).To },
            ChannelKinds.Webhook => OfWebhook(view, channel),
            ChannelKinds.Slack => view with { Url = ChannelSettings.SlackOf(channel).Host },
            _ => view,
        };
    }

    private static ChannelView OfWebhook(ChannelView view, ChannelRecord channel)
    {
        var (url, template) = ChannelSettings.WebhookOf(channel);
        return view with { Url = url, Template = template, Signs = channel.SealedSecret is not null };
    }
}
