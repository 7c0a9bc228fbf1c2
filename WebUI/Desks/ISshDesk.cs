using Backup.WebUI.Contracts;

namespace Backup.WebUI.Desks;

/// <summary>SSH keys and targets of a group, by name.</summary>
public interface ISshDesk
{
    Task<IReadOnlyList<SshKeyView>> KeysAsync(string groupId, CancellationToken cancellation);

    Task<SshKeyView> CreateKeyAsync(string groupId, SshKeyRequest request, CancellationToken cancellation);

    Task<SshKeyView> RemoveKeyAsync(string groupId, string key, CancellationToken cancellation);

    Task<IReadOnlyList<SshTargetView>> TargetsAsync(string groupId, CancellationToken cancellation);

    Task<SshTargetView> AddTargetAsync(string groupId, SshTargetRequest request, CancellationToken cancellation);

    Task<SshTargetView> RemoveTargetAsync(string groupId, string target, CancellationToken cancellation);

    /// <summary>Login, host key, free space, write: each with what was found.</summary>
    Task<IReadOnlyList<SshCheckView>> TestAsync(string groupId, string target, CancellationToken cancellation);

    /// <summary>What a host shows; nobody vouches for it.</summary>
    Task<IReadOnlyList<SshHostKeyView>> HostKeysAsync(string address, CancellationToken cancellation);
}
