using Backup.Daemon.Jobs;
using Backup.Daemon.Schedule;
using Backup.Metadata;
using Backup.Metadata.Sqlite;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Daemon.Schedule;

/// <summary>When a snapshot is proven without anybody asking.</summary>
public sealed class VerifyScheduleTests : IAsyncLifetime
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
    public async Task The_newest_is_verified_once_an_interval_and_never_twice()
    {
        var (schedule, start) = (new VerifySchedule(_metadata, _time), _time.GetUtcNow());
        var policy = SnapshotPolicy.Default("set");
        for (var hour = 0; hour < 7 * 24; hour++)
        {
            await schedule.LookAsync("set", policy, $"s{hour / 6}", start, default);
            _time.Advance(TimeSpan.FromHours(1));
        }

        (await JobsAsync()).ShouldBeEmpty("there is something to verify for less than a week");
        await schedule.LookAsync("set", policy, "s28", start, default);
        _time.Advance(TimeSpan.FromMinutes(2));
        await schedule.LookAsync("set", policy, "s29", start, default);
        (await JobsAsync()).ShouldHaveSingleItem().Arguments.ShouldContain("s28");

        await EndAsync(well: true);
        _time.Advance(TimeSpan.FromDays(7));
        await schedule.LookAsync("set", policy, "s28", start, default);
        (await JobsAsync()).Count.ShouldBe(1, "it is proven, and there is none newer");
        _time.Advance(TimeSpan.FromMinutes(2));
        await schedule.LookAsync("set", policy, "s56", start, default);
        (await JobsAsync()).Count.ShouldBe(2);

        await EndAsync(well: false);
        _time.Advance(TimeSpan.FromDays(7));
        await schedule.LookAsync("set", policy, "s56", start, default);
        (await JobsAsync()).Count.ShouldBe(3, "what could not be proven is tried again");
    }

    [Fact]
    public async Task Where_it_is_switched_off_nothing_is_verified()
    {
        var schedule = new VerifySchedule(_metadata, _time);
        var policy = SnapshotPolicy.Default("set") with { VerifyInterval = TimeSpan.Zero };
        await schedule.LookAsync("set", policy, "s", _time.GetUtcNow().AddDays(-400), default);
        (await JobsAsync()).ShouldBeEmpty();
    }

    private Task<IReadOnlyList<JobRecord>> JobsAsync() => _metadata.Jobs.ListAsync(10);

    private async Task EndAsync(bool well)
    {
        var job = (await _metadata.Jobs.TakeAsync([JobKinds.Verify], "me", TimeSpan.FromMinutes(1)))!;
        _ = well
            ? await _metadata.Jobs.SucceedAsync(job.Id, "me", "{}")
            : await _metadata.Jobs.FailAsync(job.Id, "me", "BK1", "broken", "mend it", retry: false);
    }
}
