using System.Globalization;
using Backup.Foundation.Errors;

namespace Backup.Daemon.Ssh;

/// <summary>A pair of keys.</summary>
/// <param name="PublicLine">As <c>authorized_keys</c> takes it.</param>
/// <param name="PrivateKey">In OpenSSH's form, without a passphrase.</param>
public sealed record SshKeyPair(string PublicLine, byte[] PrivateKey);

/// <summary>What the appliance does with OpenSSH's programs; their failures are numbered errors. Thread-safe.</summary>
public sealed class SshTools
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(30);

    private readonly string _owner;
    private readonly TimeProvider _time;
    private readonly SshPatience _patience;

    /// <param name="folder">Of the appliance's secrets, in the data folder that this process holds; made when it is needed. What a killed process left unsealed is removed.</param>
    /// <param name="time">The clock.</param>
    public SshTools(string folder, TimeProvider time)
        : this(folder, time, SshPatience.Default) { }

    internal SshTools(string folder, TimeProvider time, SshPatience patience)
    {
        _owner = Path.GetFullPath(folder);
        (_time, _patience) = (time, patience);
        SshSecretFolder.Sweep(_owner);
    }

    /// <summary>Makes a pair of ed25519 keys; the private one is on no disk.</summary>
    /// <exception cref="BackupException">9130, 9131, 9144.</exception>
    public async Task<SshKeyPair> MakeKeyAsync(string comment, CancellationToken cancellation = default)
    {
        using var secrets = SshSecretFolder.Create(_owner);
        var path = secrets.PathOf("key");
        string[] arguments = ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path];
        var ended = await SshProgram.RunAsync("ssh-keygen", arguments, null, Short, _time, cancellation);
        if (ended.ExitCode != 0 || !File.Exists(path))
        {
            throw DaemonErrors.KeyNotMade(SftpConnection.Printable(ended.Errors + ended.Output));
        }

        var line = await File.ReadAllTextAsync(path + ".pub", cancellation);
        return new SshKeyPair(line.Trim(), await File.ReadAllBytesAsync(path, cancellation));
    }

    /// <summary>The keys that a host shows, the best first. Nobody vouches for them.</summary>
    /// <exception cref="BackupException">9130, 9132.</exception>
    public async Task<IReadOnlyList<SshHostKey>> HostKeysAsync(
        string host,
        int port,
        CancellationToken cancellation = default
    )
    {
        string[] arguments = ["-T", "10", "-p", port.ToString(CultureInfo.InvariantCulture), "--", host];
        SshOutput ended;
        try
        {
            ended = await SshProgram.RunAsync("ssh-keyscan", arguments, null, Short, _time, cancellation);
        }
        catch (TimeoutException)
        {
            throw DaemonErrors.Unreachable($"{host}:{port}", "it did not answer in time.");
        }

        var keys = new List<SshHostKey>();
        foreach (var line in ended.Output.Split('\n'))
        {
            if (
                line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [not "#", var type, var base64]
                && SshHostKey.TryParse(type, base64.Trim(), out var key)
            )
            {
                keys.Add(key);
            }
        }

        // The tool says nothing at all where nobody listens.
        return keys.Count > 0
            ? [.. keys.OrderBy(static key => Rank(key.Type))]
            : throw DaemonErrors.Unreachable(
                $"{host}:{port}",
                LastLine(ended.Errors) is { Length: > 0 } said ? said : "no SSH server answers there."
            );
    }

    /// <summary>Logs in. What was unsealed for it is gone when this is back.</summary>
    /// <exception cref="BackupException">9130 to 9135.</exception>
    internal async Task<SshSession> OpenAsync(SshTarget target, CancellationToken cancellation)
    {
        using var secrets = SshSecretFolder.Create(_owner);
        var arguments = new SshArguments(target, secrets, _owner);
        try
        {
            return await SshSession.OpenAsync(arguments, _patience, _time, cancellation);
        }
        catch (SshEndedException ended)
        {
            throw await ExplainAsync(target, ended.Said, cancellation);
        }
        catch (SftpBrokenException broken)
        {
            throw broken.IsNonsense
                ? DaemonErrors.NoSftp(target.ToString(), Sentence(broken.Message))
                : DaemonErrors.Unreachable(target.ToString(), Sentence(broken.Message));
        }
    }

    /// <summary>Runs a command by the far side's shell; null where there is none, or it cannot be reached.</summary>
    internal async Task<SshOutput?> TryRunAsync(
        SshTarget target,
        string command,
        TimeSpan atMost,
        CancellationToken cancellation
    )
    {
        using var secrets = SshSecretFolder.Create(_owner);
        var arguments = new SshArguments(target, secrets, _owner);
        try
        {
            return await SshProgram.RunAsync(
                "ssh",
                arguments.Command(command),
                arguments.Environment,
                atMost,
                _time,
                cancellation
            );
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    /// <summary>Text as one word of a shell's command.</summary>
    internal static string Quoted(string text) => "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    internal static string Sentence(string text) => text.EndsWith('.') ? text : text + ".";

    private async Task<BackupException> ExplainAsync(SshTarget target, string said, CancellationToken cancellation)
    {
        bool Says(string what) => said.Contains(what, StringComparison.OrdinalIgnoreCase);

        var last = Sentence(LastLine(said));
        if (
            Says("host key verification failed")
            || Says("host identification has changed")
            || Says("no matching host key type")
        )
        {
            return DaemonErrors.HostKeyChanged(
                target.ToString(),
                target.HostKey.Fingerprint,
                await FoundAsync(target, cancellation)
            );
        }

        if (Says("permission denied") || Says("too many authentication failures"))
        {
            return DaemonErrors.LoginRefused(target.ToString(), target.Login.PrivateKey is not null, last);
        }

        return Says("subsystem request failed")
            ? DaemonErrors.NoSftp(target.ToString(), last)
            : DaemonErrors.Unreachable(target.ToString(), said.Length == 0 ? "the connection was closed." : last);
    }

    private async Task<string> FoundAsync(SshTarget target, CancellationToken cancellation)
    {
        try
        {
            var keys = await HostKeysAsync(target.Address.Host, target.Address.Port, cancellation);
            return string.Join(", ", keys.Select(static key => $"{key.Fingerprint} ({key.Type})"));
        }
        catch (BackupException)
        {
            return "one that could not be asked for again";
        }
    }

    private static int Rank(string type) =>
        type switch
        {
            "ssh-ed25519" => 0,
            "ecdsa-sha2-nistp256" or "ecdsa-sha2-nistp384" or "ecdsa-sha2-nistp521" => 1,
            "ssh-rsa" => 2,
            _ => 3,
        };

    private static string LastLine(string said) =>
        SftpConnection.Printable(
            said.Split('\n').Select(static line => line.Trim()).LastOrDefault(static line => line.Length > 0) ?? ""
        );
}
