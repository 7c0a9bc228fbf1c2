using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Golden;

/// <summary>
/// Recordings of real servers, replayed exactly: those in <c>BACKUP_GOLDEN_DIR</c>, else in <c>../shared/golden</c>, else the selection in
/// <c>tests/Golden/data</c>.
/// </summary>
public sealed class GoldenTests
{
    private static readonly Recording[] All = [.. Recording.FindAll(Root())];

    public static TheoryData<string> Names => [.. All.Select(r => r.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_recording_of_a_real_server_is_replayed_exactly(string name)
    {
        using var target = new MemoryTarget();
        var runner = new GoldenRunner(All.Single(r => r.Name == name), target);

        runner.Run().ShouldBeEmpty();

        runner.Entries.ShouldBeGreaterThan(0);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_recording_goes_through_flushes_merges_and_manifests_of_a_head_exactly(string name)
    {
        using var target = new HeadTarget(operationsPerFlush: 97);

        new GoldenRunner(All.Single(r => r.Name == name), target).Run().ShouldBeEmpty();
    }

    [Fact]
    public void The_runner_sees_a_document_that_differs()
    {
        using var target = new ForgetfulTarget();

        new GoldenRunner(All.First(r => r.Name.EndsWith("updates", StringComparison.Ordinal)), target)
            .Run()
            .ShouldNotBeEmpty();
    }

    private static string Root()
    {
        string[] places =
        [
            Environment.GetEnvironmentVariable("BACKUP_GOLDEN_DIR") ?? "",
            SourceTree.At("..", "shared", "golden"),
            SourceTree.At("tests", "Golden", "data"),
        ];
        return places.First(place => place.Length > 0 && Directory.Exists(place));
    }
}
