using System.Net;
using System.Text;
using Backup.WebUI.Frame;
using Microsoft.AspNetCore.Http;

namespace Backup.WebUI.Errors;

/// <summary>The page of one numbered error: without scripts, and open to everybody, since it tells nothing of this appliance.</summary>
/// <param name="assets">The path of its stylesheet.</param>
internal sealed class ErrorArticlePage(Assets assets)
{
    public const string Path = ErrorPage.Path + "/{number}";

    /// <exception cref="Foundation.Errors.BackupException">8506 there is no such number.</exception>
    public async Task WriteAsync(HttpContext context, string number)
    {
        var article = ErrorBook.OfThisRelease.Find(number) ?? throw WebUIErrors.NoSuchRoute();
        var page = Encoding.UTF8.GetBytes(Page(article, $"/assets/{assets.Hash}/app.css"));
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.ContentLength = page.Length;
        await context.Response.Body.WriteAsync(page, context.RequestAborted);
    }

    /// <param name="article">What it is about.</param>
    /// <param name="stylesheet">Its path.</param>
    internal static string Page(ErrorArticle article, string stylesheet)
    {
        var html = new StringBuilder(
            $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8" />
            <meta name="viewport" content="width=device-width, initial-scale=1" />
            <title>{article.Code} {Encode(article.Name)}</title>
            <link rel="stylesheet" href="{stylesheet}" />
            </head>
            <body class="errors">
            <main>
            <p><a href="{ErrorPage.Path}#{article.Code}">All errors</a></p>
            <h1>{article.Code} {Encode(article.Name)}</h1>

            """
        );
        foreach (var text in article.Texts)
        {
            html.Append($"<h2>What is wrong</h2>\n<p>{Encode(text.Message)}</p>\n");
            html.Append($"<h2>What to do</h2>\n<p>{Encode(text.Hint)}</p>\n");
        }

        html.Append("<h2>Why</h2>\n");
        if (article.Why is { } why)
        {
            html.Append(MarkdownText.Html(why));
        }

        html.Append($"<p>{MarkdownText.Inline(article.SaidBy)} {Encode(ErrorWords.OfTransience(article))}</p>\n");
        return html.Append(
                $"<h2>On the command line</h2>\n<pre><code>backup explain {article.Code}</code></pre>\n</main>\n</body>\n</html>\n"
            )
            .ToString();
    }

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
