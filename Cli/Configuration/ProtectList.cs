namespace Backup.Cli.Configuration;

/// <summary>The deployments that the configuration names, with those of the file beside it.</summary>
internal static class ProtectList
{
    /// <exception cref="Foundation.Errors.BackupException">9673 the file cannot be read, or others may read it.</exception>
    internal static IReadOnlyList<string> Read(ApplianceConfiguration configuration) =>
        [
            .. configuration.List(Settings.Protect),
            .. configuration.Text(Settings.ProtectFile) is { } path ? SecretLines.Read(path) : [],
        ];
}
