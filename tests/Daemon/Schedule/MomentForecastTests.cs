using Backup.Daemon.Schedule;
using Shouldly;
using Xunit;
using static Backup.Tests.Daemon.OplogRetentionTests;

namespace Backup.Tests.Daemon.Schedule;

/// <summary>What is foretold of moments is what comes: the same history with a snapshot after each of nine hours, forecast and then groomed.</summary>
public sealed class MomentForecastTests
{
    [Theory]
    [InlineData(24)]
    [InlineData(5.5)]
    [InlineData(0)]
    public async Task A_shorter_window_loses_what_was_foretold(double window)
    {
        await using var daemon = await StartAsync();
        var lost = await ForecastAsync(daemon, window);
        var before = (await daemon.TimelineAsync()).Ranges.ShouldHaveSingleItem();
        await GroomAsync(daemon, window);
        var after = (await daemon.TimelineAsync()).Ranges.ShouldHaveSingleItem();
        if (after.From == before.From)
        {
            lost.ShouldBeEmpty();
        }
        else
        {
            lost.ShouldHaveSingleItem().ShouldBe(new LostMoments(before.From, after.From));
        }

        (lost.Count == 0).ShouldBe(window > 10);
    }

    [Fact]
    public async Task Without_its_base_a_moment_is_replayed_from_the_one_before_and_without_any_it_is_lost()
    {
        await using var daemon = await StartAsync();
        var snapshots = await daemon.Metadata.Snapshots.ListAsync(daemon.Source.Set.Id);
        var (oldest, second) = (snapshots[^1].Id, snapshots[^2].Id);
        (await ForecastAsync(daemon, 24, second)).ShouldBeEmpty();
        (await ForecastAsync(daemon, 24, oldest)).ShouldBe([new LostMoments(At(0), At(1))]);
        (await ForecastAsync(daemon, 24, [.. snapshots.Select(one => one.Id)])).ShouldBe([
            new LostMoments(At(0), At(8)),
        ]);

        await daemon.Metadata.Snapshots.DeleteAsync(oldest, evenLast: false);
        await GroomAsync(daemon, 24);
        (await daemon.TimelineAsync()).Ranges.ShouldHaveSingleItem().From.ShouldBe(At(1));
    }

    [Fact]
    public async Task A_snapshot_has_for_itself_what_neither_its_neighbours_nor_the_head_have()
    {
        await using var daemon = await StartAsync();
        var snapshots = await daemon.Metadata.Snapshots.ListAsync(daemon.Source.Set.Id);
        var freed = new FreedBytes(daemon.Metadata, daemon.Blocks);
        var newest = await freed.AtMostAsync(snapshots[0]);
        newest.ShouldNotBeNull();
        foreach (var snapshot in snapshots)
        {
            var bytes = (await freed.AtMostAsync(snapshot)).ShouldNotBeNull();
            bytes.ShouldBeInRange(0, snapshot.StoredBytes);
        }

        newest.ShouldBe(0, "the head is at the same entry");
        var alone = snapshots[3] with { ManifestBlock = new string('0', 64) };
        (await freed.AtMostAsync(alone)).ShouldBeNull("it cannot be read");
    }

    private static async Task<IReadOnlyList<LostMoments>> ForecastAsync(
        DaemonFixture daemon,
        double window,
        params string[] gone
    )
    {
        var set = (await daemon.Metadata.Deployments.FindReplicaSetAsync(daemon.Source.Set.Id))!;
        return await new MomentForecast(daemon.RestoreServices()).OfSetAsync(
            set,
            one => !gone.Contains(one.Id),
            TimeSpan.FromHours(window)
        );
    }
}
