using System.Globalization;
using System.Text;

namespace Backup.Foundation.Manual;

/// <summary>
/// A page of the manual, in the macros of man(7), which groff and mandoc read alike. Text is given as it is to be read: whatever means something to them is
/// escaped here, and what is not ASCII is written by its number, so that a page needs no encoding.
/// </summary>
public sealed class ManualPage
{
    private readonly StringBuilder _text = new();

    /// <summary>A heading is a paragraph's beginning already.</summary>
    private bool _isBelowHeading;

    /// <param name="name">As <c>man</c> is asked for it.</param>
    /// <param name="section">1 commands, 5 files, 8 what an administrator runs.</param>
    /// <param name="summary">What it is about, without a dot; <c>apropos</c> shows it.</param>
    /// <param name="version">Of the product.</param>
    /// <param name="date">Of the page; null: not told.</param>
    public ManualPage(string name, int section, string summary, string version, DateOnly? date)
    {
        (Name, Section, Summary) = (name, section, summary.TrimEnd('.'));
        var day = date?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? "";
        // A date with escaped hyphens would be none.
        _text.Append(
            CultureInfo.InvariantCulture,
            $".TH \"{Escape(name.ToUpperInvariant())}\" \"{section}\" \"{day}\" \"Backup {Escape(version)}\" \"Backup for MongoDB\"\n"
        );
        // Not hyphenated and not stretched: commands are copied from here.
        _text.Append(".nh\n.ad l\n");
        Heading("Name");
        _text.Append(CultureInfo.InvariantCulture, $"{Escape(name)} \\- {Escape(Summary)}\n");
    }

    public string Name { get; }

    public int Section { get; }

    public string Summary { get; }

    /// <summary>As it is installed, uncompressed.</summary>
    public string FileName => $"{Name}.{Section.ToString(CultureInfo.InvariantCulture)}";

    public void Heading(string title) => Head("SH", title.ToUpperInvariant());

    public void Subheading(string title) => Head("SS", title);

    public void Paragraph(string text) => Begin().Append(Escape(Sentence(text))).Append('\n');

    /// <summary>What is typed, on a line of its own.</summary>
    public void Line(string typed) => Begin().Append(".nf\n\\fB").Append(Escape(typed)).Append("\\fR\n.fi\n");

    /// <summary>A term in bold, and below it what it means.</summary>
    public void Entry(string term, string text)
    {
        _isBelowHeading = false;
        _text.Append(".TP\n\\fB").Append(Escape(term)).Append("\\fR\n").Append(Escape(Sentence(text))).Append('\n');
    }

    /// <summary>The page.</summary>
    public override string ToString() => _text.ToString();

    private static string Sentence(string text) =>
        text.Length == 0 || text[^1] is '.' or '!' or '?' or ':' ? text : text + ".";

    private StringBuilder Begin()
    {
        if (!_isBelowHeading)
        {
            _text.Append(".PP\n");
        }

        _isBelowHeading = false;
        return _text;
    }

    private void Head(string request, string title)
    {
        var quoted = Escape(title).Replace("\"", "\\(dq", StringComparison.Ordinal);
        _text.Append(CultureInfo.InvariantCulture, $".{request} \"{quoted}\"\n");
        _isBelowHeading = true;
    }

    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length + 16);
        foreach (var rune in text.ReplaceLineEndings(" ").EnumerateRunes())
        {
            escaped = rune.Value switch
            {
                '\\' => escaped.Append("\\e"),
                // A minus can be copied into a shell, a hyphen cannot; the same of the others.
                '-' => escaped.Append("\\-"),
                '\'' => escaped.Append("\\(aq"),
                '`' => escaped.Append("\\(ga"),
                '^' => escaped.Append("\\(ha"),
                '~' => escaped.Append("\\(ti"),
                // An address may be broken there: it is longer than a line.
                '&' => escaped.Append("&\\:"),
                > 0x7E => escaped.Append(CultureInfo.InvariantCulture, $"\\[u{rune.Value:X4}]"),
                < 0x20 => escaped,
                _ => escaped.Append((char)rune.Value),
            };
        }

        // A dot in front would be taken as a request.
        return escaped.Length > 0 && escaped[0] == '.' ? "\\&" + escaped : escaped.ToString();
    }
}
