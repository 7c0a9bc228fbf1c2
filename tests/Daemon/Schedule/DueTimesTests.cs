using Backup.Daemon.Schedule;
using Backup.Metadata;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Backup.Tests.Daemon.Schedule;

public sealed class DueTimesTests
{
    private static readonly DateTimeOffset Midnight = new(2026, 11, 22, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Of an early release: no time of day.</summary>
    private static readonly SnapshotPolicy EverySixHours = new(
        "r1",
        TimeSpan.FromHours(6),
        Midnight.AddHours(1),
        TimeSpan.FromDays(2),
        TimeSpan.FromHours(24)
    );

    [Theory]
    [InlineData(1, 1)]
    [InlineData(6.9, 1)]
    [InlineData(7, 7)]
    [InlineData(0.5, -5)]
    [InlineData(-30, -35)]
    public void Due_times_lie_at_the_reference_and_every_interval_before_and_after(double now, double due)
    {
        new DueTimes(EverySixHours).Last(Midnight.AddHours(now)).ShouldBe(Midnight.AddHours(due));
        var today = EverySixHours with { At = new TimeOnly(1, 0) };
        new DueTimes(today).Last(Midnight.AddHours(now)).ShouldBe(Midnight.AddHours(due), "in UTC it is the same");
    }

    [Fact]
    public void The_first_snapshot_is_due_at_once() =>
        SnapshotSchedule.IsDue(EverySixHours, [], Midnight).ShouldBeTrue();

    [Fact]
    public void A_snapshot_since_the_last_due_time_is_enough()
    {
        SnapshotSchedule.IsDue(EverySixHours, [Midnight.AddHours(7.1)], Midnight.AddHours(8)).ShouldBeFalse();
        SnapshotSchedule.IsDue(EverySixHours, [Midnight.AddHours(6.9)], Midnight.AddHours(8)).ShouldBeTrue();
        // Taken while a clock was a year ahead.
        DateTimeOffset[] wrong = [Midnight.AddYears(1), Midnight.AddHours(6.9)];
        SnapshotSchedule.IsDue(EverySixHours, wrong, Midnight.AddHours(8)).ShouldBeTrue();
        SnapshotSchedule.IsDue(EverySixHours, [.. wrong, Midnight.AddHours(7.5)], Midnight.AddHours(8)).ShouldBeFalse();
    }

    [Fact]
    public void Two_in_the_morning_stays_two_in_the_morning_over_a_change_of_the_clocks()
    {
        // In 2026 the clocks of Berlin are put forward on 29 March at 01:00 UTC, and back on 25 October at 01:00 UTC.
        Next("Europe/Berlin", "03:30", 24, "2026-03-27T12:00Z", 3)
            .ShouldBe(["2026-03-28T02:30Z", "2026-03-29T01:30Z", "2026-03-30T01:30Z"]);
        Next("Europe/Berlin", "03:30", 24, "2026-10-23T12:00Z", 3)
            .ShouldBe(["2026-10-24T01:30Z", "2026-10-25T02:30Z", "2026-10-26T02:30Z"]);
    }

    [Fact]
    public void What_would_be_due_in_the_hour_that_is_left_out_is_due_when_it_ends()
    {
        Next("Europe/Berlin", "02:30", 24, "2026-03-27T12:00Z", 3)
            .ShouldBe(["2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z"]);
        // A quarter of an hour apart: four of them fall together with the first after that hour.
        Next("Europe/Berlin", "00:00", 0.25, "2026-03-29T00:30Z", 4)
            .ShouldBe(["2026-03-29T00:45Z", "2026-03-29T01:00Z", "2026-03-29T01:15Z", "2026-03-29T01:30Z"]);
    }

    [Fact]
    public void What_is_due_in_the_hour_that_comes_twice_is_due_once_unless_they_are_no_further_apart()
    {
        Next("Europe/Berlin", "02:00", 24, "2026-10-23T12:00Z", 3)
            .ShouldBe(["2026-10-24T00:00Z", "2026-10-25T00:00Z", "2026-10-26T01:00Z"]);
        Next("Europe/Berlin", "02:00", 6, "2026-10-24T23:00Z", 3)
            .ShouldBe(["2026-10-25T00:00Z", "2026-10-25T07:00Z", "2026-10-25T13:00Z"]);
        Next("Europe/Berlin", "00:00", 1, "2026-10-24T23:30Z", 3)
            .ShouldBe(["2026-10-25T00:00Z", "2026-10-25T01:00Z", "2026-10-25T02:00Z"]);
        Next("Europe/Berlin", "00:00", 0.5, "2026-10-25T00:00Z", 4)
            .ShouldBe(["2026-10-25T00:30Z", "2026-10-25T01:00Z", "2026-10-25T01:30Z", "2026-10-25T02:00Z"]);
    }

    [Fact]
    public void Half_an_hour_a_whole_day_and_a_midnight_that_there_is_not_are_changes_of_the_clocks_too()
    {
        // Lord Howe puts its clocks by half an hour: back on 5 April 2026 at 15:00 UTC of the day before, from +11 to +10:30.
        Next("Australia/Lord_Howe", "01:45", 24, "2026-04-03T00:00Z", 3)
            .ShouldBe(["2026-04-03T14:45Z", "2026-04-04T14:45Z", "2026-04-05T15:15Z"]);
        // Samoa had no 30 December 2011: it went from UTC-10 to UTC+14.
        Next("Pacific/Apia", "12:00", 24, "2011-12-29T12:00Z", 3)
            .ShouldBe(["2011-12-29T22:00Z", "2011-12-30T10:00Z", "2011-12-30T22:00Z"]);
        // Brazil put its clocks forward at midnight until 2018: on 4 November there was none.
        Next("America/Sao_Paulo", "00:00", 24, "2018-11-02T12:00Z", 3)
            .ShouldBe(["2018-11-03T03:00Z", "2018-11-04T03:00Z", "2018-11-05T02:00Z"]);
    }

    [Fact]
    public void Due_times_follow_on_one_another_and_none_is_too_late_in_any_zone()
    {
        var policies =
            from zone in Gen.Elements(
                "UTC",
                "Europe/Berlin",
                "America/New_York",
                "Australia/Lord_Howe",
                "Africa/Casablanca",
                "America/Sao_Paulo",
                "Asia/Kathmandu",
                "Pacific/Apia"
            )
            from minutes in Gen.Elements(15, 20, 30, 60, 90, 120, 180, 360, 480, 720, 1440)
            from at in Gen.Choose(0, 1439)
            from day in Gen.Choose(0, 365 * 40)
            from minute in Gen.Choose(0, 1439)
            select (
                Policy: EverySixHours with
                {
                    Zone = zone,
                    Interval = TimeSpan.FromMinutes(minutes),
                    At = TimeOnly.MinValue.AddMinutes(at),
                },
                Now: new DateTimeOffset(1995, 1, 1, 0, 0, 0, TimeSpan.Zero).AddDays(day).AddMinutes(minute)
            );
        Prop.ForAll(
                policies.ToArbitrary(),
                one =>
                {
                    var (policy, now) = one;
                    var times = new DueTimes(policy);
                    var last = times.Last(now);
                    last.ShouldBeLessThanOrEqualTo(now);
                    times.Last(last).ShouldBe(last);
                    var next = times.Next(now, 5);
                    next.Count.ShouldBe(5);
                    var before = last;
                    foreach (var due in next)
                    {
                        due.ShouldBeGreaterThan(now);
                        times.Last(due).ShouldBe(due);
                        times.Last(due.AddTicks(-1)).ShouldBe(before, "none lies between");
                        // Only where clocks are put back more than they are apart are they further apart, and by no more than that.
                        var longest = policy.Interval + TimeSpan.FromHours(policy.Interval.TotalHours > 1 ? 1 : 0);
                        (due - before).ShouldBeLessThanOrEqualTo(
                            policy.Zone == "Australia/Lord_Howe" ? longest + TimeSpan.FromMinutes(30) : longest
                        );
                        before = due;
                    }
                }
            )
            .QuickCheckThrowOnFailure();
    }

    private static List<string> Next(string zone, string at, double hours, string now, int count)
    {
        var policy = EverySixHours with
        {
            Zone = zone,
            At = TimeOnly.Parse(at, System.Globalization.CultureInfo.InvariantCulture),
            Interval = TimeSpan.FromHours(hours),
        };
        var from = DateTimeOffset.Parse(now, System.Globalization.CultureInfo.InvariantCulture);
        return
        [
            .. new DueTimes(policy).Next(from, count).Select(due => due.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm'Z'")),
        ];
    }
}
