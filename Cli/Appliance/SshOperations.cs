using System.Security.Cryptography;
using System.Text;
using Backup.Cli.Control;
using Backup.Daemon.Pushes;
using Backup.Daemon.Ssh;
using Backup.Foundation.Secrets;
using Backup.Metadata;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Appliance;

/// <summary>SSH keys of the appliance, and targets to push to.</summary>
/// <param name="metadata">The catalogue of everything.</param>
/// <param name="secrets">The folder of the key that seals private keys and passwords; made when it is needed.</param>
/// <param name="tools">OpenSSH.</param>
/// <param name="time">The clock.</param>
/// <param name="groupId">Whose they are; null: nobody's, where only hosts are asked for their keys.</param>
/// <param name="box">Opens the key; null for one that is opened when it is needed.</param>
internal sealed class SshOperations(
    IMetadataStore metadata,
    string secrets,
    SshTools tools,
    TimeProvider time,
    string? groupId = null,
    Func<SecretBox>? box = null
)
{
    private const int LongestName = 64;

    private readonly Lock _boxLock = new();

    /// <summary>In the folder of secrets: the key that stored passwords and keys are sealed with.</summary>
    internal const string BoxFile = "box.key";

    private SecretBox? _box;

    /// <summary>The same for another group.</summary>
    internal SshOperations Of(string group) =>
        group == groupId ? this : new SshOperations(metadata, secrets, tools, time, group, Box);

    internal async Task<IReadOnlyList<SshKeyView>> KeysAsync(CancellationToken cancellation)
    {
        var group = Group;
        var targets = await metadata.SshTargets.TargetsAsync(group, cancellation);
        return
        [
            .. (await metadata.SshTargets.KeysAsync(group, cancellation)).Select(key => new SshKeyView(
                key.Name,
                key.PublicKey,
                key.CreatedAt,
                [.. targets.Where(target => target.KeyId == key.Id).Select(static target => target.Name)]
            )),
        ];
    }

    internal async Task<SshKeyView> CreateKeyAsync(SshKeyRequest request, CancellationToken cancellation)
    {
        RequireName(request.Name);
        var group = Group;
        if ((await metadata.SshTargets.KeysAsync(group, cancellation)).Any(key => key.Name == request.Name))
        {
            throw CliErrors.SshNameTaken("key", request.Name);
        }

        var made = await tools.MakeKeyAsync($"backup-{request.Name}", cancellation);
        var id = Guid.NewGuid().ToString("N");
        var key = new SshKeyRecord(
            id,
            group,
            request.Name,
            made.PublicLine,
            Box().Seal(made.PrivateKey, KeyPurpose(id)),
            time.GetUtcNow()
        );
        CryptographicOperations.ZeroMemory(made.PrivateKey);
        await metadata.SshTargets.AddKeyAsync(key, cancellation);
        return new SshKeyView(key.Name, key.PublicKey, key.CreatedAt, []);
    }

    internal async Task<SshKeyView> RemoveKeyAsync(string key, CancellationToken cancellation)
    {
        var found = await KeyAsync(key, cancellation);
        var view = (await KeysAsync(cancellation)).First(one => one.Name == key);
        return await metadata.SshTargets.RemoveKeyAsync(found.Id, cancellation)
            ? view
            : throw CliErrors.SshKeyUsed(key, view.Targets);
    }

    /// <summary>What a host shows; nobody vouches for it.</summary>
    internal async Task<IReadOnlyList<SshHostKeyView>> HostKeysAsync(string address, CancellationToken cancellation)
    {
        var parsed = AddressOf(address);
        var keys = await tools.HostKeysAsync(parsed.Host, parsed.Port, cancellation);
        return [.. keys.Select(static key => new SshHostKeyView(key.ToString(), key.Type, key.Fingerprint))];
    }

    internal async Task<IReadOnlyList<SshTargetView>> TargetsAsync(CancellationToken cancellation)
    {
        var group = Group;
        var keys = (await metadata.SshTargets.KeysAsync(group, cancellation)).ToDictionary(key => key.Id);
        return
        [
            .. (await metadata.SshTargets.TargetsAsync(group, cancellation)).Select(target => new SshTargetView(
                target.Name,
                new SshAddress(target.User, target.Host, target.Port).ToString(),
                target.Folder,
                SshHostKey.Parse(target.HostKey).Fingerprint,
                target.KeyId is { } key ? $"key {keys[key].Name}" : "password",
                target.CreatedAt
            )),
        ];
    }

    internal async Task<SshTargetView> AddTargetAsync(SshTargetRequest request, CancellationToken cancellation)
    {
        RequireName(request.Name);
        var address = AddressOf(request.Address);
        if (request.Folder.Length is 0 or > 1024 || request.Folder.Any(char.IsControl))
        {
            throw CliErrors.Argument(
                "The folder is no path.",
                "Give an absolute path, or one from where a login begins."
            );
        }

        var group = Group;
        if ((await metadata.SshTargets.TargetsAsync(group, cancellation)).Any(one => one.Name == request.Name))
        {
            throw CliErrors.SshNameTaken("target", request.Name);
        }

        var key = request.KeyName is { } name ? await KeyAsync(name, cancellation) : null;
        if (key is null == string.IsNullOrEmpty(request.Password) || request.Password?.Any(char.IsControl) == true)
        {
            throw CliErrors.Argument("A target is opened by a key or by a password of one line.", "Give one of them.");
        }

        var id = Guid.NewGuid().ToString("N");
        await metadata.SshTargets.AddTargetAsync(
            new SshTargetRecord(
                id,
                group,
                request.Name,
                address.User,
                address.Host,
                address.Port,
                request.Folder,
                SshHostKey.Parse(request.HostKey).ToString(),
                key?.Id,
                key is null ? Box().Seal(Encoding.UTF8.GetBytes(request.Password!), TargetPurpose(id)) : null,
                time.GetUtcNow()
            ),
            cancellation
        );
        return await ViewAsync(request.Name, cancellation);
    }

    internal async Task<SshTargetView> RemoveTargetAsync(string target, CancellationToken cancellation)
    {
        var view = await ViewAsync(target, cancellation);
        await metadata.SshTargets.RemoveTargetAsync((await RecordAsync(target, cancellation)).Id, cancellation);
        return view;
    }

    internal async Task<IReadOnlyList<SshCheckView>> TestAsync(string target, CancellationToken cancellation)
    {
        var steps = await new SshTargetCheck(tools, time).RunAsync(
            await OpenTargetAsync(target, cancellation),
            cancellation
        );
        return
        [
            .. steps.Select(static step => new SshCheckView(
                step.Name,
                step.Text,
                step.Error is { } error ? ControlServer.Describe(error) : null
            )),
        ];
    }

    /// <summary>With its secret unsealed.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9550; 1007.</exception>
    internal async Task<SshTarget> OpenTargetAsync(string name, CancellationToken cancellation)
    {
        var target = await RecordAsync(name, cancellation);
        SshLogin login;
        if (target.KeyId is { } keyId)
        {
            var key = (await metadata.SshTargets.KeysAsync(target.GroupId, cancellation)).First(one => one.Id == keyId);
            login = new SshLogin(Box().Open(key.SealedKey, KeyPurpose(key.Id)), null);
        }
        else
        {
            login = new SshLogin(null, Box().Open(target.SealedPassword, TargetPurpose(target.Id)));
        }

        var address = new SshAddress(target.User, target.Host, target.Port);
        return new SshTarget(target.Name, address, target.Folder, SshHostKey.Parse(target.HostKey), login);
    }

    /// <summary>Opened at its first use: an appliance whose key file is damaged backs up and restores all the same.</summary>
    internal SecretBox Box()
    {
        if (box is not null)
        {
            return box();
        }

        lock (_boxLock)
        {
            return _box ??= SecretBox.Ensure(Path.Combine(secrets, BoxFile));
        }
    }

    private static string KeyPurpose(string id) => $"ssh key {id}";

    private static string TargetPurpose(string id) => $"ssh target {id}";

    private static SshAddress AddressOf(string text) =>
        SshAddress.TryParse(text, out var address)
            ? address
            : throw CliErrors.Argument(
                $"'{text}' is no address of an SSH server.",
                "Write USER@HOST or USER@HOST:PORT; an IPv6 address in brackets: USER@[2001:db8::1]:22."
            );

    private static void RequireName(string name)
    {
        if (
            name.Length is 0 or > LongestName
            || !name.All(static one => char.IsAsciiLetterOrDigit(one) || one is '-' or '_' or '.')
        )
        {
            throw CliErrors.Argument(
                $"'{name}' is no name for a key or a target.",
                $"Use up to {LongestName} letters, digits, hyphens, dots and underscores."
            );
        }
    }

    private string Group => groupId ?? throw new InvalidOperationException("Keys and targets are a group's.");

    private async Task<SshKeyRecord> KeyAsync(string name, CancellationToken cancellation)
    {
        var keys = await metadata.SshTargets.KeysAsync(Group, cancellation);
        return keys.FirstOrDefault(key => key.Name == name) ?? throw CliErrors.NoSuchSshKey(name);
    }

    private async Task<SshTargetRecord> RecordAsync(string name, CancellationToken cancellation)
    {
        var targets = await metadata.SshTargets.TargetsAsync(Group, cancellation);
        return targets.FirstOrDefault(target => target.Name == name) ?? throw CliErrors.NoSuchSshTarget(name);
    }

    private async Task<SshTargetView> ViewAsync(string name, CancellationToken cancellation) =>
        (await TargetsAsync(cancellation)).FirstOrDefault(target => target.Name == name)
        ?? throw CliErrors.NoSuchSshTarget(name);
}
