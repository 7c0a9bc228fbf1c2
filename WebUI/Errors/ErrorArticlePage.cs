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
    public Task WriteAsync(HttpContext context, string number)
    {
        var article = ErrorBook.OfThisRelease.Find(number) ?? throw WebUIErrors.NoSuchRoute();
        return StaticPage.WriteAsync(context, Encoding.UTF8.GetBytes(Page(article, $"/assets/{assets.Hash}/app.css")));
    }

    /// <param name="article">What it is about.</param>
    /// <param name="stylesheet">Its path.</param>
    internal static string Page(ErrorArticle article, string stylesheet)
    {
        var html = StaticPage.Begin($"{article.Code} {article.Name}", "errors", stylesheet);
        html.Append($"<p><a href=\"{ErrorPage.Path}#{article.Code}\">All errors</a></p>\n");
        html.Append($"<h1>{article.Code} {Encode(article.Name)}</h1>\n");
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
        html.Append($"<h2>On the command line</h2>\n<pre><code>backup explain {article.Code}</code></pre>\n");
        return html.Append(StaticPage.End).ToString();
    }

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
