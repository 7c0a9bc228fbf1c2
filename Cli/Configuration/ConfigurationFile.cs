using Backup.Foundation.Errors;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Backup.Cli.Configuration;

/// <summary>A value of a file, and where it stands.</summary>
/// <param name="Text">As it is written; of a map <c>NAME=VALUE</c>.</param>
/// <param name="Line">From 1 on.</param>
internal sealed record FileValue(string Text, long Line);

/// <summary>A configuration file: YAML, keys of <see cref="Settings"/>, nothing else.</summary>
internal sealed class ConfigurationFile
{
    /// <summary>Bytes; no configuration is longer.</summary>
    private const int Longest = 1 << 20;

    private readonly Dictionary<string, List<FileValue>> _values = new(StringComparer.Ordinal);
    private readonly List<BackupException> _mistakes = [];

    private ConfigurationFile(string path) => Path = path;

    internal string Path { get; }

    /// <summary>All that is wrong with it, in the order of its lines.</summary>
    internal IReadOnlyList<BackupException> Mistakes => _mistakes;

    /// <summary>Empty where the key is not set.</summary>
    internal IReadOnlyList<FileValue> Of(string key) => _values.TryGetValue(key, out var found) ? found : [];

    /// <exception cref="BackupException">9670 it cannot be read, or is no YAML.</exception>
    internal static ConfigurationFile Read(string path)
    {
        try
        {
            return new FileInfo(path).Length > Longest
                ? throw CliErrors.ConfigurationUnreadable(path, $"it is longer than {Longest} bytes")
                : Parse(path, File.ReadAllText(path));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw CliErrors.ConfigurationUnreadable(path, unreadable.Message);
        }
    }

    /// <param name="path">For messages.</param>
    /// <param name="text">YAML.</param>
    /// <exception cref="BackupException">9670 it is no YAML.</exception>
    internal static ConfigurationFile Parse(string path, string text)
    {
        var file = new ConfigurationFile(path);
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException wrong)
        {
            throw CliErrors.ConfigurationUnreadable(
                path,
                $"line {wrong.Start.Line}, column {wrong.Start.Column}: {wrong.InnerException?.Message ?? wrong.Message}"
            );
        }

        foreach (var document in stream.Documents)
        {
            // A file of comments alone is one empty value.
            if (document.RootNode is YamlMappingNode root)
            {
                file.Take("", root);
            }
            else if (document.RootNode is not YamlScalarNode { Value: null or "" })
            {
                file._mistakes.Add(
                    CliErrors.ConfigurationKey(path, document.RootNode.Start.Line, "", "it holds no keys")
                );
            }
        }

        return file;
    }

    private void Take(string above, YamlMappingNode mapping)
    {
        foreach (var (name, value) in mapping.Children)
        {
            var key = above + ((name as YamlScalarNode)?.Value ?? name.ToString());
            if (Settings.Find(key) is { } setting)
            {
                Take(setting, value);
            }
            else if (
                value is YamlMappingNode below
                && Settings.All.Any(one => one.Key.StartsWith(key + ".", StringComparison.Ordinal))
            )
            {
                Take(key + ".", below);
            }
            else if (
                !IsEmpty(value) || !Settings.All.Any(one => one.Key.StartsWith(key + ".", StringComparison.Ordinal))
            )
            {
                _mistakes.Add(
                    CliErrors.ConfigurationKey(Path, name.Start.Line, key, "there is no such key", Nearest(key))
                );
            }
        }
    }

    private void Take(Setting setting, YamlNode value)
    {
        if (IsEmpty(value))
        {
            // As if it were not there: everything below it is commented out.
            return;
        }

        var values = (setting.Shape, value) switch
        {
            (SettingShape.Value, YamlScalarNode one) => [ValueOf(one)],
            (SettingShape.List, YamlScalarNode one) => [ValueOf(one)],
            (SettingShape.List, YamlSequenceNode many) => [.. many.Children.OfType<YamlScalarNode>().Select(ValueOf)],
            (SettingShape.Map, YamlMappingNode many) =>
            [
                .. many
                    .Children.Where(static one => one is { Key: YamlScalarNode, Value: YamlScalarNode })
                    .Select(static one => new FileValue(
                        $"{((YamlScalarNode)one.Key).Value}={((YamlScalarNode)one.Value).Value}",
                        one.Key.Start.Line
                    )),
            ],
            _ => new List<FileValue>(),
        };
        if (values.Count == 0)
        {
            _mistakes.Add(
                CliErrors.ConfigurationValue(Path, value.Start.Line, setting, "it is written in another way")
            );
            return;
        }

        foreach (var one in values.Where(one => !setting.IsGood(one.Text)))
        {
            var shown = setting.IsSecret ? "a value that is none" : $"'{one.Text}'";
            _mistakes.Add(CliErrors.ConfigurationValue(Path, one.Line, setting, $"it is {shown}"));
        }

        _values[setting.Key] = values;
    }

    private static bool IsEmpty(YamlNode node) =>
        node is YamlScalarNode { Value: null or "", Style: ScalarStyle.Plain };

    private static FileValue ValueOf(YamlScalarNode node) => new(node.Value ?? "", node.Start.Line);

    /// <summary>The key that was probably meant; null where none is near.</summary>
    private static string? Nearest(string key) =>
        Settings
            .All.Select(one => (one.Key, Distance: Distance(key, one.Key)))
            .Where(one => one.Distance <= Math.Max(2, key.Length / 3))
            .OrderBy(static one => one.Distance)
            .Select(static one => one.Key)
            .FirstOrDefault();

    /// <summary>Letters to change, add or leave out.</summary>
    private static int Distance(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var (diagonal, left) = (row[0], i);
            row[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                var here = Math.Min(Math.Min(row[j], left) + 1, diagonal + (one[i - 1] == other[j - 1] ? 0 : 1));
                (diagonal, row[j], left) = (row[j], here, here);
            }
        }

        return row[^1];
    }
}
