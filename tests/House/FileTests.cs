using System.Text.RegularExpressions;
using System.Xml.Linq;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.House;

public class FileTests
{
    /// <summary>In lines. A file that outgrows it has more than one job.</summary>
    private const int LongestFile = 500;

    [Fact]
    public void No_file_outgrows_what_a_reader_takes_in() =>
        Rooms
            .All.Append("tests")
            .SelectMany(Rooms.SourceFiles)
            .Select(static file =>
                (Path: Path.GetRelativePath(SourceTree.Root, file), Lines: File.ReadLines(file).Count())
            )
            .Where(static file => file.Lines > LongestFile)
            .Select(static file => $"{file.Path}: {file.Lines} lines")
            .ShouldBeEmpty();

    [Fact]
    public void No_room_is_missing_from_the_solution_or_from_this_test()
    {
        var solution = File.ReadAllText(SourceTree.At("Backup.sln"));
        Directory
            .EnumerateFiles(SourceTree.Root, "*.csproj", SearchOption.AllDirectories)
            .Select(static file => Path.GetRelativePath(SourceTree.Root, file))
            .Where(static file => !file.StartsWith(".build", StringComparison.Ordinal))
            .Where(file => !solution.Contains(file.Replace('/', '\\'), StringComparison.Ordinal))
            .ShouldBeEmpty("each project stands in Backup.sln");
        Rooms.All.Except(Rooms.Arrows.Keys).ShouldBeEmpty();
    }

    [Fact]
    public void Every_project_has_its_lock_file() =>
        Directory
            .EnumerateFiles(SourceTree.Root, "*.csproj", SearchOption.AllDirectories)
            .Where(static file => !File.Exists(Path.Combine(Path.GetDirectoryName(file)!, "packages.lock.json")))
            .ShouldBeEmpty("run 'dotnet restore' and commit packages.lock.json");

    [Fact]
    public void Every_package_is_named_with_its_reason_and_used()
    {
        var versions = PackageNames(SourceTree.At("Directory.Packages.props"), "PackageVersion");
        var used = Directory
            .EnumerateFiles(SourceTree.Root, "*.csproj", SearchOption.AllDirectories)
            .Append(SourceTree.At("Directory.Build.props"))
            .SelectMany(static file => PackageNames(file, "PackageReference"))
            .ToHashSet();
        var reasons = File.ReadAllText(SourceTree.At("docs", "dependencies.md"));

        versions.Except(used).ShouldBeEmpty("Directory.Packages.props holds what nobody uses");
        used.Where(name => !reasons.Contains(name, StringComparison.Ordinal))
            .ShouldBeEmpty("docs/dependencies.md gives the reason for each package");
    }

    [Fact]
    public void Every_link_between_the_documents_leads_somewhere() =>
        Directory
            .EnumerateFiles(SourceTree.At("docs"), "*.md", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(SourceTree.Root, "*.md"))
            .SelectMany(static file =>
                Regex
                    .Matches(
                        File.ReadAllText(file),
                        @"\]\((?!https?:|#)([^)#]+)",
                        RegexOptions.None,
                        TimeSpan.FromSeconds(5)
                    )
                    .Select(match => (From: file, To: match.Groups[1].Value))
            )
            .Where(static link => !Path.Exists(Path.Combine(Path.GetDirectoryName(link.From)!, link.To)))
            .Select(static link => $"{Path.GetRelativePath(SourceTree.Root, link.From)}: {link.To}")
            .ShouldBeEmpty();

    private static IEnumerable<string> PackageNames(string file, string element) =>
        XDocument.Load(file).Descendants(element).Select(static package => package.Attribute("Include")!.Value);
}
