namespace Backup.WebUI.Contracts;

/// <param name="Name">As users name it.</param>
/// <param name="PublicKey">One line, for <c>authorized_keys</c>.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="Targets">Those that it opens.</param>
public sealed record SshKeyView(string Name, string PublicKey, DateTimeOffset CreatedAt, IReadOnlyList<string> Targets);

public sealed record SshKeyRequest(string Name);

/// <summary>A key that a host shows.</summary>
/// <param name="Key">Type and key, as it is pinned.</param>
/// <param name="Type">For example <c>ssh-ed25519</c>.</param>
/// <param name="Fingerprint"><c>SHA256:…</c></param>
public sealed record SshHostKeyView(string Key, string Type, string Fingerprint);

/// <param name="Name">As users name it.</param>
/// <param name="Address"><c>USER@HOST[:PORT]</c></param>
/// <param name="Folder">Absolute, or from where a login begins.</param>
/// <param name="HostKey">The pinned one's fingerprint.</param>
/// <param name="Login"><c>password</c>, or <c>key NAME</c>.</param>
/// <param name="CreatedAt">When it was added.</param>
public sealed record SshTargetView(
    string Name,
    string Address,
    string Folder,
    string HostKey,
    string Login,
    DateTimeOffset CreatedAt
);

/// <summary>A target to be added. <paramref name="Password"/> is never logged.</summary>
/// <param name="Name">As users will name it.</param>
/// <param name="Address"><c>USER@HOST[:PORT]</c></param>
/// <param name="Folder">Absolute, or from where a login begins.</param>
/// <param name="HostKey">Type and key, as <see cref="SshHostKeyView.Key"/>.</param>
/// <param name="KeyName">Of the key that opens it; null where a password does.</param>
/// <param name="Password">Null where a key opens it.</param>
public sealed record SshTargetRequest(
    string Name,
    string Address,
    string Folder,
    string HostKey,
    string? KeyName,
    string? Password
);

/// <param name="Name">Of the step.</param>
/// <param name="Text">What was found.</param>
/// <param name="Error">Null where nothing is wrong.</param>
public sealed record SshCheckView(string Name, string Text, ErrorView? Error);
