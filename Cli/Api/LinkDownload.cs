using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Backup.Cli.Control;
using Backup.Foundation.Errors;
using Backup.WebUI.Contracts;
using Backup.WebUI.Frame;

namespace Backup.Cli.Api;

/// <summary>
/// Takes what a download link leads to, and goes on where it was cut. The server is the one whose key was named with the link; what came is held against
/// the sum that stands behind it.
/// </summary>
internal sealed class LinkDownload : IDisposable
{
    // Bytes.
    private const int BufferSize = 256 * 1024;

    /// <summary>In a row, without a byte in between.</summary>
    private const int MostTries = 8;

    private const string DigestTrailer = "Repr-Digest";
    private const string DigestPrefix = "sha-256=:";
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(20);

    private readonly HttpClient _http;
    private readonly Uri _url;
    private EntityTagHeaderValue? _tag;

    /// <param name="link">As it was made.</param>
    /// <param name="host">The name that the appliance was reached by: the link names it as others may know it.</param>
    internal LinkDownload(CreatedLinkView link, string host)
    {
        _url = new UriBuilder(link.Url) { Host = host }.Uri;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(15),
            SslOptions = new SslClientAuthenticationOptions
            {
                // The key itself, of which the appliance told over a connection that was proved: stricter than a name.
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                    certificate is X509Certificate2 shown && PinOf(shown) == link.Pin,
            },
        };
        _http = new HttpClient(handler)
        {
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        _http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
    }

    public void Dispose() => _http.Dispose();

    /// <returns>Bytes, and their SHA-256 in hex.</returns>
    /// <exception cref="BackupException">9512 it ends early or is damaged; whatever the server refuses it with.</exception>
    internal async Task<(long Bytes, string Sha256)> TakeAsync(
        Stream output,
        Action<long> progress,
        CancellationToken cancellation
    )
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[BufferSize];
        var received = 0L;
        for (var tries = 0; ; )
        {
            var before = received;
            try
            {
                using var response = await AskAsync(received, cancellation);
                await using var body = await response.Content.ReadAsStreamAsync(cancellation);
                for (int read; (read = await ReadAsync(body, buffer, cancellation)) > 0; progress(received))
                {
                    hash.AppendData(buffer, 0, read);
                    await output.WriteAsync(buffer.AsMemory(0, read), cancellation);
                    received += read;
                }

                return (received, Checked(response, hash.GetHashAndReset()));
            }
            catch (CutException cut)
            {
                tries = received > before ? 0 : tries + 1;
                if (tries == MostTries)
                {
                    throw CliErrors.Damaged($"the download ended after {received} bytes ({cut.Message})");
                }

                var pause = TimeSpan.FromSeconds(Math.Pow(2, tries) / 2);
                await Task.Delay(pause < LongestPause ? pause : LongestPause, cancellation);
            }
        }
    }

    /// <summary>From that byte on, of the same bytes as before.</summary>
    private async Task<HttpResponseMessage> AskAsync(long from, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, _url)
        {
            Version = _http.DefaultRequestVersion,
            VersionPolicy = _http.DefaultVersionPolicy,
        };
        if (from > 0)
        {
            request.Headers.Range = new RangeHeaderValue(from, null);
            request.Headers.IfRange = _tag is null ? null : new RangeConditionHeaderValue(_tag);
        }

        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        }
        catch (HttpRequestException silent)
        {
            throw new CutException(silent);
        }

        if (response.StatusCode == (from > 0 ? HttpStatusCode.PartialContent : HttpStatusCode.OK))
        {
            _tag = response.Headers.ETag;
            return response;
        }

        using (response)
        {
            throw response.IsSuccessStatusCode
                ? CliErrors.Damaged("the bytes are others than they were when it began")
                : await RefusalAsync(response, cancellation);
        }
    }

    private static async Task<Exception> RefusalAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        if (response.Content.Headers.ContentType?.MediaType != "application/problem+json")
        {
            return CliErrors.NoApi((int)response.StatusCode);
        }

        var problem = (await response.Content.ReadFromJsonAsync<Problem>(ControlJson.Wire, cancellation))!;
        var refusal = CliErrors.Job(problem.Code, problem.Detail, problem.Hint, problem.Field);
        return problem.Transient ? new CutException(refusal) : refusal;
    }

    private static async Task<int> ReadAsync(Stream body, byte[] buffer, CancellationToken cancellation)
    {
        try
        {
            return await body.ReadAsync(buffer, cancellation);
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)
        {
            throw new CutException(broken);
        }
    }

    /// <summary>The sum is that of the whole, also behind the last part.</summary>
    private static string Checked(HttpResponseMessage response, byte[] sha256)
    {
        var told = response.TrailingHeaders.TryGetValues(DigestTrailer, out var values)
            ? string.Concat(values)
            : throw CliErrors.Damaged("no sum stands behind the download");
        return told == $"{DigestPrefix}{Convert.ToBase64String(sha256)}:"
            ? Convert.ToHexStringLower(sha256)
            : throw CliErrors.Damaged("what came has another sum than what was sent");
    }

    private static string PinOf(X509Certificate2 certificate) =>
        $"sha256//{Convert.ToBase64String(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()))}";

    /// <summary>It may go on where it was.</summary>
    private sealed class CutException(Exception cause) : Exception(cause.Message, cause);
}
