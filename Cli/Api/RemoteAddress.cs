using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Backup.Cli.Api;

/// <summary>An appliance on another host, and what opens its API.</summary>
/// <param name="Address">Of its web interface: https, or http of this host alone.</param>
/// <param name="Token">An API token; a secret.</param>
/// <param name="Authorities">What its certificate has to be signed by; null: what this host trusts.</param>
internal sealed record RemoteAddress(Uri Address, string Token, X509Certificate2Collection? Authorities)
{
    // Of a file that holds one token.
    private const int LongestToken = 1024;

    /// <param name="server">https://HOST[:PORT].</param>
    /// <param name="tokenFile">Null where none is named.</param>
    /// <param name="caFile">Null where none is named.</param>
    /// <exception cref="Foundation.Errors.BackupException">9603 the address is none, 9604 the token, 9605 the certificates cannot be read.</exception>
    internal static RemoteAddress Read(string server, string? tokenFile, string? caFile) =>
        new(AddressOf(server), TokenOf(tokenFile), caFile is null ? null : AuthoritiesOf(caFile));

    private static Uri AddressOf(string server)
    {
        if (
            !Uri.TryCreate(server, UriKind.Absolute, out var address)
            || address.UserInfo.Length > 0
            || address.PathAndQuery != "/"
            || address.Fragment.Length > 0
            || (address.Scheme != Uri.UriSchemeHttps && address.Scheme != Uri.UriSchemeHttp)
        )
        {
            throw CliErrors.BadServer($"'{server}' is no address of a web interface");
        }

        // In plain text everybody on the way would have the token.
        return address.Scheme == Uri.UriSchemeHttps || address.IsLoopback
            ? address
            : throw CliErrors.BadServer($"'{server}' is without TLS, and not on this host");
    }

    private static string TokenOf(string? file)
    {
        if (file is null)
        {
            throw CliErrors.BadTokenFile("No file with an API token is named.");
        }

        try
        {
            using var stream = File.OpenRead(file);
            var bytes = new byte[LongestToken + 1];
            var length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            var token = System.Text.Encoding.ASCII.GetString(bytes, 0, length).Trim();
            return length <= LongestToken && token.Length > 0 && token.All(static one => one is > ' ' and < '\x7f')
                ? token
                : throw CliErrors.BadTokenFile($"'{file}' does not hold one API token.");
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw CliErrors.BadTokenFile($"'{file}' cannot be read: {unreadable.Message}");
        }
    }

    private static X509Certificate2Collection AuthoritiesOf(string file)
    {
        var all = new X509Certificate2Collection();
        try
        {
            all.ImportFromPemFile(file);
        }
        catch (Exception unreadable)
            when (unreadable is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw CliErrors.BadCaFile(file, unreadable.Message);
        }

        return all.Count > 0 ? all : throw CliErrors.BadCaFile(file, "it holds no certificate");
    }

    /// <summary>Asks it; follows nobody elsewhere, so that the token goes there alone.</summary>
    internal HttpClient Connect()
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(15),
        };
        if (Authorities is not null)
        {
            var chain = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            chain.CustomTrustStore.AddRange(Authorities);
            handler.SslOptions.CertificateChainPolicy = chain;
        }

        var client = new HttpClient(new Answers(handler, Address))
        {
            BaseAddress = Address,
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        client.DefaultRequestHeaders.Authorization = new("Bearer", Token);
        return client;
    }

    /// <summary>Says which appliance it is that does not answer.</summary>
    private sealed class Answers(HttpMessageHandler inner, Uri address) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request,
            CancellationToken cancellationToken
        )
        {
            try
            {
                return await base.SendAsync(request, cancellationToken);
            }
            catch (HttpRequestException silent)
            {
                throw CliErrors.NoAnswerFrom(address, silent);
            }
        }
    }
}
