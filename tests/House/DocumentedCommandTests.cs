using System.Text.RegularExpressions;
using Backup.Cli.Commands;
using Backup.Tests.Support;
using Backup.Tests.Support.Documented;
using Shouldly;
using Xunit;

namespace Backup.Tests.House;

/// <summary>Every command that the documents show is understood as it is shown, and is run by a test, or named with the reason why not.</summary>
public sealed class DocumentedCommandTests
{
    [Fact]
    public void EveryCommandIsUnderstoodAsItIsShown()
    {
        DocumentedCommand.All.Count.ShouldBeGreaterThan(100);
        var root = BackupCommands.Root();
        DocumentedCommand
            .All.Select(one => (one, Errors: root.Parse(WithoutRest(one.Words)).Errors))
            .Where(static one => one.Errors.Count > 0)
            .Select(static one => $"{one.one}: {string.Join(' ', one.Errors.Select(static error => error.Message))}")
            .ShouldBeEmpty();
    }

    [Fact]
    public void EveryCommandHasItsPlanAndEveryPlanItsCommand()
    {
        var shown = DocumentedCommand.All.Select(static one => one.Text).ToHashSet(StringComparer.Ordinal);
        DocumentedCommand
            .All.Where(static one => !DocumentedPlan.All.ContainsKey(one.Text))
            .ShouldBeEmpty("say in tests/Support/Documented/DocumentedPlan.cs whether it is run, or why not");
        DocumentedPlan.All.Keys.Except(shown).ShouldBeEmpty("they stand in no document");
        DocumentedPlan.All.Values.Count(static one => one.Because is null).ShouldBeGreaterThan(70);
    }

    /// <summary>A command that needs more than the sandbox is run by another test, or the reason is that nothing of the kind is at hand.</summary>
    [Fact]
    public void WhoIsSaidToRunACommandDoes()
    {
        var wrong = new List<string>();
        foreach (var (text, plan) in DocumentedPlan.All.Where(static one => one.Value.By is not null))
        {
            var files = Directory.GetFiles(
                SourceTree.At("tests", "EndToEnd"),
                plan.By + ".cs",
                SearchOption.AllDirectories
            );
            var verbs = text.Split(' ')[1..].TakeWhile(static word => word.All(char.IsAsciiLetterLower)).ToList();
            // The verbs as a test spells them, one literal behind the other; what they are about stands behind them, or in variables.
            var pattern = string.Join(@"[\s,]*", VerbsOf(verbs).Select(static one => $"\"{Regex.Escape(one)}\""));
            if (
                files is not [{ } file]
                || !Regex.IsMatch(File.ReadAllText(file), pattern, RegexOptions.None, TimeSpan.FromSeconds(5))
            )
            {
                wrong.Add($"{text}: {plan.By} has no {pattern}");
            }
        }

        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void CommandsAreTakenOutOfTheirLines()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("x.md");
        File.WriteAllText(
            path,
            "backup outside\n```\n./backup a 'b # c' \"d\"   # why\nbackup e --output - | ssh host\nbackupper\n```\n```yaml\nbackup no\n```\n"
        );
        var found = DocumentedCommand.Of(path).ToList();
        found
            .Select(static one => (one.Line, one.Text))
            .ShouldBe([(3, "backup a 'b # c' \"d\""), (4, "backup e --output -")]);
        found[0].Words.ShouldBe(["a", "b # c", "d"]);
    }

    /// <summary>Dots at the end say that more may follow; behind an option they are its value.</summary>
    private static string[] WithoutRest(IReadOnlyList<string> words) =>
        words is [.., { } before, "…"] && !before.StartsWith("--", StringComparison.Ordinal)
            ? [.. words.SkipLast(1)]
            : [.. words];

    private static IEnumerable<string> VerbsOf(List<string> words)
    {
        var command = (System.CommandLine.Command)BackupCommands.Root();
        foreach (var word in words)
        {
            if (command.Subcommands.FirstOrDefault(one => one.Name == word) is not { } next)
            {
                yield break;
            }

            command = next;
            yield return word;
        }
    }
}
