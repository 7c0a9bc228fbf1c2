using System.Net;
using System.Text;
using Backup.WebUI.Frame;
using Microsoft.AspNetCore.Http;

namespace Backup.WebUI.Errors;

/// <summary>
/// Every numbered error, its meaning and what to do: docs/errors.md as a page without scripts, each number an anchor, as the <c>type</c> of a problem
/// names it.
/// </summary>
/// <param name="assets">The path of its stylesheet.</param>
internal sealed class ErrorPage(Assets assets)
{
    public const string Path = "/docs/errors";

    private const string Source = "docs/errors.md";

    private readonly Lazy<byte[]> _page = new(() =>
        Encoding.UTF8.GetBytes(Page(ErrorBook.Document(Source), $"/assets/{assets.Hash}/app.css"))
    );

    public Task WriteAsync(HttpContext context) => StaticPage.WriteAsync(context, _page.Value);

    /// <param name="markdown">Headings, paragraphs, and tables whose first cell is a code.</param>
    /// <param name="stylesheet">Its path.</param>
    internal static string Page(string markdown, string stylesheet)
    {
        var html = StaticPage.Begin("Errors", "errors", stylesheet);
        var (isTable, known) = (false, new HashSet<string>(StringComparer.Ordinal));
        foreach (var line in markdown.Split('\n', StringSplitOptions.TrimEntries))
        {
            if (isTable && !line.StartsWith('|'))
            {
                html.Append("</tbody>\n</table>\n");
                isTable = false;
            }

            if (line.StartsWith("| BK", StringComparison.Ordinal))
            {
                Row(html, ErrorBook.Cells(line), known);
            }
            else if (line.StartsWith("| code", StringComparison.Ordinal))
            {
                Head(html, ErrorBook.Cells(line));
                isTable = true;
            }
            else if (line.StartsWith("## ", StringComparison.Ordinal))
            {
                html.Append($"<h2>{Encode(line[3..])}</h2>\n");
            }
            else if (line.StartsWith("# ", StringComparison.Ordinal))
            {
                html.Append($"<h1>{Encode(line[2..])}</h1>\n");
            }
            else if (line.Length > 0 && line[0] != '|' && !line.StartsWith("Made from", StringComparison.Ordinal))
            {
                html.Append(MarkdownText.Html(line));
            }
        }

        return html.Append(isTable ? "</tbody>\n</table>\n" : "").Append(StaticPage.End).ToString();
    }

    private static void Head(StringBuilder html, string[] cells)
    {
        html.Append("<table>\n<thead>\n<tr>");
        foreach (var cell in cells)
        {
            html.Append($"<th scope=\"col\">{Encode(cell)}</th>");
        }

        html.Append("</tr>\n</thead>\n<tbody>\n");
    }

    /// <summary>The first with a number is its anchor: some come with several texts.</summary>
    private static void Row(StringBuilder html, string[] cells, HashSet<string> known)
    {
        var id = known.Add(cells[0]) ? $" id=\"{Encode(cells[0])}\"" : "";
        var code = Encode(cells[0]);
        html.Append($"<tr{id}><th scope=\"row\"><a href=\"{Path}/{code}\">{code}</a></th>");
        foreach (var cell in cells[1..])
        {
            html.Append($"<td>{Encode(cell)}</td>");
        }

        html.Append("</tr>\n");
    }

    private static string Encode(string text) => WebUtility.HtmlEncode(WebUtility.HtmlDecode(text));
}
