using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Backup.Foundation.Contracts;

namespace Backup.Agent.Updates;

/// <summary>Whether an offer is the server's word: signed by a key that the CA of the enrolment vouches for, for the signing of code alone.</summary>
internal static class UpdateVerifier
{
    /// <exception cref="Foundation.Errors.BackupException">7024.</exception>
    public static void RequireSigned(UpdateOffer offer, X509Certificate2 authority, TimeProvider time)
    {
        if (!offer.IsWellFormed)
        {
            throw AgentErrors.UpdateUntrusted("its description is malformed");
        }

        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(Convert.FromBase64String(offer.Certificate));
            RequireVouchedFor(certificate, authority, time);
            using var key = certificate.GetECDsaPublicKey();
            var signed = UpdateOffer.Signed(offer.Version, offer.Platform, offer.Sha256, offer.Length);
            if (
                key?.VerifyData(
                    signed,
                    Convert.FromBase64String(offer.Signature),
                    HashAlgorithmName.SHA256,
                    DSASignatureFormat.Rfc3279DerSequence
                ) != true
            )
            {
                throw AgentErrors.UpdateUntrusted("its signature is wrong");
            }
        }
        catch (Exception malformed) when (malformed is FormatException or CryptographicException)
        {
            throw AgentErrors.UpdateUntrusted(malformed.Message);
        }
    }

    private static void RequireVouchedFor(X509Certificate2 certificate, X509Certificate2 authority, TimeProvider time)
    {
        // A chain takes a certificate that names no use for one that is good for all.
        var uses = certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().SingleOrDefault()?.EnhancedKeyUsages;
        if (uses?.Cast<Oid>().Any(use => use.Value == UpdateOffer.Usage) != true)
        {
            throw AgentErrors.UpdateUntrusted("its certificate is not one for the signing of code");
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(UpdateOffer.Usage));
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().LocalDateTime;
        if (!chain.Build(certificate))
        {
            throw AgentErrors.UpdateUntrusted(
                $"its certificate is not from the CA that this agent was enrolled with, or is not valid now ({string.Join(", ", chain.ChainStatus.Select(one => one.Status))})"
            );
        }
    }
}
