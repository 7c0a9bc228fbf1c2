namespace Backup.Cli.Configuration;

/// <summary>A file of lines that may hold passwords: its owner alone may read it.</summary>
internal static class SecretLines
{
    /// <summary>Without empty lines and those that begin with #.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9673 the file cannot be read, or others may read it.</exception>
    internal static IReadOnlyList<string> Read(string path)
    {
        const UnixFileMode others =
            UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
        try
        {
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & others) != 0)
            {
                throw CliErrors.SecretFile(path, "others may read or change it");
            }

            return
            [
                .. File.ReadAllLines(path)
                    .Select(static line => line.Trim())
                    .Where(static line => line.Length > 0 && line[0] != '#'),
            ];
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw CliErrors.SecretFile(path, unreadable.Message);
        }
    }
}
