namespace Backup.Cli.Commands;

/// <summary>Texts that are given in a file: what is secret stands on no command line.</summary>
internal static class FileInput
{
    /// <returns>Without white space around it; null where no file is named.</returns>
    /// <exception cref="Foundation.Errors.BackupException">9501.</exception>
    internal static string? Read(string? file)
    {
        try
        {
            return file is null ? null : File.ReadAllText(file).Trim();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw CliErrors.Argument($"The file '{file}' cannot be read: {failure.Message}", "Name a file that can.");
        }
    }
}
