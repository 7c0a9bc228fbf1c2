namespace Backup.Metadata;

/// <summary>Where restores are pushed to over SSH, and the keys that open it. Private keys and passwords are kept sealed.</summary>
public interface ISshTargets
{
    /// <summary>Every key of the group, by name.</summary>
    Task<IReadOnlyList<SshKeyRecord>> KeysAsync(string groupId, CancellationToken cancellation = default);

    /// <summary>Adds a key. 6008 where the group has one of that name.</summary>
    Task AddKeyAsync(SshKeyRecord key, CancellationToken cancellation = default);

    /// <summary>Removes the key. False, and nothing changed, where a target uses it; 6009 where there is none.</summary>
    Task<bool> RemoveKeyAsync(string keyId, CancellationToken cancellation = default);

    /// <summary>Every target of the group, by name.</summary>
    Task<IReadOnlyList<SshTargetRecord>> TargetsAsync(string groupId, CancellationToken cancellation = default);

    /// <summary>Adds a target. 6008 where the group has one of that name, or its key is not there.</summary>
    Task AddTargetAsync(SshTargetRecord target, CancellationToken cancellation = default);

    /// <summary>Removes the target with its password. 6009 where there is none.</summary>
    Task RemoveTargetAsync(string targetId, CancellationToken cancellation = default);
}

/// <summary>A key pair of the appliance.</summary>
/// <param name="Id">Ours.</param>
/// <param name="GroupId">Whose.</param>
/// <param name="Name">As users name it.</param>
/// <param name="PublicKey">One line, as <c>authorized_keys</c> takes it.</param>
/// <param name="SealedKey">The private key, sealed.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record SshKeyRecord(
    string Id,
    string GroupId,
    string Name,
    string PublicKey,
    byte[] SealedKey,
    DateTimeOffset CreatedAt
);

/// <summary>A folder on another host. Either a key or a password opens it.</summary>
/// <param name="Id">Ours.</param>
/// <param name="GroupId">Whose.</param>
/// <param name="Name">As users name it.</param>
/// <param name="User">Who logs in.</param>
/// <param name="Host">A name or an address.</param>
/// <param name="Port">1 to 65535.</param>
/// <param name="Folder">Absolute, or from where a login begins.</param>
/// <param name="HostKey">The host's pinned key: its type, a space, and the key in base64.</param>
/// <param name="KeyId">The key that opens it; null where a password does.</param>
/// <param name="SealedPassword">The password, sealed; null where a key opens it.</param>
/// <param name="CreatedAt">When it was added.</param>
public sealed record SshTargetRecord(
    string Id,
    string GroupId,
    string Name,
    string User,
    string Host,
    int Port,
    string Folder,
    string HostKey,
    string? KeyId,
    byte[]? SealedPassword,
    DateTimeOffset CreatedAt
);
