using System.CommandLine;
using System.Globalization;
using Backup.Cli.Configuration;
using Backup.Foundation.Manual;

namespace Backup.Cli.Manual;

/// <summary>Every page of the manual of <c>backup</c>: of the program, of each of its commands, and of its configuration file.</summary>
internal static class ManualPages
{
    /// <summary>Set by who builds packages, so that the same source gives the same bytes: the seconds of Unix of the last change.</summary>
    internal const string DateVariable = "SOURCE_DATE_EPOCH";

    private const string Program = "backup";

    private static readonly IReadOnlyList<(string Code, string Text)> Exits =
    [
        ("0", "Done."),
        ("1", "Failed; the error has a number: backup explain NUMBER."),
        ("2", "The command was not understood."),
        ("3", "Done in part; what is missing is told."),
        ("10", "There is no such thing."),
        ("11", "Another process works on it."),
        ("12", "Not allowed."),
        ("130", "Interrupted."),
    ];

    /// <summary>Of every command that asks an appliance.</summary>
    private static readonly IReadOnlyList<(string Name, string Text)> Variables =
    [
        ("BACKUP_DATA", "The appliance's data folder, where --data does not name one."),
        (Appliance.ApplianceChoice.ServerVariable, "An appliance on another host, where --server does not name one."),
        (Appliance.ApplianceChoice.TokenFileVariable, "A file with an API token, with it."),
        (Appliance.ApplianceChoice.CaFileVariable, "The certificates that its own has to be signed by, with it."),
        (ApplianceConfiguration.FileVariable, "The configuration file, where --config does not name one."),
    ];

    /// <param name="root">The commands as they are parsed.</param>
    internal static IReadOnlyList<ManualPage> All(RootCommand root)
    {
        var tree = CommandTree.Of(root);
        IReadOnlyList<ManualEntry> everywhere = [.. tree.Options];
        return [OfProgram(tree), .. tree.Commands.Select(command => OfCommand(command, everywhere)), OfConfiguration()];
    }

    private static ManualPage Make(string name, int section, string summary) =>
        new(name, section, summary, ProductVersion(), Date());

    private static ManualPage OfProgram(ManualCommand tree)
    {
        var page = Make(Program, 1, "back up MongoDB continuously, and restore any second");
        page.Heading("Synopsis");
        page.Line($"{Program} COMMAND [ARGUMENT]... [OPTION]...");
        page.Heading("Description");
        page.Paragraph(tree.Text);
        page.Paragraph(
            $"Each command has a page of its own, and tells what it does with --help. With --json it prints JSON for scripts, whose fields only ever grow."
        );
        page.Heading("Commands");
        foreach (var one in tree.Commands)
        {
            page.Entry($"{Program} {one.Name}", $"{one.Text.TrimEnd('.')}: see {Program}-{one.Name}(1)");
        }

        page.Heading("Options");
        foreach (var one in tree.Options)
        {
            page.Entry(one.Spelling, one.Text);
        }

        Close(page);
        return page;
    }

    private static ManualPage OfCommand(ManualCommand command, IReadOnlyList<ManualEntry> everywhere)
    {
        var page = Make($"{Program}-{command.Name}", 1, command.Text);
        // Of all commands --help alone; what the version is, the program says.
        CommandSections.AddTo(
            page,
            command,
            Program,
            [.. everywhere.Where(static one => !one.Spelling.Contains("version", StringComparison.Ordinal))]
        );
        Close(page);
        return page;
    }

    private static void Close(ManualPage page)
    {
        page.Heading("Exit status");
        foreach (var (code, text) in Exits)
        {
            page.Entry(code, text);
        }

        page.Heading("Environment");
        foreach (var (name, text) in Variables)
        {
            page.Entry(name, text);
        }

        page.Heading("Files");
        page.Entry(ApplianceConfiguration.DefaultFile, "The configuration: see backup-appliance.yaml(5)");
        page.Heading("See also");
        page.Paragraph(
            page.Name == Program
                ? "backup-agent(8), backup-appliance.yaml(5)"
                : "backup(1), backup-agent(8), backup-appliance.yaml(5)"
        );
    }

    private static ManualPage OfConfiguration()
    {
        var page = Make("backup-appliance.yaml", 5, "configuration of the backup appliance");
        page.Heading("Synopsis");
        page.Line(ApplianceConfiguration.DefaultFile);
        page.Heading("Description");
        page.Paragraph(
            "YAML. What is not in it has its default. Each key can be set by an environment variable too, which goes before the file; options of 'backup up' go before both. "
                + "A dot in a key is a level: log.level is the key level below the key log. 'backup config default' prints a file with every key, 'backup config check' tells everything that is wrong with one."
        );
        page.Heading("Keys");
        foreach (var one in Settings.All)
        {
            var normal = one.Default.Length > 0 ? $" Default: {one.Default}." : "";
            page.Entry(
                one.Key,
                $"{one.Text} It is {one.Range}.{normal}{(one.IsLive ? " A reload is enough." : "")} Variable: {one.Variable}."
            );
        }

        page.Heading("See also");
        page.Paragraph("backup(1), backup-up(1), backup-config(1)");
        return page;
    }

    /// <summary>Three numbers.</summary>
    internal static string ProductVersion() => typeof(ManualPages).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    private static DateOnly? Date() =>
        long.TryParse(
            Environment.GetEnvironmentVariable(DateVariable),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var seconds
        )
            ? DateOnly.FromDateTime(DateTimeOffset.FromUnixTimeSeconds(seconds).UtcDateTime)
            : null;
}
