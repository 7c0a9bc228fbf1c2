using System.Text;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.House;

public class ErrorNumberTests
{
    private const string UpdateSwitch = "BACKUP_UPDATE_DOCS";

    private static readonly string Document = SourceTree.At("docs", "errors.md");

    [Fact]
    public void No_number_stands_for_two_errors()
    {
        ErrorCatalogue.Numbers.Count.ShouldBeGreaterThan(10);
        ErrorCatalogue
            .Numbers.GroupBy(static error => error.Number)
            .Where(static group => group.Count() > 1)
            .Select(static group =>
                $"{group.Key}: {string.Join(", ", group.Select(static one => one.Room + "." + one.Name))}"
            )
            .ShouldBeEmpty();
    }

    [Fact]
    public void Every_number_is_in_the_range_of_its_room()
    {
        ErrorCatalogue
            .Numbers.Where(static error =>
                !ErrorCatalogue.Ranges.TryGetValue(error.Room, out var range)
                || error.Number < range.First
                || error.Number > range.Last
            )
            .ShouldBeEmpty();
        var ranges = ErrorCatalogue.Ranges.Values.OrderBy(static range => range.First).ToArray();
        for (var i = 1; i < ranges.Length; i++)
        {
            ranges[i].First.ShouldBeGreaterThan(ranges[i - 1].Last);
        }
    }

    [Fact]
    public void Every_error_has_a_message_and_a_way_out() =>
        ErrorCatalogue
            .Entries()
            .Where(static error => error.Message.Length == 0 || error.Hint.Length == 0)
            .Select(static error => $"{error.Room}.{error.Name} ({error.Number})")
            .ShouldBeEmpty("a number needs a factory method beside it, with message and hint");

    [Fact]
    public void The_list_in_the_documents_is_that_of_the_code()
    {
        if (Environment.GetEnvironmentVariable(UpdateSwitch) == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Document)!);
            File.WriteAllText(Document, Whole());
        }

        var written = File.Exists(Document) ? File.ReadAllLines(Document) : [];
        var wanted = Whole().Split('\n');
        var missing = wanted.Except(written).ToArray();
        var stale = written.Except(wanted).ToArray();
        (missing.Length + stale.Length).ShouldBe(
            0,
            $"Run this test with {UpdateSwitch}=1 to write docs/errors.md anew.\nTo add:\n"
                + string.Join('\n', missing)
                + "\nTo remove:\n"
                + string.Join('\n', stale)
        );
    }

    private static string Whole()
    {
        var text = new StringBuilder();
        text.Append("# Errors\n\nThe same number stands in logs, in answers of the API and on the command line. ");
        text.Append("Numbers never change their meaning.\nMade from the code: see tests/House/ErrorNumberTests.cs. ");
        text.Append("Words in angle brackets stand for what the error is about.\n\n");
        text.Append("More of those that operators meet most: [troubleshooting.md](troubleshooting.md).\n");
        foreach (var room in ErrorCatalogue.Entries().GroupBy(static error => error.Room))
        {
            var (first, last) = ErrorCatalogue.Ranges[room.Key];
            text.Append(
                $"\n## {room.Key} ({first} to {last})\n\n{ErrorCatalogue.SaidBy[room.Key]}\n\n| code | name | message | what to do | tried again by itself |\n|---|---|---|---|---|\n"
            );
            foreach (var error in room)
            {
                text.Append(error.Row).Append('\n');
            }
        }

        return text.ToString();
    }
}
