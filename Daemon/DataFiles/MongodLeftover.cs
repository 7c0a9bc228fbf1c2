using System.Diagnostics;
using System.Globalization;

namespace Backup.Daemon.DataFiles;

/// <summary>A mongod that outlived the process that started it.</summary>
internal static class MongodLeftover
{
    /// <summary>Whether the process of that number is a mongod on that folder; false where there is none.</summary>
    internal static bool IsOn(int process, string data)
    {
        if (process <= 0)
        {
            return false;
        }

        try
        {
            var words = File.ReadAllText($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/cmdline").Split('\0');
            var at = Array.IndexOf(words, "--dbpath");
            return at >= 0 && at + 1 < words.Length && words[at + 1] == data;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Kills the one whose number stands in the folder's lock file, where it is really a mongod on that folder.</summary>
    /// <returns>Whether there was one.</returns>
    internal static async Task<bool> EndAsync(string data, CancellationToken cancellation)
    {
        var number = 0;
        try
        {
            var text = await File.ReadAllTextAsync(Path.Combine(data, BuildPlace.LockFile), cancellation);
            _ = int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out number);
        }
        catch (IOException)
        {
            return false;
        }

        if (!IsOn(number, data))
        {
            return false;
        }

        try
        {
            using var mongod = Process.GetProcessById(number);
            mongod.Kill();
            await mongod.WaitForExitAsync(cancellation);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
