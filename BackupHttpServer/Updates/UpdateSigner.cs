using Backup.BackupHttpServer.Certificates;
using Backup.Foundation.Contracts;

namespace Backup.BackupHttpServer.Updates;

/// <summary>Vouches for agents' builds, with a key of its own (<c>update.pem</c>) that is good for the signing of code alone. Thread-safe.</summary>
internal sealed class UpdateSigner(string folder, CertificateAuthority authority, TimeProvider time)
{
    private readonly CertifiedKey _key = new(
        folder,
        "update.pem",
        "Backup agents' updates",
        UpdateOffer.Usage,
        authority,
        time
    );

    /// <exception cref="Foundation.Errors.BackupException">8026 where the file is there but cannot be used.</exception>
    public UpdateOffer Sign(UpdateBuild build)
    {
        var (signature, certificate) = _key.Sign(
            UpdateOffer.Signed(build.Version, build.Platform, build.Sha256, build.Length)
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
