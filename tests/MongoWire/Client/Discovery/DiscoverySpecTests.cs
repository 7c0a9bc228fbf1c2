using System.Text.Json;
using Backup.Tests.Support;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Backup.Tests.MongoWire.Client.Discovery;

/// <summary>
/// The driver specification "server discovery and monitoring", every case of it, run through the very class that clients use; only the
/// monitors' sockets are left out.
/// </summary>
public class DiscoverySpecTests(ITestOutputHelper output)
{
    /// <summary>Frozen: a case that is lost or added without anybody noticing fails here. (Files, phases, skipped files.)</summary>
    private static readonly (int Cases, int Phases, int Skipped) Expected = (177, 395, 0);

    [Fact]
    public async Task Every_case_of_the_specification_holds()
    {
        var failures = new List<string>();
        var skipped = new List<string>();
        var (cases, phases) = (0, 0);
        foreach (var path in Files())
        {
            using var file = JsonDocument.Parse(File.ReadAllBytes(path));
            var name = $"{Path.GetFileName(Path.GetDirectoryName(path))}/{Path.GetFileName(path)}";
            cases++;
            if (ReasonToSkip(file.RootElement) is { } reason)
            {
                skipped.Add($"{name} ({reason})");
                continue;
            }

            await using var run = new DiscoverySpecRun(file.RootElement);
            foreach (var phase in file.RootElement.GetProperty("phases").EnumerateArray())
            {
                phases++;
                failures.AddRange(run.Faults(phase).Select(fault => $"{name}, phase {run.Phase}: {fault}"));
            }
        }

        output.WriteLine($"{cases} cases with {phases} phases, {skipped.Count} skipped:");
        skipped.ForEach(output.WriteLine);
        failures.ShouldBeEmpty();
        (cases, phases, skipped.Count).ShouldBe(Expected);
    }

    private static IEnumerable<string> Files() =>
        Directory
            .EnumerateFiles(
                SourceTree.At("tests", "MongoWire", "specs", "server-discovery-and-monitoring"),
                "*.json",
                SearchOption.AllDirectories
            )
            .Order(StringComparer.Ordinal);

    /// <summary>A load balancer hides the members, which a backup has to know: refused with error 2101 before discovery begins.</summary>
    private static string? ReasonToSkip(JsonElement test) =>
        test.GetProperty("uri").GetString()!.Contains("loadBalanced=true", StringComparison.Ordinal)
            ? "loadBalanced=true is refused"
            : null;
}
