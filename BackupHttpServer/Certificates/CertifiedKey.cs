using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Backup.BackupHttpServer.Certificates;

/// <summary>
/// A key for one use, ECDSA over P-256: a file in the certificates' folder, mode 0600, with a certificate of the CA that is good for that use
/// alone. Made when it is needed first, and anew when a third of its life is left. Thread-safe.
/// </summary>
/// <param name="folder">Of the certificates.</param>
/// <param name="fileName">In it.</param>
/// <param name="name">Stands in the certificate.</param>
/// <param name="usage">The object identifier of its one extended key usage.</param>
/// <param name="authority">The CA.</param>
/// <param name="time">The clock.</param>
internal sealed class CertifiedKey(
    string folder,
    string fileName,
    string name,
    string usage,
    CertificateAuthority authority,
    TimeProvider time
)
{
    private static readonly TimeSpan Life = TimeSpan.FromDays(730);

    private readonly Lock _lock = new();
    private X509Certificate2? _certificate;

    /// <returns>ECDSA over SHA-256 as DER, and the certificate of the key.</returns>
    /// <exception cref="Foundation.Errors.BackupException">8026 where the file is there but cannot be used.</exception>
    internal (byte[] Signature, X509Certificate2 Certificate) Sign(ReadOnlySpan<byte> content)
    {
        lock (_lock)
        {
            var certificate = Current();
            using var key = certificate.GetECDsaPrivateKey()!;
            var signature = key.SignData(
                content.ToArray(),
                HashAlgorithmName.SHA256,
                DSASignatureFormat.Rfc3279DerSequence
            );
            return (signature, certificate);
        }
    }

    private X509Certificate2 Current()
    {
        if (_certificate is null || !IsFresh(_certificate))
        {
            // Instances that share the folder make one key.
            using var held = FolderLock.Take(folder);
            var path = Path.Combine(folder, fileName);
            var stored = File.Exists(path) ? CertificateAuthority.Load(path) : null;
            _certificate = stored is not null && IsOurs(stored) && IsFresh(stored) ? stored : Make(path);
        }

        return _certificate;
    }

    private bool IsOurs(X509Certificate2 certificate) =>
        certificate.IssuerName.RawData.AsSpan().SequenceEqual(authority.Certificate.SubjectName.RawData);

    private bool IsFresh(X509Certificate2 certificate) =>
        certificate.NotAfter >= authority.Certificate.NotAfter
        || certificate.NotAfter.ToUniversalTime() - time.GetUtcNow().UtcDateTime > Life / 3;

    private X509Certificate2 Make(string path)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true)
        );
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: true));
        using var certificate = authority.Sign(request, Life);
        CertificateAuthority.Store(path, certificate, key);
        return CertificateAuthority.Load(path);
    }
}
