using System.Collections.Frozen;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace Backup.WebUI.Errors;

/// <summary>
/// Every numbered error of the product, out of docs/errors.md and docs/troubleshooting.md, which are part of the assembly: what the appliance serves below
/// <c>/docs/errors</c> and what <c>backup explain</c> prints is what the documents say.
/// </summary>
public sealed partial class ErrorBook
{
    private const string YesCell = "yes";

    private readonly FrozenDictionary<string, ErrorArticle> _articles;

    /// <param name="errors">docs/errors.md: sections of the parts with a paragraph and a table each.</param>
    /// <param name="troubleshooting">docs/troubleshooting.md: a section for each error that has more to be said of.</param>
    internal ErrorBook(string errors, string troubleshooting)
    {
        var reasons = Sections(troubleshooting);
        var found = new Dictionary<string, ErrorArticle>(StringComparer.Ordinal);
        var (part, saidBy) = ("", "");
        foreach (var line in errors.Split('\n', StringSplitOptions.TrimEntries))
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
            {
                (part, saidBy) = (line[3..].Split(' ')[0], "");
            }
            else if (line.StartsWith("| BK", StringComparison.Ordinal))
            {
                Add(found, Cells(line), part, saidBy, reasons);
            }
            else if (part.Length > 0 && line.Length > 0 && line[0] != '|')
            {
                saidBy = saidBy.Length > 0 ? $"{saidBy} {line}" : line;
            }
        }

        _articles = found.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>Of this release.</summary>
    public static ErrorBook OfThisRelease { get; } =
        new(Document("docs/errors.md"), Document("docs/troubleshooting.md"));

    /// <summary>In the order of their numbers.</summary>
    public IEnumerable<ErrorArticle> All => _articles.Values.OrderBy(static one => one.Code, StringComparer.Ordinal);

    /// <param name="number">As people write it: BK9514, bk9514 or 9514.</param>
    /// <returns>Null where there is no such error in this release.</returns>
    public ErrorArticle? Find(string number)
    {
        var digits = number.StartsWith("bk", StringComparison.OrdinalIgnoreCase) ? number[2..] : number;
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed)
            ? _articles.GetValueOrDefault($"BK{parsed.ToString("0000", CultureInfo.InvariantCulture)}")
            : null;
    }

    /// <summary>The cells of a table's row, as text.</summary>
    internal static string[] Cells(string line) =>
        [
            .. Bars()
                .Split(line[1..^1])
                .Select(static cell =>
                    WebUtility.HtmlDecode(cell.Trim().Replace("\\|", "|", StringComparison.Ordinal))
                ),
        ];

    internal static string Document(string name)
    {
        using var stream = typeof(ErrorBook).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static void Add(
        Dictionary<string, ErrorArticle> found,
        string[] cells,
        string part,
        string saidBy,
        Dictionary<string, string> reasons
    )
    {
        var (code, text) = (cells[0], new ErrorText(cells[2], cells[3]));
        var transient = cells.Length > 4 && cells[4] == YesCell;
        found[code] = found.TryGetValue(code, out var known)
            ? known with
            {
                Texts = [.. known.Texts, text],
                Transient = known.Transient || transient,
            }
            : new ErrorArticle(code, cells[1], part, saidBy, transient, [text], reasons.GetValueOrDefault(code));
    }

    /// <summary>The text below each heading that begins with a code.</summary>
    private static Dictionary<string, string> Sections(string markdown)
    {
        var sections = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in markdown.ReplaceLineEndings("\n").Split("\n## ").Skip(1))
        {
            var end = part.IndexOf('\n', StringComparison.Ordinal);
            if (end > 0)
            {
                sections[part[..end].Split(' ')[0]] = part[end..].Trim();
            }
        }

        return sections;
    }

    [GeneratedRegex(@"(?<!\\)\|", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Bars();
}
