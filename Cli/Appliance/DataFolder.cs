using System.Globalization;
using System.Text;
using Backup.Cli.Configuration;
using Backup.Foundation.Files;

namespace Backup.Cli.Appliance;

/// <summary>
/// The appliance's folder: <c>metadata.db</c>, <c>blocks/</c>, <c>slices/</c>, <c>tls/</c>, <c>agent/</c>, <c>updates/</c>, <c>secrets/</c>, <c>control.sock</c>, <c>lock</c>.
/// Open to its owner alone. At most one process holds it: the operating system drops the lock with the process.
/// </summary>
public sealed class DataFolder : IDisposable
{
    public const string DefaultName = "backup-data";

    private const int Attempts = 12;
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(250);

    private readonly FileStream _lock;

    private DataFolder(string root, FileStream held)
    {
        Root = root;
        _lock = held;
    }

    public string Root { get; }

    public string Metadata => Path.Combine(Root, "metadata.db");

    public string Blocks => Path.Combine(Root, "blocks");

    public string Slices => Path.Combine(Root, "slices");

    public string Tls => Path.Combine(Root, "tls");

    public string Agent => Path.Combine(Root, "agent");

    public string Updates => Path.Combine(Root, "updates");

    public string Secrets => Path.Combine(Root, "secrets");

    public string Spill => Path.Combine(Root, "spill");

    public string Log => Path.Combine(Root, "log");

    /// <summary>The folder that --data, the configuration or the default name.</summary>
    internal static string Resolve(string? option, ApplianceConfiguration configuration) =>
        Path.GetFullPath(!string.IsNullOrEmpty(option) ? option : configuration.Text(Settings.Data) ?? DefaultName);

    public static bool HoldsAppliance(string root) => File.Exists(Path.Combine(root, "metadata.db"));

    /// <summary>Makes the folder where needed and takes its lock.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9503 where another process holds it, 9504 where it cannot be used.</exception>
    public static async Task<DataFolder> OpenAsync(string root, CancellationToken cancellation)
    {
        try
        {
            DurableFile.CreateFolder(root);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            return new DataFolder(root, await HoldAsync(root, cancellation));
        }
        catch (UnauthorizedAccessException denied)
        {
            throw CliErrors.NotAllowed(root, denied);
        }
    }

    /// <summary>Whether a process holds the folder now.</summary>
    public static bool IsHeld(string root)
    {
        try
        {
            using var attempt = new FileStream(LockPath(root), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    public void Dispose() => _lock.Dispose();

    private static string LockPath(string root) => Path.Combine(root, "lock");

    /// <summary>A command that works on the folder for a moment (a status, a look at the lock) is waited for.</summary>
    private static async Task<FileStream> HoldAsync(string root, CancellationToken cancellation)
    {
        FileStream? held = null;
        for (var attempt = 1; held is null; attempt++)
        {
            try
            {
                held = new FileStream(LockPath(root), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (attempt < Attempts)
            {
                await Task.Delay(BetweenAttempts, cancellation);
            }
            catch (IOException)
            {
                throw CliErrors.InUse(root, Holder(root));
            }
        }

        // The holder's process number, for the message that the next one gets; beside the lock, as the lock cannot be read.
        DurableFile.Write(
            Path.Combine(root, "lock.holder"),
            Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture))
        );
        return held;
    }

    private static string Holder(string root)
    {
        try
        {
            return $"process {File.ReadAllText(Path.Combine(root, "lock.holder")).Trim()}";
        }
        catch (IOException)
        {
            return "another process";
        }
    }
}
