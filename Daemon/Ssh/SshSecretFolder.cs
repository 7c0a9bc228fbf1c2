using System.Security.Cryptography;
using System.Text;

namespace Backup.Daemon.Ssh;

/// <summary>
/// A folder in memory, of mode 0700, for what an SSH client reads while it logs in: an unsealed key, a password, the pinned host key. It is gone
/// when it is disposed; what a killed process left is removed by <see cref="Sweep"/>.
/// </summary>
internal sealed class SshSecretFolder : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly string _path;

    private SshSecretFolder(string path) => _path = path;

    /// <param name="owner">The data folder: tells the leftovers of one appliance from what another one uses now.</param>
    /// <exception cref="Foundation.Errors.BackupException">9131 where there is no file system in memory to be written.</exception>
    internal static SshSecretFolder Create(string owner)
    {
        foreach (var root in OperatingSystem.IsWindows() ? [] : Roots())
        {
            try
            {
                // The name cannot be guessed: nobody else has made it before.
                var path = Path.Combine(
                    root,
                    Prefix(owner) + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))
                );
                MakePrivate(path);
                return new SshSecretFolder(path);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // The next one.
            }
        }

        throw DaemonErrors.NoMemoryFolder();
    }

    /// <summary>Removes what a killed process of the same owner left. Before anything of this process is in use.</summary>
    internal static void Sweep(string owner)
    {
        foreach (var root in Roots())
        {
            try
            {
                foreach (var path in Directory.EnumerateDirectories(root, Prefix(owner) + "*"))
                {
                    Directory.Delete(path, recursive: true);
                }
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // Not ours to look into, or another user's: what we leave is ours to delete.
            }
        }
    }

    /// <summary>Writes a file that only its owner may read, and gives its path.</summary>
    internal string Write(string name, ReadOnlySpan<byte> content)
    {
        var path = Path.Combine(_path, name);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new FileStream(path, options);
        file.Write(content);
        return path;
    }

    internal string PathOf(string name) => Path.Combine(_path, name);

    public void Dispose()
    {
        if (Directory.Exists(_path))
        {
            Directory.Delete(_path, recursive: true);
        }
    }

    private static void MakePrivate(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            _ = Directory.CreateDirectory(path, OwnerOnly);
        }
    }

    private static IEnumerable<string> Roots() =>
        new[] { "/dev/shm", Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") ?? "" }.Where(Directory.Exists);

    private static string Prefix(string owner) =>
        $"backup-ssh-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(owner)))[..16]}-";
}
