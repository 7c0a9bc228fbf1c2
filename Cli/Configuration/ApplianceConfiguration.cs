using Backup.Foundation.Errors;

namespace Backup.Cli.Configuration;

/// <summary>What is set of the appliance, by the environment, else by its configuration file, else not at all. Options of a command go before both.</summary>
/// <param name="file">Null where there is none.</param>
/// <param name="variable">Of the environment, by name; null or empty: not set.</param>
internal sealed class ApplianceConfiguration(ConfigurationFile? file, Func<string, string?> variable)
{
    /// <summary>Names the file; empty: none is read.</summary>
    internal const string FileVariable = "BACKUP_CONFIG";

    internal const string DefaultFile = "/etc/backup/appliance.yaml";

    private const StringSplitOptions Tidy = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;

    /// <summary>The file that is read; null: none.</summary>
    internal string? Path => file?.Path;

    /// <param name="option">Of --config; null: what the environment names, else the default one where it is there.</param>
    /// <exception cref="BackupException">9670 to 9672: the first thing that is wrong with it.</exception>
    internal static ApplianceConfiguration Load(string? option)
    {
        var file = Find(option) is { } path ? ConfigurationFile.Read(path) : null;
        return file is { Mistakes: [{ } first, ..] } ? throw first : new(file, Environment.GetEnvironmentVariable);
    }

    /// <summary>Null: none.</summary>
    internal static string? Find(string? option) =>
        option
        ?? Environment.GetEnvironmentVariable(FileVariable) switch
        {
            null => File.Exists(DefaultFile) ? DefaultFile : null,
            "" => null,
            var named => named,
        };

    /// <summary>Null where it is not set.</summary>
    /// <exception cref="BackupException">9672 the environment's value cannot be used.</exception>
    internal string? Text(string key) => List(key) is [{ } first, ..] ? first : null;

    internal int? Number(string key) =>
        Text(key) is { } text ? int.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : null;

    /// <summary>Of a map as <c>NAME=VALUE</c>; empty where it is not set.</summary>
    /// <exception cref="BackupException">9672 the environment's value cannot be used.</exception>
    internal IReadOnlyList<string> List(string key)
    {
        var setting = Settings.Of(key);
        return Variable(setting) ?? [.. (file?.Of(key) ?? []).Select(static one => one.Text)];
    }

    /// <summary>Every key that is set, and by what.</summary>
    internal IEnumerable<(Setting Setting, IReadOnlyList<string> Values, string By)> All() =>
        from setting in Settings.All
        let values = List(setting.Key)
        where values.Count > 0
        select (
            setting,
            values,
            Variable(setting) is null
                ? $"{file!.Path} line {file.Of(setting.Key)[0].Line}"
                : $"variable {setting.Variable}"
        );

    private IReadOnlyList<string>? Variable(Setting setting)
    {
        if (variable(setting.Variable) is not { Length: > 0 } text)
        {
            return null;
        }

        IReadOnlyList<string> values =
            setting.Shape == SettingShape.Value ? [text] : text.Split(setting.Separators, Tidy);
        // What is wrong with a connection string is told better, and without its password, by whoever takes it apart.
        return !setting.IsSecret && values.FirstOrDefault(one => !setting.IsGood(one)) is { } wrong
            ? throw CliErrors.ConfigurationVariable(setting, wrong)
            : values;
    }
}
