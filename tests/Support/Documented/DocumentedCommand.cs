using System.Text;

namespace Backup.Tests.Support.Documented;

/// <summary>A command of ours in a block of code of README or of docs/.</summary>
/// <param name="File">Its name.</param>
/// <param name="Line">From 1 on.</param>
/// <param name="Text">From the program's name on, without what explains it, and without what its output is piped into.</param>
public sealed record DocumentedCommand(string File, int Line, string Text)
{
    private const string Fence = "```";

    /// <summary>Behind the program's name.</summary>
    public IReadOnlyList<string> Words { get; } = Split(Text);

    /// <summary>All of them, in the order of the documents; the same line twice is there twice.</summary>
    public static IReadOnlyList<DocumentedCommand> All { get; } =
    [
        .. new[] { SourceTree.At("README.md") }
            .Concat(Directory.EnumerateFiles(SourceTree.At("docs"), "*.md").Order(StringComparer.Ordinal))
            .SelectMany(Of),
    ];

    public override string ToString() => $"{File}:{Line}: {Text}";

    /// <summary>Blocks for a shell, and those that say nothing of their language.</summary>
    public static IEnumerable<DocumentedCommand> Of(string path)
    {
        var isCode = false;
        var isShell = false;
        foreach (var (index, line) in System.IO.File.ReadLines(path).Index())
        {
            var text = line.Trim();
            if (text.StartsWith(Fence, StringComparison.Ordinal))
            {
                isCode = !isCode;
                isShell = isCode && text[Fence.Length..] is "" or "sh" or "bash";
            }
            else if (isShell && CommandOf(text) is { } command)
            {
                yield return new DocumentedCommand(Path.GetFileName(path), index + 1, command);
            }
        }
    }

    /// <summary>Null where the line is no command of ours.</summary>
    private static string? CommandOf(string line)
    {
        var text = line.StartsWith("./", StringComparison.Ordinal) ? line[2..] : line;
        if (text != "backup" && !text.StartsWith("backup ", StringComparison.Ordinal))
        {
            return null;
        }

        // Up to what stands outside of quotes and is the shell's.
        var quote = '\0';
        for (var i = 0; i < text.Length; i++)
        {
            var one = text[i];
            quote =
                quote == one ? '\0'
                : quote == '\0' && one is '\'' or '"' ? one
                : quote;
            if (quote == '\0' && one is '#' or '|' or '>' or ';' && i > 0 && text[i - 1] == ' ')
            {
                return text[..i].TrimEnd();
            }
        }

        return text;
    }

    /// <summary>As a shell takes words apart.</summary>
    private static List<string> Split(string text)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var (quote, isWord) = ('\0', false);
        foreach (var one in text)
        {
            if (quote != '\0' ? one == quote : one is '\'' or '"')
            {
                (quote, isWord) = (quote == '\0' ? one : '\0', true);
            }
            else if (one == ' ' && quote == '\0')
            {
                Take();
            }
            else
            {
                word.Append(one);
                isWord = true;
            }
        }

        Take();
        return words[1..];

        void Take()
        {
            if (isWord)
            {
                words.Add(word.ToString());
            }

            word.Clear();
            isWord = false;
        }
    }
}
