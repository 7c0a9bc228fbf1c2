using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Backup.BackupHttpServer.Certificates;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Backup.BackupHttpServer.Access;

/// <summary>
/// Issues agents' certificates and checks those that are presented. TLS has proven that the agent holds the private key; whether the
/// certificate is one of ours is looked at here rather than in the handshake, so that a refusal has a number and a way out.
/// </summary>
internal sealed class ClientCertificates(
    ICredentials credentials,
    CertificateAuthority authority,
    BackupHttpServerOptions options,
    TimeProvider time
)
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const int MaxRequestLength = 4 * 1024;

    public ClientCertificatePolicy Policy => options.ClientCertificates;

    /// <summary>Signs the public key of the request; subject and uses are the server's choice. The caller stores the record.</summary>
    /// <param name="request">PKCS#10 in base64.</param>
    /// <param name="agentId">Whom the certificate names.</param>
    /// <exception cref="BackupException">8038 switched off, 8039 no such request.</exception>
    public (ClientCertificateRecord Record, string Certificate) Issue(string request, string agentId)
    {
        if (Policy == ClientCertificatePolicy.Off)
        {
            throw BackupHttpServerErrors.NoCertificates();
        }

        var asked = Read(request);
        var made = new CertificateRequest(
            new X500DistinguishedName($"CN={agentId}"),
            asked.PublicKey,
            HashAlgorithmName.SHA256
        );
        made.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        made.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        made.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension([new Oid(ClientAuthentication)], critical: false)
        );
        using var certificate = authority.Sign(made, options.ClientCertificateLife);
        var record = new ClientCertificateRecord(
            SHA256.HashData(certificate.RawData),
            agentId,
            time.GetUtcNow(),
            new DateTimeOffset(certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero)
        );
        return (record, Convert.ToBase64String(certificate.RawData));
    }

    /// <summary>Whether this agent may ask with what it presents, or without anything.</summary>
    /// <exception cref="BackupException">8033 missing, 8034 expired, 8035 foreign, 8036 revoked, 8037 another agent's.</exception>
    public async Task CheckAsync(HttpContext context, AgentRecord agent)
    {
        if (Policy == ClientCertificatePolicy.Off)
        {
            return;
        }

        if (context.Connection.ClientCertificate is not { } presented)
        {
            if (Policy == ClientCertificatePolicy.Required)
            {
                throw BackupHttpServerErrors.CertificateNeeded();
            }

            return;
        }

        var now = time.GetUtcNow();
        RequireSigned(context, presented);
        if (
            presented.NotAfter.ToUniversalTime() <= now.UtcDateTime
            || presented.NotBefore.ToUniversalTime() > now.UtcDateTime
        )
        {
            throw BackupHttpServerErrors.ExpiredCertificate(presented.NotAfter.ToUniversalTime());
        }

        var known =
            await credentials.FindCertificateAsync(SHA256.HashData(presented.RawData), context.RequestAborted)
            ?? throw BackupHttpServerErrors.ForeignCertificate();
        if (known.RevokedAt is { } revoked)
        {
            throw BackupHttpServerErrors.RevokedCertificate(revoked);
        }

        if (known.AgentId != agent.Id)
        {
            throw BackupHttpServerErrors.CertificateOfOther();
        }
    }

    /// <summary>The signature is checked once a connection: it does not change.</summary>
    private void RequireSigned(HttpContext context, X509Certificate2 presented)
    {
        var items = context.Features.GetRequiredFeature<IConnectionItemsFeature>().Items;
        lock (items)
        {
            if (!items.TryGetValue(typeof(ClientCertificates), out var known))
            {
                items[typeof(ClientCertificates)] = known = IsSigned(presented);
            }

            if (known is not true)
            {
                throw BackupHttpServerErrors.ForeignCertificate();
            }
        }
    }

    private bool IsSigned(X509Certificate2 presented)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority.Certificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        // Its time is looked at with each request.
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        return chain.Build(presented);
    }

    private static CertificateRequest Read(string request)
    {
        try
        {
            return request.Length <= MaxRequestLength
                ? CertificateRequest.LoadSigningRequest(
                    Convert.FromBase64String(request),
                    HashAlgorithmName.SHA256,
                    CertificateRequestLoadOptions.Default
                )
                : throw BackupHttpServerErrors.BadCertificateRequest("it is too long");
        }
        catch (Exception wrong) when (wrong is FormatException or CryptographicException)
        {
            throw BackupHttpServerErrors.BadCertificateRequest(wrong.Message);
        }
    }
}
