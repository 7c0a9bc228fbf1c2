using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Backup.WebUI.Errors;

/// <summary>The little of Markdown that explanations of errors are written in, as HTML: paragraphs, lists, code, links between documents as their text.</summary>
internal static partial class MarkdownText
{
    internal static string Html(string markdown)
    {
        var html = new StringBuilder();
        var (isList, isCode) = (false, false);
        foreach (var block in markdown.ReplaceLineEndings("\n").Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            isCode = block.StartsWith("```", StringComparison.Ordinal);
            isList = block.StartsWith("- ", StringComparison.Ordinal);
            html = (isCode, isList) switch
            {
                (true, _) => html.Append("<pre><code>")
                    .Append(Encode(block.Trim('`').Trim('\n')))
                    .Append("</code></pre>\n"),
                (_, true) => List(html, block),
                _ => html.Append("<p>").Append(Inline(block)).Append("</p>\n"),
            };
        }

        return html.ToString();
    }

    /// <summary>For a terminal: without the marks that only a page needs.</summary>
    internal static string Plain(string markdown) =>
        Links().Replace(markdown, "${text}").Replace("`", "", StringComparison.Ordinal);

    private static StringBuilder List(StringBuilder html, string block)
    {
        html.Append("<ul>\n");
        foreach (var item in ("\n" + block).Split("\n- ", StringSplitOptions.RemoveEmptyEntries))
        {
            html.Append("<li>").Append(Inline(item)).Append("</li>\n");
        }

        return html.Append("</ul>\n");
    }

    /// <summary>A paragraph, without its tags.</summary>
    internal static string Inline(string text) =>
        Codes().Replace(Encode(Links().Replace(text, "${text}")), "<code>${code}</code>");

    private static string Encode(string text) => WebUtility.HtmlEncode(text);

    [GeneratedRegex("`(?<code>[^`]+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Codes();

    [GeneratedRegex(@"\[(?<text>[^\]]+)\]\([^)]+\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Links();
}
