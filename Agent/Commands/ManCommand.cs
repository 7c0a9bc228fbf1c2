using System.CommandLine;
using Backup.Foundation.Manual;

namespace Backup.Agent.Commands;

/// <summary><c>backup-agent man</c>: its page of the manual, made from the same source as the help; the package installs it.</summary>
internal static class ManCommand
{
    internal static Command Create()
    {
        var command = new Command("man", "Print the page of the manual, for 'man -l -'.");
        command.SetAction(static parsed =>
            Console.Out.Write(PageOf((RootCommand)parsed.RootCommandResult.Command, DateOf()).ToString())
        );
        return command;
    }

    /// <param name="root">The commands as they are parsed.</param>
    /// <param name="date">Of the page; null: not told.</param>
    internal static ManualPage PageOf(RootCommand root, DateOnly? date)
    {
        var tree = new ManualCommand("backup-agent", root.Description ?? "", [], [], [.. root.Subcommands.Select(Of)]);
        var page = new ManualPage(
            tree.Name,
            8,
            "agent of the backup appliance for MongoDB",
            AgentCommands.Version,
            date
        );
        CommandSections.AddTo(page, tree, "", [.. root.Options.Select(Of)]);
        page.Heading("Exit status");
        page.Entry($"{AgentExitCodes.Ok}", "Done.");
        page.Entry($"{AgentExitCodes.Failed}", "A numbered error, or something that cannot be backed up.");
        page.Entry($"{AgentExitCodes.Usage}", "The command was not understood.");
        page.Entry($"{AgentExitCodes.NotRunning}", "Of status: no agent runs on the folder.");
        page.Entry($"{AgentExitCodes.StartAgain}", "Of run: it was replaced by a newer build; start it again.");
        page.Heading("Environment");
        page.Entry("BACKUP_AGENT_DATA", "The folder of its identity, where --data does not name one.");
        page.Entry("BACKUP_AGENT_TOKEN", "The token of enroll.");
        page.Heading("Files");
        page.Entry("/var/lib/backup-agent", "Its identity: the server's address, its API key and its certificate.");
        page.Entry("/etc/backup/agent.env", "Variables of its service.");
        page.Heading("See also");
        page.Paragraph("backup(1)");
        return page;
    }

    private static ManualCommand Of(Command command) =>
        new(
            command.Name,
            command.Description ?? "",
            [],
            [.. command.Options.Where(static one => !one.Hidden).Select(Of)],
            []
        );

    private static ManualEntry Of(Option option)
    {
        var names = string.Join(
            ", ",
            [option.Name, .. option.Aliases.Where(static one => one[0] == '-').Order(StringComparer.Ordinal)]
        );
        var isFlag = option.Arity.MaximumNumberOfValues == 0 || option.ValueType == typeof(bool);
        var value = option.HelpName ?? option.Name.TrimStart('-').ToUpperInvariant();
        return new ManualEntry(isFlag ? names : $"{names} {value}", option.Description ?? "", option.Required);
    }

    private static DateOnly? DateOf() =>
        long.TryParse(Environment.GetEnvironmentVariable("SOURCE_DATE_EPOCH"), out var seconds)
            ? DateOnly.FromDateTime(DateTimeOffset.FromUnixTimeSeconds(seconds).UtcDateTime)
            : null;
}
