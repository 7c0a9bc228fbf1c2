using System.Text;

namespace Backup.Cli.Configuration;

/// <summary>The configuration file as it is installed: every key commented out, with what it does, its default, its unit and its range.</summary>
internal static class DefaultFile
{
    private const int Width = 100;

    internal static string Make()
    {
        var text = new StringBuilder(
            """
            # The configuration of the backup appliance. What is commented out has its default.
            # Each key can be set by the environment variable beside it too, which goes before this file; options of 'backup up' go before both.
            # Check it with: backup config check
            # What changes counts from the next start on; where a reload is enough ('systemctl reload', SIGHUP), that is said.

            """
        );
        var section = "";
        foreach (var setting in Settings.All)
        {
            var parts = setting.Key.Split('.');
            var indent = parts.Length > 1 ? "  " : "";
            if (parts.Length > 1 && parts[0] != section)
            {
                text.Append($"\n{parts[0]}:");
            }

            section = parts.Length > 1 ? parts[0] : "";
            text.Append('\n');
            foreach (var line in Wrapped(setting.Text))
            {
                text.Append($"{indent}# {line}\n");
            }

            var normal = setting.Default.Length > 0 ? $" Default: {setting.Default}." : "";
            text.Append(
                $"{indent}# {Capital(setting.Range)}.{normal}{(setting.IsLive ? " A reload is enough." : "")} Variable: {setting.Variable}.\n"
            );
            var (name, value) = (parts[^1], setting.Example ?? setting.Default);
            text.Append(
                setting.Shape switch
                {
                    SettingShape.List => $"{indent}#{name}:\n{indent}#  - {value}\n",
                    SettingShape.Map =>
                        $"{indent}#{name}:\n{indent}#  \"{value.Split(':')[0]}\":{value[value.IndexOf(':', StringComparison.Ordinal)..][1..]}\n",
                    _ => $"{indent}#{name}: {value}\n",
                }
            );
        }

        return text.ToString();
    }

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    private static IEnumerable<string> Wrapped(string text)
    {
        var line = new StringBuilder();
        foreach (var word in text.Split(' '))
        {
            if (line.Length + word.Length + 1 > Width)
            {
                yield return line.ToString();
                line.Clear();
            }

            line.Append(line.Length > 0 ? " " : "").Append(word);
        }

        yield return line.ToString();
    }
}
