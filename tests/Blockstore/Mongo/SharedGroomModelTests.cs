using Backup.Tests.Support;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Backup.Tests.Blockstore.Mongo;

/// <summary>
/// Several processes on one store, in any order, hung and killed at any moment, grooms in between and over each other: nothing that one of them needs is
/// ever lost, unless it was told so before it could publish, and all that nobody needs goes in the end.
/// </summary>
public sealed class SharedGroomModelTests(SandboxPlace sandbox) : IClassFixture<SandboxPlace>
{
    [Fact]
    public void What_is_needed_stays_and_all_else_goes() =>
        Prop.ForAll(
                Gen.Choose(0, int.MaxValue).ToArbitrary(),
                Gen.Choose(0, 19).ListOf(120).ToArbitrary(),
                (seed, steps) => RunAsync(sandbox, seed, steps).GetAwaiter().GetResult()
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    [Fact]
    public async Task Kills_losses_and_refusals_are_met_on_the_way() =>
        ShouldHaveMetAll(await RunLongAsync(sandbox, 7, 3000));

    [RealMongoFact]
    public async Task The_same_on_a_real_server()
    {
        var place = new RealPlace();
        await place.InitializeAsync();
        try
        {
            (await RunLongAsync(place, 11, 1000)).Removed.ShouldBeGreaterThan(0);
        }
        finally
        {
            await place.DisposeAsync();
        }
    }

    private static void ShouldHaveMetAll(WorldCounts counts)
    {
        counts.Removed.ShouldBeGreaterThan(5);
        counts.Kills.ShouldBeGreaterThan(10);
        counts.KilledGrooms.ShouldBeGreaterThan(2);
        counts.Lost.ShouldBeGreaterThan(2);
        counts.Refused.ShouldBeGreaterThan(0);
    }

    private static Task<WorldCounts> RunLongAsync(MongoPlace place, int seed, int steps)
    {
        var random = new Random(seed);
        return RunAsync(place, seed, Enumerable.Range(0, steps).Select(_ => random.Next(20)));
    }

    private static async Task<WorldCounts> RunAsync(MongoPlace place, int seed, IEnumerable<int> steps)
    {
        await using var world = await SharedWorld.OpenAsync(place, seed);
        foreach (var step in steps)
        {
            await world.ActAsync(step);
        }

        await world.ExpectNothingElseAsync();
        return world.Counts;
    }
}
