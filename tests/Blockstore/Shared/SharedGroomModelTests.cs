using Backup.Tests.Blockstore.Mongo;
using Backup.Tests.Blockstore.S3;
using Backup.Tests.Support;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Backup.Tests.Blockstore.Shared;

/// <summary>
/// Several processes on one store, in any order, hung and killed at any moment, grooms in between and over each other: nothing that one of them needs is
/// ever lost, unless it was told so before it could publish, and all that nobody needs goes in the end.
/// </summary>
public sealed class SharedGroomModelTests(SandboxPlace sandbox) : IClassFixture<SandboxPlace>
{
    [Fact]
    public void On_the_sandbox() => Check(() => new MongoWorldPlace(sandbox));

    [Fact]
    public void On_a_bucket_in_memory() => Check(static () => new S3WorldPlace(new MemoryBlobs()));

    [Fact]
    public async Task Kills_losses_and_refusals_are_met_on_the_way()
    {
        ShouldHaveMetAll(await RunLongAsync(new MongoWorldPlace(sandbox), 7, 3000));
        ShouldHaveMetAll(await RunLongAsync(new S3WorldPlace(new MemoryBlobs()), 7, 9000));
    }

    [RealMongoFact]
    public async Task On_a_real_server()
    {
        var place = new RealPlace();
        await place.InitializeAsync();
        try
        {
            (await RunLongAsync(new MongoWorldPlace(place), 11, 1000)).Removed.ShouldBeGreaterThan(0);
        }
        finally
        {
            await place.DisposeAsync();
        }
    }

    [S3ServerFact]
    public async Task On_a_server_of_S3()
    {
        await using var server = await S3Server.StartAsync();
        (await RunLongAsync(new S3WorldPlace(await server.BlobsAsync()), 11, 200)).Kills.ShouldBeGreaterThan(0);
    }

    /// <summary>Each 120 steps long; <c>./test model</c> asks for more.</summary>
    private static int Worlds => 60 * int.Parse(Environment.GetEnvironmentVariable("BACKUP_TEST_ROUNDS") ?? "1");

    private static void Check(Func<IWorldPlace> place) =>
        Prop.ForAll(
                Gen.Choose(0, int.MaxValue).ToArbitrary(),
                Gen.Choose(0, 19).ListOf(120).ToArbitrary(),
                (seed, steps) => RunAsync(place(), seed, steps).GetAwaiter().GetResult()
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(Worlds));

    private static void ShouldHaveMetAll(WorldCounts counts)
    {
        counts.Removed.ShouldBeGreaterThan(5);
        counts.Kills.ShouldBeGreaterThan(10);
        counts.KilledGrooms.ShouldBeGreaterThan(2);
        counts.Lost.ShouldBeGreaterThan(2);
        counts.Refused.ShouldBeGreaterThan(0);
    }

    private static Task<WorldCounts> RunLongAsync(IWorldPlace place, int seed, int steps)
    {
        var random = new Random(seed);
        return RunAsync(place, seed, Enumerable.Range(0, steps).Select(_ => random.Next(20)));
    }

    private static async Task<WorldCounts> RunAsync(IWorldPlace place, int seed, IEnumerable<int> steps)
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
