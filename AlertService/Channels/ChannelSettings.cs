using System.Net.Mail;
using System.Text.Json;
using System.Text.Json.Serialization;
using Backup.Metadata.Alerting;

namespace Backup.AlertService.Channels;

/// <summary>What a channel of kind mail knows.</summary>
/// <param name="To">Addresses.</param>
public sealed record MailChannel(IReadOnlyList<string> To);

/// <summary>What a webhook knows.</summary>
/// <param name="Url">https, or http on this host alone.</param>
/// <param name="Template">The body, one for each alert, with <c>{{words}}</c> of the alert in it; null: the product's own, with all alerts.</param>
public sealed record WebhookChannel(string Url, string? Template);

/// <summary>What a Slack-compatible channel shows; its URL is its secret.</summary>
/// <param name="Host">Of the URL.</param>
public sealed record SlackChannel(string Host);

/// <summary>Settings of channels, as they are stored, checked before they are.</summary>
public static class ChannelSettings
{
    private const int MostAddresses = 20;
    private const int LongestUrl = 2000;
    private const int LongestTemplate = 16_000;

    /// <exception cref="Foundation.Errors.BackupException">8841 no address, too many, or one that is none.</exception>
    public static string Mail(IReadOnlyList<string>? to)
    {
        if (to is null || to.Count is 0 or > MostAddresses)
        {
            throw AlertServiceErrors.Setting(
                "to",
                "the addresses are missing, or too many",
                $"Name 1 to {MostAddresses} addresses."
            );
        }

        foreach (var address in to)
        {
            _ = AddressOf(address, "to");
        }

        return JsonSerializer.Serialize(new MailChannel(to), ChannelJson.Default.MailChannel);
    }

    /// <exception cref="Foundation.Errors.BackupException">8841 the URL or the template is none.</exception>
    public static string Webhook(string? url, string? template)
    {
        _ = UrlOf(url, "url");
        if (template is not null && (template.Length > LongestTemplate || !WebhookBody.Fits(template)))
        {
            throw AlertServiceErrors.Setting(
                "template",
                "the template gives no JSON, names something that is not known, or is too long",
                $"It is JSON with {{{{words}}}} inside of its strings: {string.Join(", ", WebhookBody.Words)}."
            );
        }

        return JsonSerializer.Serialize(new WebhookChannel(url!, template), ChannelJson.Default.WebhookChannel);
    }

    /// <exception cref="Foundation.Errors.BackupException">8841 the URL is none.</exception>
    public static string Slack(string? url) =>
        JsonSerializer.Serialize(new SlackChannel(UrlOf(url, "url").Host), ChannelJson.Default.SlackChannel);

    public static MailChannel MailOf(ChannelRecord channel) =>
        JsonSerializer.Deserialize(channel.Settings, ChannelJson.Default.MailChannel)!;

    public static WebhookChannel WebhookOf(ChannelRecord channel) =>
        JsonSerializer.Deserialize(channel.Settings, ChannelJson.Default.WebhookChannel)!;

    public static SlackChannel SlackOf(ChannelRecord channel) =>
        JsonSerializer.Deserialize(channel.Settings, ChannelJson.Default.SlackChannel)!;

    /// <summary>What the secret of a channel is sealed for.</summary>
    public static string PurposeOf(string channelId) => $"alert channel {channelId}";

    internal static MailAddress AddressOf(string text, string field) =>
        text.Length <= 254 && !text.Any(char.IsControl) && MailAddress.TryCreate(text, out var address)
            ? address
            : throw AlertServiceErrors.Setting(field, $"'{text}' is no address", "Write it as name@example.org.");

    private static Uri UrlOf(string? text, string field) =>
        text is { Length: > 0 and <= LongestUrl }
        && Uri.TryCreate(text, UriKind.Absolute, out var url)
        && url.UserInfo.Length == 0
        && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback))
            ? url
            : throw AlertServiceErrors.Setting(
                field,
                "it is no URL that can be used",
                "Give an https URL without a user name in it; plain http is taken on this host alone."
            );
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(MailChannel))]
[JsonSerializable(typeof(WebhookChannel))]
[JsonSerializable(typeof(SlackChannel))]
[JsonSerializable(typeof(MailServer))]
[JsonSerializable(typeof(WebhookMessage))]
internal sealed partial class ChannelJson : JsonSerializerContext;
