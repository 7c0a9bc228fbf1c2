using Backup.BackupHttpServer.Certificates;
using Backup.Foundation.Secrets;
using Backup.Metadata;

namespace Backup.Cli.Appliance;

/// <summary>
/// What all servers of one catalogue have in common and is not in it: the authority that agents trust, and the key that stored passwords are sealed with. The
/// first server makes them; the catalogue remembers which they are, and refuses a server that has others.
/// </summary>
internal static class SharedIdentity
{
    private const string AuthoritySetting = "identity.authority";
    private const string BoxSetting = "identity.secrets";

    /// <summary>Nothing is made where another server has made it already.</summary>
    /// <param name="metadata">The catalogue that they share.</param>
    /// <param name="folder">Of this server.</param>
    /// <param name="names">Of the server's certificate.</param>
    /// <param name="box">Opens the key, or makes it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Foundation.Errors.BackupException">9754 this server has others, 9755 it has none.</exception>
    internal static async Task RequireAsync(
        IMetadataStore metadata,
        DataFolder folder,
        IReadOnlyList<string> names,
        Func<SecretBox> box,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        const string authority = "the authority that agents trust";
        const string secrets = "the key of stored passwords";
        var (ca, key) = (Path.Combine(folder.Tls, "ca.pem"), Path.Combine(folder.Secrets, SshOperations.BoxFile));
        await RequireFileAsync(metadata, AuthoritySetting, authority, ca, cancellation);
        await RequireFileAsync(metadata, BoxSetting, secrets, key, cancellation);
        var (isNew, isNewKey) = (!File.Exists(ca), !File.Exists(key));
        using var authorityHere = await CertificateAuthority.EnsureAsync(folder.Tls, names, time, cancellation);
        var fingerprint = Convert.ToHexStringLower(authorityHere.Fingerprint.Span);
        if (!await IsSameAsync(metadata, AuthoritySetting, fingerprint, cancellation))
        {
            Forget(isNew, ca, Path.Combine(folder.Tls, "server.pem"));
            throw isNew ? CliErrors.NoIdentity(authority, ca) : CliErrors.IdentityDiffers(authority, ca);
        }

        if (!await IsSameAsync(metadata, BoxSetting, box().KeyId, cancellation))
        {
            Forget(isNewKey, key);
            throw isNewKey ? CliErrors.NoIdentity(secrets, key) : CliErrors.IdentityDiffers(secrets, key);
        }
    }

    /// <summary>Whether the catalogue remembers that key of stored passwords.</summary>
    internal static async Task<bool> KnowsAsync(
        IMetadataStore metadata,
        string keyId,
        CancellationToken cancellation
    ) => await metadata.Settings.FindAsync(BoxSetting, cancellation) == keyId;

    private static async Task RequireFileAsync(
        IMetadataStore metadata,
        string setting,
        string what,
        string path,
        CancellationToken cancellation
    )
    {
        if (!File.Exists(path) && await metadata.Settings.FindAsync(setting, cancellation) is not null)
        {
            throw CliErrors.NoIdentity(what, path);
        }
    }

    private static async Task<bool> IsSameAsync(
        IMetadataStore metadata,
        string setting,
        string mine,
        CancellationToken cancellation
    ) => await metadata.Settings.EnsureAsync(setting, mine, cancellation) == mine;

    /// <summary>What this server has just made, as another one that started at the same time was first.</summary>
    private static void Forget(bool isNew, params string[] paths)
    {
        foreach (var path in isNew ? paths : [])
        {
            File.Delete(path);
        }
    }
}
