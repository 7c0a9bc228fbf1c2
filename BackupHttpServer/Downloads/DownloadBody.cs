using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Backup.BackupHttpServer.Downloads;

/// <summary>
/// The body of a download with a trailer behind it. Over HTTP/2 the web server sends the trailer; over HTTP/1.1 it has none to offer, so the chunks are
/// written here (RFC 9112, 7.1). Over HTTP/1.0, which knows neither, a length stands before the body, and no trailer follows.
/// </summary>
internal sealed class DownloadBody(HttpContext context)
{
    private readonly HttpResponse _response = context.Response;

    /// <summary>Only a length tells the end from a cut.</summary>
    internal bool NeedsLength => HttpProtocol.IsHttp10(context.Request.Protocol);

    private bool IsChunked => HttpProtocol.IsHttp11(context.Request.Protocol);

    /// <summary>Before the headers are sent.</summary>
    /// <param name="length">Null where it is not known.</param>
    internal void Prepare(long? length)
    {
        if (IsChunked)
        {
            _response.Headers.TransferEncoding = "chunked";
            _response.Headers.Trailer = DownloadAnswers.Digest;
            return;
        }

        _response.ContentLength = length;
        if (_response.SupportsTrailers())
        {
            _response.DeclareTrailer(DownloadAnswers.Digest);
        }
    }

    /// <param name="piece">At least one byte.</param>
    /// <param name="cancellation">Breaks the connection off.</param>
    internal async ValueTask WriteAsync(ReadOnlyMemory<byte> piece, CancellationToken cancellation)
    {
        if (!IsChunked)
        {
            await _response.Body.WriteAsync(piece, cancellation);
            return;
        }

        var writer = _response.BodyWriter;
        Span<byte> line = stackalloc byte[18];
        _ = piece.Length.TryFormat(line, out var digits, "x", CultureInfo.InvariantCulture);
        "\r\n"u8.CopyTo(line[digits..]);
        writer.Write(line[..(digits + 2)]);
        writer.Write(piece.Span);
        writer.Write("\r\n"u8);
        await writer.FlushAsync(cancellation);
    }

    /// <summary>The end mark, with the digest where it is known: what has none was cut.</summary>
    internal async Task EndAsync(byte[]? sha256, CancellationToken cancellation)
    {
        var digest = sha256 is null ? null : DownloadAnswers.DigestOf(sha256);
        if (IsChunked)
        {
            var end = digest is null ? "0\r\n\r\n" : $"0\r\n{DownloadAnswers.Digest}: {digest}\r\n\r\n";
            await _response.BodyWriter.WriteAsync(Encoding.ASCII.GetBytes(end), cancellation);
        }
        else if (digest is not null && _response.SupportsTrailers())
        {
            _response.AppendTrailer(DownloadAnswers.Digest, digest);
        }

        await _response.CompleteAsync();
    }
}
