using System.CommandLine;
using System.Diagnostics;
using Backup.Agent.Commands;
using Backup.Cli.Commands;
using Backup.Cli.Configuration;
using Backup.Cli.Manual;
using Backup.Foundation.Manual;
using Backup.Tests.Support;
using Shouldly;
using Xunit;
using AgentManual = Backup.Agent.Commands.ManCommand;

namespace Backup.Tests.House;

/// <summary>The pages of the manual: they hold every command and option, and what reads such pages has nothing to say against them.</summary>
public sealed class ManualTests
{
    [Fact]
    public void EveryCommandOptionAndArgumentStandsOnAPage()
    {
        var root = BackupCommands.Root();
        var pages = ManualPages.All(root).ToDictionary(static one => one.Name, static one => Plain(one));
        var missing = new List<string>();
        foreach (var top in root.Subcommands)
        {
            pages["backup"].ShouldContain($"backup {top.Name}");
            foreach (var command in Below(top).Where(static one => one.Subcommands.Count == 0))
            {
                missing.AddRange(
                    command
                        .Options.Where(static one => !one.Hidden)
                        .Select(static one => one.Name)
                        .Concat(
                            command
                                .Arguments.Where(static one => !one.Hidden)
                                .Select(static one => one.HelpName ?? one.Name)
                        )
                        .Append(command.Name)
                        .Where(name => !pages[$"backup-{top.Name}"].Contains(name, StringComparison.Ordinal))
                        .Select(name => $"backup-{top.Name}: {command.Name} {name}")
                );
            }
        }

        missing.ShouldBeEmpty();
        pages.Count.ShouldBe(root.Subcommands.Count + 2);
        foreach (var setting in Settings.All)
        {
            pages["backup-appliance.yaml"].ShouldContain(setting.Key);
            pages["backup-appliance.yaml"].ShouldContain(setting.Variable);
        }

        var agent = AgentCommands.Root();
        var page = Plain(AgentManual.PageOf(agent, date: null));
        foreach (var command in Below(agent).Skip(1))
        {
            page.ShouldContain(command.Name);
            command
                .Options.Where(static option => !option.Hidden)
                .ShouldAllBe(option => page.Contains(option.Name, StringComparison.Ordinal));
        }
    }

    /// <summary>Of two options of one name, one would never be heard.</summary>
    [Fact]
    public void NoCommandHasAnOptionTwice()
    {
        foreach (var command in Below(BackupCommands.Root()).Concat(Below(AgentCommands.Root())))
        {
            command
                .Options.SelectMany(static one => one.Aliases.Prepend(one.Name))
                .ShouldBeUnique(customMessage: command.Name);
        }
    }

    [Fact]
    public void TextIsEscapedSoThatItIsReadAsItIsWritten()
    {
        var page = new ManualPage("x", 1, "y", "1.0", new DateOnly(2026, 1, 2));
        page.Paragraph(".dot \\ 'quoted' --option …");
        page.ToString().ShouldContain("\\&.dot \\e \\(aqquoted\\(aq \\-\\-option \\[u2026].\n");
        page.ToString().ShouldStartWith(".TH \"X\" \"1\" \"2026-01-02\" \"Backup 1.0\"");
    }

    [ProgramFact("groff", "apt-get install groff")]
    public async Task GroffHasNoWarning() => await JudgeAsync("groff", ["-man", "-ww", "-Tutf8", "-z"]);

    [ProgramFact("mandoc", "apt-get install mandoc")]
    public async Task MandocHasNoWarning() => await JudgeAsync("mandoc", ["-Tlint", "-Wwarning"]);

    private static async Task JudgeAsync(string program, IReadOnlyList<string> arguments)
    {
        using var folder = new TemporaryFolder();
        var date = new DateOnly(2026, 1, 2);
        ManualPage[] pages =
        [
            .. ManualPages.All(BackupCommands.Root()),
            AgentManual.PageOf(AgentCommands.Root(), date),
        ];
        foreach (var page in pages)
        {
            // The date that who builds packages gives.
            var text = page.ToString()
                .Replace("\" \"\" \"Backup ", "\" \"2026-01-02\" \"Backup ", StringComparison.Ordinal);
            await File.WriteAllTextAsync(folder.File(page.FileName), text);
        }

        (await RunAsync(program, [.. arguments, .. pages.Select(page => folder.File(page.FileName))])).ShouldBeEmpty();
        // It would say so if there were something.
        await File.WriteAllTextAsync(folder.File("bad.1"), ".TH X 1\n.SH NAME\nx \\- y\n.nonsense\n\\[nonsense]\n");
        (await RunAsync(program, [.. arguments, folder.File("bad.1")])).ShouldNotBeEmpty();
    }

    private static async Task<string> RunAsync(string program, IReadOnlyList<string> arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true }
        )!;
        var told = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return string.Concat(told);
    }

    private static IEnumerable<Command> Below(Command command) =>
        command.Subcommands.SelectMany(static one => Below(one)).Prepend(command);

    private static string Plain(ManualPage page) =>
        page.ToString().Replace("\\-", "-", StringComparison.Ordinal).Replace("\\fB", "", StringComparison.Ordinal);
}
