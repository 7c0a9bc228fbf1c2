namespace Backup.Daemon.Ssh;

/// <summary>What opens a far side: exactly one of the two.</summary>
/// <param name="PrivateKey">In OpenSSH's form.</param>
/// <param name="Password">In UTF-8.</param>
public sealed record SshLogin(ReadOnlyMemory<byte>? PrivateKey, ReadOnlyMemory<byte>? Password);

/// <summary>A folder on another host, and how to get there.</summary>
/// <param name="Name">As users name it.</param>
/// <param name="Address">Who logs in where.</param>
/// <param name="Folder">Absolute, or from where a login begins.</param>
/// <param name="HostKey">The only one that is accepted.</param>
/// <param name="Login">What opens it.</param>
public sealed record SshTarget(string Name, SshAddress Address, string Folder, SshHostKey HostKey, SshLogin Login)
{
    public override string ToString() => $"{Name} ({Address})";
}
