using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Backup.BackupHttpServer.Certificates;
using Backup.Foundation.Contracts;

namespace Backup.BackupHttpServer.Updates;

/// <summary>
/// The key that vouches for agents' builds: <c>update.pem</c> in the certificates' folder, mode 0600, with a certificate of the CA that is good for
/// the signing of code alone. Made when it is needed first, and anew when a third of its life is left. Thread-safe.
/// </summary>
internal sealed class UpdateSigner(string folder, CertificateAuthority authority, TimeProvider time)
{
    private const string FileName = "update.pem";
    private static readonly TimeSpan Life = TimeSpan.FromDays(730);

    private readonly Lock _lock = new();
    private X509Certificate2? _certificate;

    /// <exception cref="Foundation.Errors.BackupException">8026 where the file is there but cannot be used.</exception>
    public UpdateOffer Sign(UpdateBuild build)
    {
        lock (_lock)
        {
            var certificate = Current();
            using var key = certificate.GetECDsaPrivateKey()!;
            var signature = key.SignData(
                UpdateOffer.Signed(build.Version, build.Platform, build.Sha256, build.Length),
                HashAlgorithmName.SHA256,
                DSASignatureFormat.Rfc3279DerSequence
            );
            return new UpdateOffer(
                build.Version,
                build.Platform,
                build.Sha256,
                build.Length,
                Convert.ToBase64String(certificate.RawData),
                Convert.ToBase64String(signature)
            );
        }
    }

    private X509Certificate2 Current()
    {
        if (_certificate is null || !IsFresh(_certificate))
        {
            // Instances that share the folder make one key.
            using var held = FolderLock.Take(folder);
            var path = Path.Combine(folder, FileName);
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
        var request = new CertificateRequest("CN=Backup agents' updates", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true)
        );
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension([new Oid(UpdateOffer.Usage)], critical: true)
        );
        using var certificate = authority.Sign(request, Life);
        CertificateAuthority.Store(path, certificate, key);
        return CertificateAuthority.Load(path);
    }
}
