namespace Backup.Foundation.Manual;

/// <summary>A command of a program, as the manual describes it.</summary>
/// <param name="Name">What is typed, without the commands above it.</param>
/// <param name="Text">What it does: one sentence, with or without its dot.</param>
/// <param name="Arguments">In their order.</param>
/// <param name="Options">In the order of its help.</param>
/// <param name="Commands">Those below it; empty: it is run itself.</param>
public sealed record ManualCommand(
    string Name,
    string Text,
    IReadOnlyList<ManualEntry> Arguments,
    IReadOnlyList<ManualEntry> Options,
    IReadOnlyList<ManualCommand> Commands
)
{
    /// <summary>All that can be run, itself or those below it, each with the words that are typed.</summary>
    /// <param name="above">The words before its name.</param>
    public IEnumerable<(string Words, ManualCommand Command)> Runnable(string above)
    {
        var words = $"{above} {Name}".TrimStart();
        return Commands.Count == 0 ? [(words, this)] : Commands.SelectMany(below => below.Runnable(words));
    }
}

/// <summary>An option, or an argument.</summary>
/// <param name="Spelling">As it is typed, with the name of its value: <c>--data DIR</c>.</param>
/// <param name="Text">What it does, with or without its dot.</param>
/// <param name="IsRequired">The command is not run without it.</param>
public sealed record ManualEntry(string Spelling, string Text, bool IsRequired);
