using Backup.AlertService;
using Backup.AlertService.Watch;
using Shouldly;
using Xunit;

namespace Backup.Tests.AlertService;

/// <summary>When a disk is full, as people are told who look at the store.</summary>
public sealed class DiskOutlookTests
{
    private const long Gigabyte = 1_000_000_000;

    [Fact]
    public async Task It_is_known_after_a_day_by_what_was_watched_and_told_in_whole_days()
    {
        await using var scene = await AlertScene.NewAsync();
        var history = new DiskHistory(scene.Store.Settings);
        var free = 100 * Gigabyte;
        (await LeftAsync()).ShouldBeNull();
        for (var hour = 0; hour <= 48; hour++)
        {
            await history.ForecastAsync([Disk()], scene.Time.GetUtcNow(), default);
            scene.Time.Advance(TimeSpan.FromHours(1));
            free -= Gigabyte / 4;
        }

        (await LeftAsync()).ShouldBe(15, "6 GB a day, and 87.75 GB are free");
        free = Gigabyte;
        (await LeftAsync()).ShouldBe(0.2);

        async Task<double?> LeftAsync() =>
            await DiskOutlook.DaysLeftAsync(scene.Store.Settings, Disk(), scene.Time.GetUtcNow(), default);

        DiskFacts Disk() => new("/data", 200 * Gigabyte, free);
    }
}
