using System.Text;
using Backup.Foundation.Errors;
using Backup.Foundation.Secrets;

namespace Backup.Metadata.Secrets;

/// <summary>
/// Seals the URIs of deployments on their way into the catalogue, and opens them for who needs them. A process gets the key once it is known to be the right one;
/// before that, and for ever in one that needs none (a daemon), it is locked: it reads what is not sealed, and stores no URI. Thread-safe.
/// </summary>
public sealed class UriSeal
{
    private readonly bool _isAsGiven;
    private volatile Func<SecretBox>? _box;

    /// <summary>Locked.</summary>
    public UriSeal() { }

    private UriSeal(bool isAsGiven) => _isAsGiven = isAsGiven;

    /// <summary>For a catalogue without secrets, as benches and tests have it: URIs stand as they are given.</summary>
    public static UriSeal AsGiven { get; } = new(isAsGiven: true);

    /// <summary>Whether what is not sealed yet can be sealed here.</summary>
    internal bool CanSeal => _box is not null;

    /// <param name="box">The key; asked for whenever it is needed. What it throws is said of the deployment.</param>
    public void Unlock(Func<SecretBox> box)
    {
        if (_isAsGiven)
        {
            throw new InvalidOperationException("This one is shared by all who seal nothing.");
        }

        _box = box;
    }

    /// <summary>What keeps one deployment's URI from being put in the place of another's. Frozen.</summary>
    internal static string Purpose(string deploymentId) => $"deployment uri {deploymentId}";

    /// <param name="deploymentId">Whose it is.</param>
    /// <param name="uri">The URI itself.</param>
    /// <exception cref="BackupException">6346 no key here, 1006 the key cannot be used.</exception>
    internal DeploymentUri Seal(string deploymentId, string uri)
    {
        if (_isAsGiven)
        {
            return new DeploymentUri(uri);
        }

        var box = (_box ?? throw MetadataErrors.NoUriKey(deploymentId))();
        var sealedUri = box.Seal(Encoding.UTF8.GetBytes(uri), Purpose(deploymentId));
        return new DeploymentUri(DeploymentUri.SealedPrefix + Convert.ToBase64String(sealedUri));
    }

    /// <exception cref="BackupException">6345 it is sealed under another key, or was damaged; 6346 no key here.</exception>
    internal string Open(Deployment deployment)
    {
        var uri = deployment.Uri;
        if (!uri.IsSealed)
        {
            return uri.Stored;
        }

        var box = _box ?? throw MetadataErrors.NoUriKey(deployment.Name);
        try
        {
            return Encoding.UTF8.GetString(
                box()
                    .Open(
                        Convert.FromBase64String(uri.Stored[DeploymentUri.SealedPrefix.Length..]),
                        Purpose(deployment.Id)
                    )
            );
        }
        catch (FormatException failure)
        {
            throw MetadataErrors.UriNotOpened(deployment.Name, "it is no Base64", failure);
        }
        catch (BackupException failure)
        {
            throw MetadataErrors.UriNotOpened(deployment.Name, $"{failure.Code}: {failure.Message}", failure);
        }
    }

    /// <summary>Sealing is random: only who opens it can compare it. What cannot be opened is like nothing.</summary>
    internal bool IsAt(Deployment deployment, string uri)
    {
        try
        {
            return Open(deployment) == uri;
        }
        catch (BackupException)
        {
            return false;
        }
    }
}
