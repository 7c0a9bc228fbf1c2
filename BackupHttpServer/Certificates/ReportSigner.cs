using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Backup.BackupHttpServer.Certificates;

/// <summary>A text that the appliance vouches for.</summary>
/// <param name="Report">The text, byte for byte what was signed (in UTF-8).</param>
/// <param name="Signature">ECDSA over P-256 and SHA-256 as DER, in base64.</param>
/// <param name="Certificate">Of the key, in PEM, and behind it the CA's.</param>
public sealed record SignedReport(string Report, string Signature, string Certificate);

/// <summary>
/// Vouches for reports, with a key of its own (<c>report.pem</c>) that is good for the signing of documents alone (RFC 9336): whoever knows
/// the CA's fingerprint can tell, years later and without the appliance, that it said so and that nothing was changed. Thread-safe.
/// </summary>
public sealed class ReportSigner(string folder, CertificateAuthority authority, TimeProvider time)
{
    /// <summary>id-kp-documentSigning.</summary>
    public const string Usage = "1.3.6.1.5.5.7.3.36";

    private readonly CertifiedKey _key = new(folder, "report.pem", "Backup reports", Usage, authority, time);

    /// <exception cref="Foundation.Errors.BackupException">8026 where the key's file is there but cannot be used.</exception>
    public SignedReport Sign(string report)
    {
        var (signature, certificate) = _key.Sign(Encoding.UTF8.GetBytes(report));
        return new SignedReport(
            report,
            Convert.ToBase64String(signature),
            $"{certificate.ExportCertificatePem()}\n{authority.Certificate.ExportCertificatePem()}\n"
        );
    }

    /// <summary>Whether the report is what its signer signed, and the signer was entitled to by the CA with that fingerprint.</summary>
    /// <param name="signed">The report.</param>
    /// <param name="authority">SHA-256 of the CA's certificate.</param>
    /// <returns>What is wrong with it, for people; null where nothing is.</returns>
    public static string? Check(SignedReport signed, ReadOnlySpan<byte> authority)
    {
        using var chain = new X509Chain();
        try
        {
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPem(signed.Certificate);
            if (certificates.Count != 2)
            {
                return "it does not hold the certificate of the signer and that of the authority";
            }

            using var signer = certificates[0];
            using var root = certificates[1];
            if (!CryptographicOperations.FixedTimeEquals(SHA256.HashData(root.RawData), authority))
            {
                return "another authority vouches for it";
            }

            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.Add(root);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            chain.ChainPolicy.ApplicationPolicy.Add(new Oid(Usage));
            // A report is good for ever: what counts is that the signer was entitled when its certificate was made.
            chain.ChainPolicy.VerificationTime = signer.NotBefore.AddDays(2);
            if (!chain.Build(signer))
            {
                return "its signer is not one of this authority's for reports";
            }

            using var key = signer.GetECDsaPublicKey();
            return
                key is not null
                && key.VerifyData(
                    Encoding.UTF8.GetBytes(signed.Report),
                    Convert.FromBase64String(signed.Signature),
                    HashAlgorithmName.SHA256,
                    DSASignatureFormat.Rfc3279DerSequence
                )
                ? null
                : "it was changed after it was signed";
        }
        catch (Exception damage) when (damage is CryptographicException or FormatException)
        {
            return $"it cannot be read: {damage.Message}";
        }
    }
}
