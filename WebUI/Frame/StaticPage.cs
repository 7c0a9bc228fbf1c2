using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Backup.WebUI.Frame;

/// <summary>A page without scripts: the same for everybody, with the stylesheet of all pages.</summary>
internal static class StaticPage
{
    public const string End = "</main>\n</body>\n</html>\n";

    /// <summary>All that stands before the contents.</summary>
    /// <param name="title">Text.</param>
    /// <param name="kind">The class of its body.</param>
    /// <param name="stylesheet">Its path.</param>
    public static StringBuilder Begin(string title, string kind, string stylesheet) =>
        new(
            $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8" />
            <meta name="viewport" content="width=device-width, initial-scale=1" />
            <title>{WebUtility.HtmlEncode(title)}</title>
            <link rel="stylesheet" href="{stylesheet}" />
            </head>
            <body class="{kind}">
            <main>

            """
        );

    public static async Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> page)
    {
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.ContentLength = page.Length;
        await context.Response.Body.WriteAsync(page, context.RequestAborted);
    }
}
