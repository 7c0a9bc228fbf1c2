using System.Globalization;

namespace Backup.MongoWire.Uri;

/// <summary>Turns the query of a connection string into typed options; what is ignored is warned about.</summary>
internal sealed class OptionParser
{
    private readonly Dictionary<string, object> _values = new(StringComparer.Ordinal);
    private readonly List<string> _warnings;

    private OptionParser(List<string> warnings) => _warnings = warnings;

    /// <exception cref="Foundation.Errors.BackupException">2100 where options contradict each other or have no value.</exception>
    internal static UriOptions Parse(string query, List<string> warnings)
    {
        var parser = new OptionParser(warnings);
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=');
            if (equals <= 0)
            {
                throw MongoWireErrors.BadUri("an option has no '=' or no name");
            }

            parser.Add(UriText.Decode(pair[..equals]), UriText.Decode(pair[(equals + 1)..]));
        }

        OptionConflicts.Check(parser._values);
        return new UriOptions(parser._values);
    }

    private void Add(string name, string text)
    {
        if (OptionTable.Find(name) is not { } rule)
        {
            _warnings.Add($"The option '{name}' is unknown and ignored.");
            return;
        }

        if (OptionTable.IsDeprecated(name))
        {
            _warnings.Add($"The option '{name}' is deprecated: write {rule.Name}.");
            if (_values.ContainsKey(rule.Name))
            {
                return;
            }
        }

        if (Convert(rule, text) is not { } value)
        {
            _warnings.Add($"The option '{rule.Name}' has a value that it cannot have, and is ignored.");
            return;
        }

        Store(rule, value);
    }

    private void Store(OptionRule rule, object value)
    {
        if (rule.Kind == OptionKind.Tags)
        {
            var all = _values.TryGetValue(rule.Name, out var before)
                ? (List<IReadOnlyDictionary<string, string>>)before
                : [];
            all.Add((IReadOnlyDictionary<string, string>)value);
            _values[rule.Name] = all;
            return;
        }

        if (_values.TryGetValue(rule.Name, out var earlier))
        {
            if (rule.Name.StartsWith("proxy", StringComparison.Ordinal))
            {
                throw MongoWireErrors.BadUri($"{rule.Name} stands in it twice");
            }

            if (rule.Name == "tls")
            {
                if (!earlier.Equals(value))
                {
                    throw MongoWireErrors.BadUri("tls and ssl contradict each other");
                }

                return;
            }

            if (rule.Name != "wTimeoutMS")
            {
                _warnings.Add($"The option '{rule.Name}' stands there more than once; the last one counts.");
            }
        }

        _values[rule.Name] = value;
    }

    private static object? Convert(OptionRule rule, string text)
    {
        if (text.Length == 0)
        {
            return rule.Name == "authSource" ? throw MongoWireErrors.BadUri("authSource is empty") : EmptyValue(rule);
        }

        return rule.Kind switch
        {
            OptionKind.Flag => text switch
            {
                "true" => true,
                "false" => false,
                _ => null,
            },
            OptionKind.Number => Number(rule, text),
            OptionKind.NumberOrText => int.TryParse(text, CultureInfo.InvariantCulture, out var number)
                ? number >= 0
                    ? number
                    : null
                : text,
            OptionKind.List => text.Split(',', StringSplitOptions.RemoveEmptyEntries).ToList(),
            OptionKind.Tags => Pairs(text),
            OptionKind.Properties => Pairs(text),
            _ => rule.Allowed is null || rule.Allowed.Contains(text, StringComparer.Ordinal) ? text : null,
        };
    }

    /// <summary>Empty tags mean "any member"; nothing else has a meaning when empty.</summary>
    private static Dictionary<string, string>? EmptyValue(OptionRule rule) => rule.Kind == OptionKind.Tags ? [] : null;

    private static object? Number(OptionRule rule, string text) =>
        int.TryParse(text, CultureInfo.InvariantCulture, out var number) && number >= rule.Min && number <= rule.Max
            ? number
            : null;

    private static Dictionary<string, string>? Pairs(string text)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in text.Split(','))
        {
            var colon = pair.IndexOf(':');
            if (colon <= 0)
            {
                return null;
            }

            pairs[pair[..colon]] = pair[(colon + 1)..];
        }

        return pairs;
    }
}
