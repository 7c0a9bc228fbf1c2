using Backup.Daemon.Jobs;
using Backup.Daemon.Schedule;
using Backup.Metadata.Sqlite;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Daemon.Schedule;

/// <summary>When the block store is groomed without anybody asking.</summary>
public sealed class GroomScheduleTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTime _time = new();
    private SqliteMetadataStore _metadata = null!;

    public async Task InitializeAsync() =>
        _metadata = await SqliteMetadataStore.OpenAsync(_folder.File("metadata.db"), _time);

    public async Task DisposeAsync()
    {
        await _metadata.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task An_hour_after_something_was_removed_and_once_a_day()
    {
        var schedule = new GroomSchedule(_metadata, hour: null, _time);
        (await QueuedInAsync(schedule, TimeSpan.FromHours(23))).ShouldBeEmpty();
        (await QueuedInAsync(schedule, TimeSpan.FromHours(2))).Count.ShouldBe(1);
        schedule.Removed();
        (await QueuedInAsync(schedule, TimeSpan.FromHours(2))).Count.ShouldBe(1);
    }

    [Fact]
    public async Task In_the_hour_that_is_set_once_a_day_whatever_was_removed()
    {
        var hour = 3;
        var schedule = new GroomSchedule(_metadata, hour, _time);
        var queued = new List<DateTimeOffset>();
        for (var day = 0; day < 5; day++)
        {
            schedule.Removed();
            queued.AddRange(await QueuedInAsync(schedule, TimeSpan.FromDays(1)));
        }

        queued.Count.ShouldBe(5);
        queued.ShouldAllBe(at => at.Hour == hour);
        queued.Select(static at => at.Date).ShouldBeUnique();
    }

    [Fact]
    public async Task One_that_was_missed_for_two_days_begins_at_any_hour()
    {
        var hour = (_time.GetUtcNow().Hour + 12) % 24;
        (await QueuedInAsync(new GroomSchedule(_metadata, hour, _time), TimeSpan.FromDays(1))).Count.ShouldBe(1);
        // The appliance is down until six hours before that hour, two days later.
        _time.Advance(TimeSpan.FromDays(2));
        var back = new GroomSchedule(_metadata, hour, _time);
        (await QueuedInAsync(back, TimeSpan.FromMinutes(10))).Count.ShouldBe(1);
    }

    /// <returns>When jobs were queued.</returns>
    private async Task<List<DateTimeOffset>> QueuedInAsync(GroomSchedule schedule, TimeSpan span)
    {
        var queued = new List<DateTimeOffset>();
        for (var end = _time.GetUtcNow() + span; _time.GetUtcNow() < end; _time.Advance(TimeSpan.FromMinutes(10)))
        {
            await schedule.LookAsync(default);
            if (await _metadata.Jobs.TakeAsync([JobKinds.Groom], "me", TimeSpan.FromMinutes(1)) is { } job)
            {
                queued.Add(_time.GetUtcNow());
                await _metadata.Jobs.SucceedAsync(job.Id, "me", "{}");
            }
        }

        return queued;
    }
}
