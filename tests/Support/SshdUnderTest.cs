using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Backup.Tests.Support;

/// <summary>
/// A real sshd on a free port of loopback with a configuration, host key and folder of its own. Without root it lets its own user in, by key; as root
/// also users that the test makes (<see cref="SshUser"/>), by password, into chroots.
/// </summary>
public sealed class SshdUnderTest : IAsyncDisposable
{
    private readonly string _root;
    private readonly string _configuration;
    private Process? _process;

    private SshdUnderTest(string root, int port, string configuration)
    {
        (_root, Port, _configuration) = (root, port, configuration);
    }

    public int Port { get; }

    /// <summary>Its user: this process's.</summary>
    public static string User => Environment.UserName;

    public string Address => $"{User}@127.0.0.1:{Port}";

    /// <summary>Where pushes go to; the user may write there.</summary>
    public string Folder => Path.Combine(_root, "in the 'vault'");

    /// <summary>Of its host key.</summary>
    public string Fingerprint { get; private set; } = "";

    /// <summary>Its host key: type and base64.</summary>
    public string HostKey { get; private set; } = "";

    private string HostKeyFile => Path.Combine(_root, "host_key");

    /// <param name="configuration">Lines of sshd_config that come before the usual ones: the first of a keyword counts.</param>
    public static async Task<SshdUnderTest> StartAsync(string configuration = "")
    {
        // sshd's privilege separation, where no service manager has made it.
        if (Environment.IsPrivilegedProcess)
        {
            Directory.CreateDirectory("/run/sshd");
        }

        var root = SshUser.PublicFolder("sshd");
        var server = new SshdUnderTest(root, FreePorts.One(), configuration);
        Directory.CreateDirectory(server.Folder);
        await server.NewHostKeyAsync();
        await File.WriteAllTextAsync(Path.Combine(root, "authorized_keys"), "");
        await server.UpAsync();
        return server;
    }

    /// <summary>Lets that key in.</summary>
    public void Authorize(string publicLine) =>
        File.AppendAllText(Path.Combine(_root, "authorized_keys"), publicLine + "\n");

    /// <summary>Another host key from now on, as after a new installation.</summary>
    public async Task ChangeHostKeyAsync()
    {
        await DownAsync();
        File.Delete(HostKeyFile);
        File.Delete(HostKeyFile + ".pub");
        await NewHostKeyAsync();
        await UpAsync();
    }

    /// <summary>Kills the processes of the connections that are open now; new ones are let in. How many there were.</summary>
    public int CutConnections()
    {
        var cut = 0;
        foreach (var child in ChildrenOf(_process!.Id))
        {
            try
            {
                using var session = Process.GetProcessById(child);
                session.Kill();
                cut++;
            }
            catch (Exception gone) when (gone is ArgumentException or InvalidOperationException)
            {
                // Ended by itself meanwhile.
            }
        }

        return cut;
    }

    public async Task DownAsync()
    {
        if (_process is { } process)
        {
            CutConnections();
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
            _process = null;
        }
    }

    public async Task UpAsync()
    {
        var path = Path.Combine(_root, "sshd_config");
        await File.WriteAllTextAsync(
            path,
            $"""
            {_configuration}
            ListenAddress 127.0.0.1:{Port}
            HostKey "{HostKeyFile}"
            PidFile none
            AuthorizedKeysFile "{Path.Combine(_root, "authorized_keys")}"
            StrictModes no
            UsePAM no
            PermitRootLogin prohibit-password
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            MaxStartups 100
            {(
                _configuration.Contains("Subsystem", StringComparison.Ordinal)
                    ? ""
                    : $"Subsystem sftp {OpenSsh.SftpServer}"
            )}

            """
        );
        _process = Process.Start(
            new ProcessStartInfo(OpenSsh.Daemon, ["-D", "-e", "-f", path]) { RedirectStandardError = true }
        )!;
        var said = new List<string>();
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (said)
            {
                said.Add(line.Data ?? "");
            }
        };
        _process.BeginErrorReadLine();
        for (var tries = 0; ; tries++)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, Port);
                return;
            }
            catch (SocketException) when (tries < 200 && !_process.HasExited)
            {
                await Task.Delay(50);
            }
            catch (SocketException failure)
            {
                throw new InvalidOperationException($"sshd does not come up:\n{string.Join('\n', said)}", failure);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await DownAsync();
        Directory.Delete(_root, recursive: true);
    }

    private async Task NewHostKeyAsync()
    {
        SshUser.Run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", HostKeyFile);
        var words = (await File.ReadAllTextAsync(HostKeyFile + ".pub")).Split(' ');
        HostKey = $"{words[0]} {words[1]}";
        // The tool's own word for it, as an administrator reads it out.
        Fingerprint = SshUser.Run("ssh-keygen", "-l", "-f", HostKeyFile + ".pub").Split(' ')[1];
    }

    private static List<int> ChildrenOf(int parent)
    {
        var children = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), out var id))
            {
                continue;
            }

            try
            {
                var stat = File.ReadAllText(Path.Combine(folder, "stat"));
                // Behind the name in brackets, which may hold anything: the state, and then the parent.
                if (int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1]) == parent)
                {
                    children.Add(id);
                }
            }
            catch (IOException)
            {
                // Ended meanwhile.
            }
        }

        return children;
    }
}

/// <summary>A user of this host with a password, who is gone at the end. Needs root.</summary>
public sealed class SshUser : IDisposable
{
    public SshUser()
    {
        Name = $"bt{Guid.NewGuid():N}"[..14];
        Home = PublicFolder("home");
        Run("useradd", "--no-create-home", "--home-dir", Home, "--shell", "/bin/sh", Name);
        using var change = Process.Start(new ProcessStartInfo("chpasswd") { RedirectStandardInput = true })!;
        change.StandardInput.WriteLine($"{Name}:{Password}");
        change.StandardInput.Close();
        change.WaitForExit();
        Own(Home);
    }

    public string Name { get; }

    /// <summary>Hard to pass on by a shell.</summary>
    public string Password { get; } = $"it's \"{Guid.NewGuid():N}\" $HOME \\ %";

    public string Home { get; }

    /// <summary>The folder becomes the user's.</summary>
    public void Own(string folder) => Run("chown", Name, folder);

    public void Dispose()
    {
        Run("userdel", "--force", Name);
        Directory.Delete(Home, recursive: true);
    }

    /// <summary>A folder that other users may look into; as root one of which no part belongs to somebody else, as sshd wants of chroots.</summary>
    public static string PublicFolder(string name)
    {
        var parent = Environment.IsPrivilegedProcess ? "/var/lib" : Path.GetTempPath();
        var path = Path.Combine(parent, $"backup-test-{name}-{Guid.NewGuid():N}");
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, (UnixFileMode)0x1ED);
        return path;
    }

    public static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true }
        )!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {errors.Result}");
    }
}
