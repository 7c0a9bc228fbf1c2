using Backup.WebUI.Contracts;

namespace Backup.WebUI.Desks;

/// <summary>What agents prove with who they are: API keys and client certificates.</summary>
public interface ICredentialDesk
{
    Task<IReadOnlyList<KeyView>> KeysAsync(string groupId, CancellationToken cancellation);

    /// <summary>From now on it opens nothing.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9518 the group has none of that id.</exception>
    Task<KeyView> RevokeKeyAsync(string groupId, string key, CancellationToken cancellation);

    /// <summary>Asks its agent to replace it; it stays good until then.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9518 the group has none of that id.</exception>
    Task<KeyView> RotateKeyAsync(string groupId, string key, CancellationToken cancellation);

    Task<IReadOnlyList<CertificateView>> CertificatesAsync(string groupId, CancellationToken cancellation);

    /// <summary>From now on it is refused.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9519 the group has none of that id.</exception>
    Task<CertificateView> RevokeCertificateAsync(string groupId, string certificate, CancellationToken cancellation);
}
