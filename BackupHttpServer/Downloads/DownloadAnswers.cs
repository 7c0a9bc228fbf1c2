using System.Globalization;
using System.Text;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Microsoft.AspNetCore.Http;

namespace Backup.BackupHttpServer.Downloads;

/// <summary>The headers of downloads, and what is said instead of one.</summary>
internal static class DownloadAnswers
{
    internal const string Digest = "Repr-Digest";

    /// <summary>Of every answer at these routes: nothing is kept, framed, sniffed or told on.</summary>
    internal static void Secure(HttpResponse response)
    {
        var headers = response.Headers;
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'; sandbox";
        headers["Referrer-Policy"] = "no-referrer";
        headers["X-Robots-Tag"] = "noindex";
    }

    /// <summary>What is known of the bytes that a link leads to.</summary>
    internal static void Describe(HttpResponse response, DownloadLink link, LinkContent? content)
    {
        response.ContentType = TypeOf(link.Source);
        response.Headers.ContentDisposition = Disposition(link.FileName);
        response.Headers.AcceptRanges = "bytes";
        if (content is not null)
        {
            response.Headers.ETag = TagOf(ContentTag.Of(content));
        }

        if (content?.Sha256 is { } sha256)
        {
            response.Headers[Digest] = DigestOf(sha256);
        }
    }

    internal static string TagOf(string tag) => $"\"{tag}\"";

    /// <summary>RFC 9530, of the whole representation, whatever part of it is sent.</summary>
    internal static string DigestOf(byte[] sha256) => $"sha-256=:{Convert.ToBase64String(sha256)}:";

    internal static string RangeOf(long from, long end, long length) =>
        string.Create(CultureInfo.InvariantCulture, $"bytes {from}-{end - 1}/{length}");

    /// <summary>RFC 6266 and 8187: whatever the name holds, it ends neither the value nor the line, and leads to no other folder.</summary>
    internal static string Disposition(string name)
    {
        var plain = new StringBuilder(name.Length);
        foreach (var one in name)
        {
            plain.Append(char.IsAsciiLetterOrDigit(one) || one is '.' or '-' or '_' or ' ' ? one : '_');
        }

        var ascii = plain.ToString();
        return ascii == name
            ? $"attachment; filename=\"{ascii}\""
            : $"attachment; filename=\"{ascii}\"; filename*=UTF-8''{Uri.EscapeDataString(name)}";
    }

    /// <summary>For people as text, for programs as problem details (RFC 9457).</summary>
    internal static async Task RefuseAsync(HttpContext context, BackupException failure)
    {
        var (request, response) = (context.Request, context.Response);
        var length = response.Headers.ContentRange;
        response.Clear();
        Secure(response);
        response.StatusCode = StatusOf(failure);
        response.Headers.ContentRange = length;
        if (response.StatusCode is 409 or 429 or 503 && failure.IsTransient)
        {
            response.Headers.RetryAfter = failure.Number == BackupHttpServerErrors.SumUnknown ? "5" : "3";
        }

        var accept = request.Headers.Accept.ToString();
        if (accept.Length == 0 || accept.Contains("json", StringComparison.OrdinalIgnoreCase))
        {
            await Problems.WriteAsync(response, response.StatusCode, failure, context.RequestAborted);
            return;
        }

        response.ContentType = "text/plain; charset=utf-8";
        var text = Encoding.UTF8.GetBytes($"{failure.Message}\n{failure.Hint}\n({failure.Code})\n");
        response.ContentLength = text.Length;
        await response.Body.WriteAsync(text, context.RequestAborted);
    }

    private static int StatusOf(BackupException failure) =>
        failure.Number switch
        {
            BackupHttpServerErrors.LinkUnknown => StatusCodes.Status404NotFound,
            BackupHttpServerErrors.LinkExpired
            or BackupHttpServerErrors.LinkRevoked
            or BackupHttpServerErrors.LinkUsedUp
            or BackupHttpServerErrors.LinkSourceGone => StatusCodes.Status410Gone,
            BackupHttpServerErrors.RangeWrong => StatusCodes.Status416RangeNotSatisfiable,
            BackupHttpServerErrors.DownloadPartUnsure => StatusCodes.Status412PreconditionFailed,
            BackupHttpServerErrors.DownloadChanged or BackupHttpServerErrors.SumUnknown =>
                StatusCodes.Status409Conflict,
            BackupHttpServerErrors.DownloadTooBusy => StatusCodes.Status429TooManyRequests,
            _ => Problems.StatusOf(failure),
        };

    private static string TypeOf(LinkSource source) =>
        source switch
        {
            { Format: "directory" } => "application/x-tar",
            { Gzip: true } => "application/gzip",
            { Format: "ndjson" } => "application/x-ndjson",
            _ => "application/octet-stream",
        };
}
