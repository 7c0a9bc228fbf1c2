using Backup.Cli.Appliance;
using Backup.Foundation.Errors;
using Backup.Foundation.Secrets;
using Backup.Metadata;
using Backup.Metadata.Secrets;

namespace Backup.Cli.Stores;

/// <summary>
/// The key of this data folder that stored secrets are sealed with, and the seal of the catalogue's URIs, which gets it once it is known to be the right one: at once where
/// the catalogue belongs to this folder alone; where it is shared, once the catalogue has said that this is the key of all its servers.
/// </summary>
/// <param name="folder">Held.</param>
internal sealed class CatalogueKey(DataFolder folder)
{
    private readonly Lock _lock = new();
    private SecretBox? _box;
    private volatile BackupException? _trouble;

    /// <summary>Locked until <see cref="Unlock"/>.</summary>
    internal UriSeal Uris { get; } = new();

    private string Path => System.IO.Path.Combine(folder.Secrets, SshOperations.BoxFile);

    /// <summary>Opened at its first use, and made where there is none: an appliance whose key file is damaged backs up and restores all the same.</summary>
    /// <exception cref="Foundation.Errors.BackupException">1006 the file is no key.</exception>
    internal SecretBox Box()
    {
        lock (_lock)
        {
            try
            {
                _box ??= SecretBox.Ensure(Path);
                _trouble = null;
                return _box;
            }
            catch (BackupException failure)
            {
                _trouble = failure;
                throw;
            }
        }
    }

    /// <summary>Why it could not be opened the last time that it was needed; null where it could.</summary>
    internal BackupException? Trouble => _trouble;

    internal void Unlock() => Uris.Unlock(Box);

    /// <summary>
    /// For a command that works on a shared catalogue while no server runs here: only with the key that the catalogue names. None is made; one that cannot be used leaves it
    /// locked.
    /// </summary>
    internal async Task UnlockWhereSharedAsync(IMetadataStore metadata, CancellationToken cancellation)
    {
        if (File.Exists(Path) && KeyId() is { } mine && await SharedIdentity.KnowsAsync(metadata, mine, cancellation))
        {
            Unlock();
        }
    }

    private string? KeyId()
    {
        try
        {
            return Box().KeyId;
        }
        catch (BackupException)
        {
            // The trouble says why.
            return null;
        }
    }
}
