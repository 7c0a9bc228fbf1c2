using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.House;

public class ArrowTests
{
    public static TheoryData<string> AllRooms => [.. Rooms.All];

    [Fact]
    public void Every_room_is_in_the_table_of_arrows() =>
        Rooms.All.ShouldBeSubsetOf(Rooms.Arrows.Keys, "add the room, and whom it may import, to Rooms.Arrows");

    [Fact]
    public void The_rooms_of_the_first_issue_are_found()
    {
        // Were none found, every other test here would pass without having looked at anything.
        Rooms.All.Count.ShouldBeGreaterThanOrEqualTo(11);
        Rooms.Assemblies.Count.ShouldBe(Rooms.All.Count);
    }

    [Theory]
    [MemberData(nameof(AllRooms))]
    public void A_project_references_only_whom_it_may(string room) =>
        Rooms.ReferencedProjects(room).ShouldBeSubsetOf(Rooms.Arrows[room]);

    [Theory]
    [MemberData(nameof(AllRooms))]
    public void An_assembly_uses_only_whom_it_may(string room) =>
        Rooms.UsedRooms(room).ShouldBeSubsetOf(Rooms.Arrows[room]);

    [Fact]
    public void The_command_line_starts_the_agent_as_a_process_and_never_references_it()
    {
        Rooms.Arrows["Cli"].ShouldNotContain("Agent");
        Rooms.Arrows.Values.ShouldAllBe(static may => !may.Contains("Agent") && !may.Contains("Cli"));
    }

    [Fact]
    public void The_arrows_never_form_a_circle()
    {
        var done = new HashSet<string>();
        while (done.Count < Rooms.Arrows.Count)
        {
            var next = Rooms.Arrows.FirstOrDefault(room => !done.Contains(room.Key) && room.Value.All(done.Contains));
            next.Key.ShouldNotBeNull($"a circle among {string.Join(", ", Rooms.Arrows.Keys.Except(done))}");
            done.Add(next.Key);
        }
    }

    [Theory]
    [MemberData(nameof(AllRooms))]
    public void A_file_is_in_the_namespace_of_its_room(string room)
    {
        var wrong =
            from file in Rooms.SourceFiles(room)
            from line in File.ReadLines(file)
            where line.StartsWith("namespace ", StringComparison.Ordinal)
            let name = line["namespace ".Length..].TrimEnd(';', ' ')
            where name != $"Backup.{room}" && !name.StartsWith($"Backup.{room}.", StringComparison.Ordinal)
            select $"{Path.GetRelativePath(SourceTree.Root, file)}: {name}";
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void No_file_is_longer_than_a_reader_can_hold()
    {
        const int longest = 600;
        var tooLong =
            from folder in (string[])[.. Rooms.All, "tests"]
            from file in Rooms.SourceFiles(folder)
            let lines = File.ReadLines(file).Count()
            where lines > longest
            select $"{Path.GetRelativePath(SourceTree.Root, file)}: {lines} lines";
        tooLong.ShouldBeEmpty();
    }
}
