using Backup.Cli.Configuration;
using Backup.Foundation.Errors;

namespace Backup.Cli;

/// <content>9670 to 9679: the configuration file.</content>
public static partial class CliErrors
{
    public const int ConfigurationFileWrong = 9670;
    public const int ConfigurationKeyWrong = 9671;
    public const int ConfigurationValueWrong = 9672;
    public const int SecretFileWrong = 9673;

    public static BackupException ConfigurationUnreadable(string path, string why) =>
        new(
            ConfigurationFileWrong,
            $"The configuration file '{path}' cannot be read: {why}.",
            "Correct it, or run the command as somebody who may read it; 'backup config default' prints one in which every key is explained."
        );

    /// <param name="path">Of the file.</param>
    /// <param name="line">From 1 on.</param>
    /// <param name="key">As it is written.</param>
    /// <param name="why">Without a dot.</param>
    /// <param name="nearest">What was probably meant; null where nobody knows.</param>
    public static BackupException ConfigurationKey(
        string path,
        long line,
        string key,
        string why,
        string? nearest = null
    ) =>
        new(
            ConfigurationKeyWrong,
            $"{path} line {line}: '{key}': {why}.",
            (nearest is null ? "" : $"Perhaps '{nearest}' is meant. ")
                + "'backup config default' prints a file with every key."
        );

    internal static BackupException ConfigurationValue(string path, long line, Setting setting, string why) =>
        new(ConfigurationValueWrong, $"{path} line {line}: '{setting.Key}': {why}.", HintOf(setting));

    internal static BackupException ConfigurationVariable(Setting setting, string value) =>
        new(
            ConfigurationValueWrong,
            $"The variable {setting.Variable} is {(setting.IsSecret ? "none of its values" : $"'{value}'")}.",
            HintOf(setting)
        );

    public static BackupException SecretFile(string path, string why) =>
        new(
            SecretFileWrong,
            $"The file '{path}', which may hold passwords, cannot be used: {why}.",
            $"One connection string (of stores: NAME=ADDRESS) a line, in a file that its owner alone may read: chmod 600 {path}"
        );

    private static string HintOf(Setting setting) =>
        $"It is {setting.Range}{(setting.Default.Length > 0 ? $"; {setting.Default} unless set" : "")}.";
}
