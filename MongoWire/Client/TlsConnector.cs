using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Client;

/// <summary>The client's side of TLS: its own certificate, the authority to trust, the host's name.</summary>
internal static class TlsConnector
{
    /// <exception cref="Foundation.Errors.BackupException">2112 with the step that failed.</exception>
    internal static async Task<SslStream> SecureAsync(
        Stream stream,
        HostAddress host,
        UriOptions options,
        CancellationToken cancellation
    )
    {
        var verdict = new Verdict(options, Load(host, "tlsCAFile", options.TlsCAFile, ReadAuthorities));
        var own = Load(host, "tlsCertificateKeyFile", options.TlsCertificateKeyFile, path => ReadOwn(path, options));
        var secured = new SslStream(stream);
        try
        {
            await secured.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = host.Host,
                    ClientCertificates = own is null ? null : [own],
                    RemoteCertificateValidationCallback = verdict.Judge,
                },
                cancellation
            );
            return secured;
        }
        catch (AuthenticationException failure)
        {
            await secured.DisposeAsync();
            throw MongoWireErrors.Tls(
                host,
                verdict.Reason is null ? "handshake" : "the server's certificate",
                verdict.Reason ?? failure.Message,
                failure
            );
        }
        catch (IOException failure)
        {
            await secured.DisposeAsync();
            throw MongoWireErrors.Tls(host, "handshake", $"{failure.Message} Perhaps no TLS is spoken there.", failure);
        }
    }

    private static T? Load<T>(HostAddress host, string option, string? path, Func<string, T> read)
        where T : class
    {
        if (path is null)
        {
            return null;
        }

        try
        {
            return read(path);
        }
        catch (Exception failure) when (failure is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw MongoWireErrors.Tls(host, option, failure.Message, failure);
        }
    }

    private static X509Certificate2Collection ReadAuthorities(string path)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(path);
        return authorities.Count > 0
            ? authorities
            : throw new CryptographicException($"'{path}' holds no PEM certificate.");
    }

    private static X509Certificate2 ReadOwn(string path, UriOptions options) =>
        options.TlsCertificateKeyFilePassword is { } password
            ? X509Certificate2.CreateFromEncryptedPemFile(path, password)
            : X509Certificate2.CreateFromPemFile(path);

    /// <summary>Decides on the server's certificate and keeps why it said no.</summary>
    private sealed class Verdict(UriOptions options, X509Certificate2Collection? authorities)
    {
        internal string? Reason { get; private set; }

        internal bool Judge(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
        {
            if (certificate is null)
            {
                Reason = "the server sent none";
                return false;
            }

            if ((errors & SslPolicyErrors.RemoteCertificateNameMismatch) != 0 && !options.TlsAllowInvalidHostnames)
            {
                Reason = "it is made out for another host name";
                return false;
            }

            if (options.TlsAllowInvalidCertificates)
            {
                return true;
            }

            if (authorities is null)
            {
                Reason = Describe(chain);
                return (errors & SslPolicyErrors.RemoteCertificateChainErrors) == 0;
            }

            return IsIssuedByAuthorities(certificate, chain);
        }

        private bool IsIssuedByAuthorities(X509Certificate certificate, X509Chain? sent)
        {
            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(authorities!);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            foreach (var element in sent?.ChainElements.AsEnumerable() ?? [])
            {
                chain.ChainPolicy.ExtraStore.Add(element.Certificate);
            }

            using var subject = new X509Certificate2(certificate);
            var trusted = chain.Build(subject);
            Reason = trusted ? null : Describe(chain);
            return trusted;
        }

        private static string Describe(X509Chain? chain) =>
            string.Join(' ', (chain?.ChainStatus ?? []).Select(status => status.StatusInformation.Trim()));
    }
}
