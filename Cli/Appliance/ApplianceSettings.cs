using System.Globalization;
using Backup.Daemon;

namespace Backup.Cli.Appliance;

/// <summary>What can be set by environment variables.</summary>
internal static class ApplianceSettings
{
    /// <summary>Memory of a restore to a point in time, MiB.</summary>
    internal const string RestoreMemory = "BACKUP_RESTORE_MEMORY_MB";

    private const int LeastMegabytes = 1;
    private const int MostMegabytes = 4096;

    /// <exception cref="Foundation.Errors.BackupException">9501 where a value is out of its range.</exception>
    internal static DaemonOptions Daemon(DataFolder folder)
    {
        var options = new DaemonOptions { SpillFolder = folder.Spill };
        return Environment.GetEnvironmentVariable(RestoreMemory) is { Length: > 0 } text
            ? options with
            {
                RestoreMemtableBytes = (long)Megabytes(text) << 20,
            }
            : options;
    }

    private static int Megabytes(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
        && value is >= LeastMegabytes and <= MostMegabytes
            ? value
            : throw CliErrors.Argument(
                $"The variable {RestoreMemory} is '{text}'.",
                $"It is a number of MiB, {LeastMegabytes} to {MostMegabytes}; 256 unless set."
            );
}
