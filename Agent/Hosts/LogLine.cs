using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Backup.Foundation.Contracts;

namespace Backup.Agent.Hosts;

/// <summary>A line of a server's log: text up to 4.2, JSON from 4.4 on.</summary>
internal static class LogLine
{
    /// <summary>Worst first. Debug lines are D, or D1 to D5.</summary>
    private const string Severities = "FEWID";

    private static readonly string[] Times = ["yyyy-MM-dd'T'HH:mm:ss.fffzzz", "yyyy-MM-dd'T'HH:mm:ss.fff'Z'"];

    /// <summary>Components of text lines under which operations are logged.</summary>
    private static readonly HashSet<string> Worked = new(StringComparer.Ordinal) { "COMMAND", "WRITE", "QUERY" };

    /// <summary>Parts of a JSON line that hold what clients sent: of these the shape alone is told.</summary>
    private static readonly HashSet<string> Sent = new(StringComparer.OrdinalIgnoreCase)
    {
        "command",
        "originatingCommand",
        "cmdArgs",
        "commandArgs",
        "query",
        "filter",
        "pipeline",
        "update",
        "updateobj",
        "o",
        "o2",
        "doc",
        "document",
        "keyValue",
        "bounds",
        "hint",
        "sort",
    };

    /// <summary>Whether it is of that severity or a worse one; a line whose severity cannot be told is one.</summary>
    public static bool IsAtLeast(string line, string severity)
    {
        var rank = Severities.IndexOf(SeverityOf(line), StringComparison.Ordinal);
        return rank < 0 || rank <= Severities.IndexOf(severity, StringComparison.Ordinal);
    }

    /// <summary>When it was written; null where that cannot be told.</summary>
    public static DateTimeOffset? At(string line)
    {
        // {"t":{"$date":"2026-11-23T10:00:00.000+00:00"},…, or 2019-11-23T10:00:00.000+0000 I  COMMAND  …
        const string date = "\"$date\":\"";
        var begin = 0;
        if (line.StartsWith('{'))
        {
            var found = line.IndexOf(date, StringComparison.Ordinal);
            begin = found < 0 ? line.Length : found + date.Length;
        }

        var rest = line.AsSpan(begin);
        var end = rest.IndexOfAny('"', ' ');
        return
            end > 0
            && DateTimeOffset.TryParseExact(
                rest[..end],
                Times,
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal,
                out var at
            )
            ? at
            : null;
    }

    /// <summary>Whether the server says by it that an operation was slow (its <c>slowms</c>, 100 ms unless set).</summary>
    public static bool IsSlow(string line)
    {
        if (line.StartsWith('{'))
        {
            return line.Contains("\"msg\":\"Slow query\"", StringComparison.Ordinal);
        }

        // 2019-11-23T10:00:00.000+0000 I  COMMAND  [conn1] command shop.orders … protocol:op_msg 107ms
        var words = line.Split(' ', 4, StringSplitOptions.RemoveEmptyEntries);
        return words.Length == 4 && Worked.Contains(words[2]) && EndsInMilliseconds(line);
    }

    private static bool EndsInMilliseconds(string line)
    {
        var end = line.AsSpan().TrimEnd();
        if (!end.EndsWith("ms", StringComparison.Ordinal))
        {
            return false;
        }

        var digits = end[(end.LastIndexOf(' ') + 1)..^2];
        return digits.Length > 0 && !digits.ContainsAnyExceptInRange('0', '9');
    }

    /// <summary>Without the values of queries and documents; cut where it is too long.</summary>
    public static string Shape(string line)
    {
        try
        {
            if (line.StartsWith('{') && JsonNode.Parse(line) is JsonObject parsed)
            {
                if (parsed["attr"] is JsonObject attributes)
                {
                    ShapeAttributes(attributes);
                }

                return Cut(parsed.ToJsonString());
            }
        }
        catch (System.Text.Json.JsonException)
        {
            // Cut in the middle: it is read as text.
        }

        return Cut(ShapeText(line));
    }

    public static string Cut(string line) =>
        line.Length <= HostLimits.LineLength ? line : string.Concat(line.AsSpan(0, HostLimits.LineLength - 1), "…");

    private static char SeverityOf(string line)
    {
        if (line.StartsWith('{'))
        {
            var at = line.IndexOf("\"s\":\"", StringComparison.Ordinal);
            return at >= 0 && at + 5 < line.Length ? line[at + 5] : '?';
        }

        // 2019-11-23T10:00:00.000+0000 I  COMMAND  [conn1] …
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        return space > 0 && space + 1 < line.Length ? line[space + 1] : '?';
    }

    private static void ShapeAttributes(JsonObject attributes)
    {
        foreach (var (name, value) in attributes.ToList())
        {
            attributes[name] = value switch
            {
                null => null,
                JsonObject or JsonArray when Sent.Contains(name) => Hidden(value),
                JsonObject inner => Shaped(inner),
                JsonValue text when text.TryGetValue<string>(out var said) => Sent.Contains(name)
                    ? "?"
                    : ShapeText(said),
                _ => value.DeepClone(),
            };
        }
    }

    private static JsonNode Shaped(JsonObject attributes)
    {
        var copy = (JsonObject)attributes.DeepClone();
        ShapeAttributes(copy);
        return copy;
    }

    private static JsonNode Hidden(JsonNode value) =>
        value switch
        {
            JsonObject document => new JsonObject(
                document.Select(static one =>
                    KeyValuePair.Create(one.Key, (JsonNode?)(one.Value is null ? "?" : Hidden(one.Value)))
                )
            ),
            JsonArray { Count: > 0 } array => new JsonArray(array[0] is { } first ? Hidden(first) : "?"),
            JsonArray => new JsonArray(),
            _ => "?",
        };

    /// <summary>What stands in braces or in quotes is from clients, or may be.</summary>
    private static string ShapeText(string text)
    {
        if (text.AsSpan().IndexOfAny('{', '"') < 0)
        {
            return text;
        }

        var shape = new StringBuilder(text.Length);
        var depth = 0;
        for (var at = 0; at < text.Length; at++)
        {
            var one = text[at];
            if (one == '"')
            {
                at = EndOfQuotes(text, at);
                shape.Append(depth == 0 ? "\"?\"" : "");
            }
            else if (one == '{')
            {
                shape.Append(depth++ == 0 ? "{ ? }" : "");
            }
            else if (one == '}' && depth > 0)
            {
                depth--;
            }
            else if (depth == 0)
            {
                shape.Append(one);
            }
        }

        return shape.ToString();
    }

    /// <summary>The place of the closing quotes; the end where there are none.</summary>
    private static int EndOfQuotes(string text, int begin)
    {
        for (var at = begin + 1; at < text.Length; at++)
        {
            if (text[at] == '\\')
            {
                at++;
            }
            else if (text[at] == '"')
            {
                return at;
            }
        }

        return text.Length;
    }
}
