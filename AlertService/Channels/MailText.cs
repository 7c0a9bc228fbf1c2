using System.Net;
using System.Text;
using Backup.AlertService.Notices;
using Backup.Metadata.Alerting;

namespace Backup.AlertService.Channels;

/// <summary>The body of a mail. Names come from other people's databases: in HTML nothing of them is markup.</summary>
internal static class MailText
{
    public static string Plain(Message message)
    {
        var text = new StringBuilder();
        if (message.IsTest)
        {
            text.Append("This is a test of an alert channel. Nothing is wrong.\n\n");
        }

        foreach (var one in message.Alerts)
        {
            text.Append($"{NoticeText.Word(one)}: {Clean(NoticeText.Headline(one.Alert))}\n");
            foreach (var (name, line) in NoticeText.Lines(one))
            {
                text.Append($"  {name}: {Clean(line)}\n");
            }

            text.Append('\n');
        }

        if (message.Link is { } link)
        {
            text.Append($"Look: {new Uri(link, "alerts")}\n");
        }

        return text.ToString();
    }

    public static string Html(Message message)
    {
        var html = new StringBuilder(
            """
            <!doctype html><html lang="en"><head><meta charset="utf-8"><title>Backup</title></head>
            <body style="font: 15px/1.5 system-ui, sans-serif; color: #1c2530; background: #ffffff; max-width: 42em">

            """
        );
        if (message.IsTest)
        {
            html.Append("<p>This is a test of an alert channel. Nothing is wrong.</p>\n");
        }

        foreach (var one in message.Alerts)
        {
            html.Append(
                $"<h2 style=\"font-size: 17px; border-left: 4px solid {Colour(one)}; padding-left: 10px\">{Encode(NoticeText.Word(one))}: {Encode(NoticeText.Headline(one.Alert))}</h2>\n<table style=\"border-spacing: 0 4px\">\n"
            );
            foreach (var (name, line) in NoticeText.Lines(one))
            {
                html.Append(
                    $"<tr><th scope=\"row\" style=\"text-align: left; vertical-align: top; padding-right: 14px; white-space: nowrap; font-weight: 600\">{Encode(name)}</th><td>{Encode(line)}</td></tr>\n"
                );
            }

            html.Append("</table>\n");
        }

        if (message.Link is { } link)
        {
            html.Append($"<p><a href=\"{Encode(new Uri(link, "alerts").AbsoluteUri)}\">Look at the alerts</a></p>\n");
        }

        return html.Append("</body></html>\n").ToString();
    }

    private static string Colour(TellingOf one) =>
        one.Kind == NoticeKind.Resolved ? "#1a7f37"
        : one.Alert.Severity == AlertSeverity.Critical ? "#b42318"
        : one.Alert.Severity == AlertSeverity.Warning ? "#9a6700"
        : "#3b5b8c";

    private static string Encode(string text) => WebUtility.HtmlEncode(Clean(text));

    /// <summary>Nothing that ends a line or turns the direction of what follows.</summary>
    private static string Clean(string text) =>
        string.Concat(
            text.Where(static one =>
                !char.IsControl(one) && one is not (>= '\u202A' and <= '\u202E') and not (>= '\u2066' and <= '\u2069')
            )
        );
}
