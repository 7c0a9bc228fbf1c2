namespace Backup.Foundation.Manual;

/// <summary>The sections of a page that say how a command is typed, with all that is below it.</summary>
public static class CommandSections
{
    /// <param name="page">Gets the sections synopsis, description, commands, arguments and options.</param>
    /// <param name="command">What the page is about.</param>
    /// <param name="above">The words before its name; empty: it is the program.</param>
    /// <param name="everywhere">Options of every command of the program; they stand below those of this one.</param>
    public static void AddTo(
        ManualPage page,
        ManualCommand command,
        string above,
        IReadOnlyList<ManualEntry> everywhere
    )
    {
        var runnable = command.Runnable(above).ToList();
        page.Heading("Synopsis");
        foreach (var (words, one) in runnable)
        {
            page.Line(Typed(words, one));
        }

        page.Heading("Description");
        page.Paragraph(command.Text);
        if (command.Commands.Count == 0)
        {
            Entries(page, "Arguments", command.Arguments);
            Entries(page, "Options", [.. command.Options, .. everywhere]);
            return;
        }

        // What each of them takes is told once.
        var shared = runnable[0]
            .Command.Options.Where(option => runnable.TrueForAll(one => one.Command.Options.Contains(option)))
            .ToList();
        page.Heading("Commands");
        foreach (var (words, one) in runnable)
        {
            page.Subheading(words);
            page.Paragraph(one.Text);
            foreach (var entry in one.Arguments.Concat(one.Options.Except(shared)))
            {
                page.Entry(entry.Spelling, entry.Text);
            }
        }

        Entries(page, "Options", [.. shared, .. everywhere]);
    }

    private static string Typed(string words, ManualCommand command) =>
        string.Join(
            ' ',
            [
                words,
                .. command.Arguments.Select(static one => one.IsRequired ? one.Spelling : $"[{one.Spelling}]"),
                .. command.Options.Where(static one => one.IsRequired).Select(static one => one.Spelling),
                .. command.Options.Any(static one => !one.IsRequired) ? ["[OPTION]..."] : Array.Empty<string>(),
            ]
        );

    private static void Entries(ManualPage page, string title, IReadOnlyList<ManualEntry> entries)
    {
        if (entries.Count == 0)
        {
            return;
        }

        page.Heading(title);
        foreach (var one in entries)
        {
            page.Entry(one.Spelling, one.Text);
        }
    }
}
