using System.Text.Json;
using System.Text.RegularExpressions;
using Backup.AlertService.Notices;
using Backup.Metadata.Alerting;

namespace Backup.AlertService.Channels;

/// <summary>What a webhook is sent, unless it has a template. Frozen: fields are only added.</summary>
/// <param name="Version">1.</param>
/// <param name="Id">Of the delivery; the same again where it is sent again.</param>
/// <param name="At">When it was decided.</param>
/// <param name="Test">Somebody tries the channel: there are no alerts.</param>
/// <param name="Title">For people.</param>
/// <param name="Link">Where to look.</param>
/// <param name="Alerts">Worst first.</param>
internal sealed record WebhookMessage(
    int Version,
    string Id,
    DateTimeOffset At,
    bool Test,
    string Title,
    string? Link,
    IReadOnlyList<WebhookAlert> Alerts
);

/// <param name="Event">opened, worse, still or resolved.</param>
/// <param name="Severity">critical, warning or info.</param>
internal sealed record WebhookAlert(
    long Id,
    string Event,
    string Condition,
    string Severity,
    string Subject,
    string Code,
    string Message,
    string Consequence,
    string Hint,
    DateTimeOffset Since,
    DateTimeOffset? ResolvedAt
);

/// <summary>Bodies of webhooks.</summary>
internal static partial class WebhookBody
{
    /// <summary>What a template may name.</summary>
    public static IReadOnlyList<string> Words { get; } =
    [
        "title",
        "event",
        "severity",
        "condition",
        "subject",
        "code",
        "message",
        "consequence",
        "hint",
        "since",
        "id",
        "link",
    ];

    public static byte[] Standard(Message message) =>
        JsonSerializer.SerializeToUtf8Bytes(
            new WebhookMessage(
                1,
                message.Id,
                message.At,
                message.IsTest,
                NoticeText.Title(message),
                message.Link?.AbsoluteUri,
                [.. message.Alerts.Select(Of)]
            ),
            ChannelJson.Default.WebhookMessage
        );

    /// <summary>Whether it gives JSON whatever stands in the words, and names none that is not known.</summary>
    public static bool Fits(string template)
    {
        try
        {
            using var _ = JsonDocument.Parse(Fill(template, static _ => "\"\\\n{}"));
            return Word().Matches(template).All(static one => Words.Contains(one.Groups["word"].Value));
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <param name="template">One that <see cref="Fits"/>.</param>
    /// <param name="message">Whose title and link it may name.</param>
    /// <param name="one">Null: a test.</param>
    public static string Of(string template, Message message, TellingOf? one)
    {
        var alert = one?.Alert;
        return Fill(
            template,
            word =>
                word switch
                {
                    "title" => one is null
                        ? NoticeText.Title(message)
                        : $"{NoticeText.Word(one)}: {NoticeText.Headline(one.Alert)}",
                    "event" => NoticeText.KindName(one?.Kind ?? NoticeKind.Test),
                    "severity" => NoticeText.SeverityName(alert?.Severity ?? AlertSeverity.Info),
                    "condition" => alert?.Condition ?? "test",
                    "subject" => alert?.SubjectName ?? "",
                    "code" => alert?.Code ?? "",
                    "message" => alert?.Message ?? "This is a test of an alert channel. Nothing is wrong.",
                    "consequence" => alert?.Consequence ?? "",
                    "hint" => alert?.Hint ?? "",
                    "since" => (alert?.Since ?? message.At).UtcDateTime.ToString("O"),
                    "id" => $"{alert?.Id ?? 0}",
                    "link" => message.Link?.AbsoluteUri ?? "",
                    _ => "",
                }
        );
    }

    private static WebhookAlert Of(TellingOf one)
    {
        var alert = one.Alert;
        return new WebhookAlert(
            alert.Id,
            NoticeText.KindName(one.Kind),
            alert.Condition,
            NoticeText.SeverityName(alert.Severity),
            alert.SubjectName,
            alert.Code,
            alert.Message,
            alert.Consequence,
            alert.Hint,
            alert.Since,
            alert.ResolvedAt
        );
    }

    /// <summary>What is put in is escaped for a string of JSON.</summary>
    private static string Fill(string template, Func<string, string> value) =>
        Word().Replace(template, match => JsonEncodedText.Encode(value(match.Groups["word"].Value)).ToString());

    [GeneratedRegex(
        @"\{\{(?<word>[a-z]+)\}\}",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Word();
}
