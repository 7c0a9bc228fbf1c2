using System.Globalization;
using System.Text;

namespace Backup.Daemon.Ssh;

/// <summary>
/// How <c>ssh</c> is called: by what stands here alone. No configuration of the user or the host, no agent, no forwarding, no other key than the
/// one given, no host key but the pinned one, and nobody is asked anything.
/// </summary>
internal sealed class SshArguments
{
    private const string Alias = "backup-target";

    private readonly List<string> _arguments;

    /// <param name="target">Where to.</param>
    /// <param name="secrets">Takes what ssh reads; it may go once the login is done.</param>
    /// <param name="folder">Of the appliance's secrets: takes the program that hands a password over.</param>
    internal SshArguments(SshTarget target, SshSecretFolder secrets, string folder)
    {
        var hosts = secrets.Write("known_hosts", Encoding.ASCII.GetBytes($"{Alias} {target.HostKey}\n"));
        _arguments = ["-F", "none", "-T", "-x", "-a"];
        Add("HostKeyAlias", Alias);
        Add("UserKnownHostsFile", hosts);
        Add("GlobalKnownHostsFile", "/dev/null");
        Add("HostKeyAlgorithms", target.HostKey.Algorithms);
        foreach (var (name, value) in Fixed)
        {
            Add(name, value);
        }

        if (target.Login.Password is { } password)
        {
            Environment = new Dictionary<string, string>
            {
                ["SSH_ASKPASS"] = SshAskpass.Ensure(folder),
                ["SSH_ASKPASS_REQUIRE"] = "force",
                ["DISPLAY"] = "none",
                [SshAskpass.Variable] = secrets.Write("password", password.Span),
            };
            Add("BatchMode", "no");
            Add("PubkeyAuthentication", "no");
            Add("PreferredAuthentications", "password,keyboard-interactive");
            Add("IdentityFile", "none");
        }
        else
        {
            Add("BatchMode", "yes");
            Add("PasswordAuthentication", "no");
            Add("KbdInteractiveAuthentication", "no");
            Add("PreferredAuthentications", "publickey");
            Add("IdentityFile", secrets.Write("key", target.Login.PrivateKey!.Value.Span));
        }

        var (user, host, port) = target.Address;
        _arguments.AddRange(["-l", user, "-p", port.ToString(CultureInfo.InvariantCulture)]);
        Host = host;
    }

    private string Host { get; }

    /// <summary>What is added to the program's environment.</summary>
    internal IReadOnlyDictionary<string, string> Environment { get; } = new Dictionary<string, string>();

    /// <summary>For the file service.</summary>
    internal IReadOnlyList<string> Sftp => [.. _arguments, "-s", "--", Host, "sftp"];

    /// <summary>For a command of a shell.</summary>
    internal IReadOnlyList<string> Command(string command) => [.. _arguments, "--", Host, command];

    private static readonly (string Name, string Value)[] Fixed =
    [
        ("StrictHostKeyChecking", "yes"),
        ("CheckHostIP", "no"),
        ("UpdateHostKeys", "no"),
        ("VerifyHostKeyDNS", "no"),
        ("IdentitiesOnly", "yes"),
        ("IdentityAgent", "none"),
        ("NumberOfPasswordPrompts", "1"),
        ("HostbasedAuthentication", "no"),
        ("GSSAPIAuthentication", "no"),
        ("ClearAllForwardings", "yes"),
        ("ForwardAgent", "no"),
        ("PermitLocalCommand", "no"),
        ("ControlMaster", "no"),
        ("ControlPath", "none"),
        ("ConnectTimeout", "15"),
        ("ConnectionAttempts", "1"),
        ("ServerAliveInterval", "10"),
        ("ServerAliveCountMax", "3"),
        ("LogLevel", "ERROR"),
    ];

    private void Add(string name, string value) => _arguments.AddRange(["-o", $"{name}={value}"]);
}
