using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Backup.Agent.Server;

/// <summary>HTTPS to the backup server that trusts one CA and no other, and checks the name.</summary>
internal static class ServerTrust
{
    /// <param name="authority">The CA.</param>
    /// <param name="own">This agent's certificate at the moment of each connection; null where it has none.</param>
    public static SocketsHttpHandler Handler(X509Certificate2 authority, Func<X509Certificate2?>? own = null)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.Add(authority);
        var tls = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
        if (own is not null)
        {
            tls.LocalCertificateSelectionCallback = (_, _, _, _, _) => own()!;
        }

        return Base(tls);
    }

    /// <summary>
    /// Trusts whoever answers: good for one thing alone, fetching the CA's certificate before its fingerprint is compared with the
    /// token's. Nothing secret may be sent through it.
    /// </summary>
    public static SocketsHttpHandler UnverifiedHandler() =>
        Base(new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, _, _, _) => true });

    private static SocketsHttpHandler Base(SslClientAuthenticationOptions tls) =>
        new()
        {
            SslOptions = tls,
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            MaxConnectionsPerServer = 16,
            Expect100ContinueTimeout = TimeSpan.FromSeconds(5),
        };
}
