using Backup.Daemon.Schedule;
using Backup.Metadata;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Backup.Tests.Daemon.Schedule;

public sealed class RetentionPlannerTests
{
    /// <summary>A Sunday.</summary>
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private static readonly SnapshotPolicy Default = SnapshotPolicy.Default("r1");

    private static readonly SnapshotPolicy BaseAlone = Default with
    {
        DailyRetention = TimeSpan.Zero,
        WeeklyRetention = TimeSpan.Zero,
        MonthlyRetention = TimeSpan.Zero,
    };

    [Fact]
    public void Every_row_keeps_the_last_snapshot_of_its_days_weeks_and_months()
    {
        var items = Every(TimeSpan.FromHours(6), days: 800);
        var plan = Plan(Default, items).Where(one => one.IsKept).ToDictionary(one => one.Id);
        List<string> Of(KeepReason reason) =>
            [.. plan.Values.Where(one => one.Causes.Any(cause => cause.Reason == reason)).Select(one => one.Id)];

        Of(KeepReason.Base).Count.ShouldBe(8, "two days of four each");
        Of(KeepReason.Daily)
            .ShouldBe(
                [
                    "2026-11-22T12",
                    "2026-11-21T18",
                    "2026-11-20T18",
                    "2026-11-19T18",
                    "2026-11-18T18",
                    "2026-11-17T18",
                    "2026-11-16T18",
                    "2026-11-15T18",
                ],
                "seven days and the one that is not over"
            );
        Of(KeepReason.Weekly)
            .ShouldBe(["2026-11-22T12", "2026-11-15T18", "2026-11-08T18", "2026-11-01T18", "2026-10-25T18"]);
        Of(KeepReason.Monthly)
            .ShouldBe([
                "2026-11-22T12",
                "2026-10-31T18",
                "2026-09-30T18",
                "2026-08-31T18",
                "2026-07-31T18",
                "2026-06-30T18",
                "2026-05-31T18",
                "2026-04-30T18",
                "2026-03-31T18",
                "2026-02-28T18",
                "2026-01-31T18",
                "2025-12-31T18",
                "2025-11-30T18",
            ]);
        Of(KeepReason.Last).ShouldBe(["2026-11-22T12"]);
        plan["2026-11-15T18"].Until.ShouldBe(At("2026-11-15T18").TakenAt.AddDays(31));
        plan["2025-12-31T18"].Until.ShouldBe(At("2025-12-31T18").TakenAt.AddDays(366));
    }

    [Fact]
    public void Days_weeks_and_months_are_those_of_the_policys_zone_and_weeks_end_on_its_day()
    {
        // Seven hours to the west of UTC it is still October, and Saturday.
        var items = new[] { At("2026-11-01T08"), At("2026-11-01T06"), At("2026-11-01T02"), At("2026-10-31T20") };
        var policy = BaseAlone with { BaseRetention = TimeSpan.Zero, MonthlyRetention = TimeSpan.FromDays(60) };
        Kept(policy, items).ShouldBe(["2026-11-01T08", "2026-10-31T20"]);
        Kept(policy with { Zone = "America/Denver" }, items).ShouldBe(["2026-11-01T08", "2026-11-01T02"]);

        var days = Every(TimeSpan.FromDays(1), days: 20);
        var weekly = policy with { MonthlyRetention = TimeSpan.Zero, WeeklyRetention = TimeSpan.FromDays(15) };
        Kept(weekly, days).ShouldBe(["2026-11-22T12", "2026-11-15T12", "2026-11-08T12"]);
        Kept(weekly with { WeekEnds = DayOfWeek.Wednesday }, days)
            .ShouldBe(["2026-11-22T12", "2026-11-18T12", "2026-11-11T12"]);
    }

    [Fact]
    public void Where_a_day_has_no_good_snapshot_the_last_one_before_stands_for_the_week_and_the_month()
    {
        var items = new[] { At("2026-11-22T12"), At("2026-11-13T18"), At("2026-11-13T12"), At("2026-10-29T12") };
        var policy = Default with { BaseRetention = TimeSpan.Zero, DailyRetention = TimeSpan.Zero };
        Kept(policy, items).ShouldBe(["2026-11-22T12", "2026-11-13T18", "2026-10-29T12"]);
    }

    [Fact]
    public void An_end_of_its_own_holds_whatever_the_policy_says_and_stands_for_no_day()
    {
        var items = new[]
        {
            At("2026-11-22T12"),
            At("2026-11-16T18") with
            {
                End = Now.AddHours(1),
            },
            At("2026-11-16T12"),
            At("2026-11-16T06"),
            At("2020-01-01T00") with
            {
                End = Now.AddSeconds(1),
            },
        };
        Kept(Default, items).ShouldBe(["2026-11-22T12", "2026-11-16T18", "2026-11-16T12", "2020-01-01T00"]);
        var later = Plan(Default, items, Now.AddHours(2)).Where(one => one.IsKept).Select(one => one.Id);
        later.ShouldBe(["2026-11-22T12", "2026-11-16T12"]);
    }

    [Fact]
    public void The_newest_one_and_what_is_pinned_read_or_a_base_stays_however_old_it_is()
    {
        var items = new[]
        {
            At("2020-01-05T00"),
            At("2020-01-04T00") with
            {
                IsPinned = true,
            },
            At("2020-01-03T00"),
            At("2020-01-02T00") with
            {
                IsBase = true,
            },
            At("2020-01-01T00") with
            {
                IsRead = true,
            },
        };
        var plan = Plan(Default, items);
        plan.Select(one => one.Causes.SingleOrDefault()?.Reason)
            .ShouldBe([KeepReason.Last, KeepReason.Pinned, null, KeepReason.PointInTime, KeepReason.Read]);
        plan.ShouldAllBe(one => one.Until == null);
        // Where something newer is kept beside them, the newest one may go.
        RetentionPlanner.Plan(Default, TimeZoneInfo.Utc, items, Now, keepsLast: false)[0].IsKept.ShouldBeFalse();
    }

    [Fact]
    public void A_pinned_one_has_no_end_until_it_is_unpinned_and_stands_for_its_day()
    {
        var items = new[] { At("2026-11-22T12"), At("2026-11-18T18") with { IsPinned = true }, At("2026-11-18T12") };
        var plan = Plan(Default, items);
        plan[1].Until.ShouldBeNull();
        plan[2].IsKept.ShouldBeFalse();
    }

    [Fact]
    public void Whatever_the_policy_it_keeps_the_last_one_and_a_longer_retention_never_keeps_less()
    {
        Prop.ForAll(
                Cases().ToArbitrary(),
                one =>
                {
                    var kept = Kept(one.Policy, one.Items);
                    kept[0].ShouldBe(one.Items[0].Id);
                    var longer = Kept(one.Longer, one.Items);
                    kept.Except(longer).ShouldBeEmpty();
                    // As time goes by, nothing that was given up would have been needed again.
                    Kept(one.Policy, one.Items, Now.AddHours(one.Hours)).Except(kept).ShouldBeEmpty();
                    // What is kept of what was kept is the same: a second round finds nothing to do.
                    Kept(one.Policy, [.. one.Items.Where(item => kept.Contains(item.Id))]).ShouldBe(kept);
                }
            )
            .QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Each_day_week_and_month_within_its_row_keeps_one_and_only_one_for_that()
    {
        Prop.ForAll(
                Cases().ToArbitrary(),
                one =>
                {
                    var zone = TimeZones.Find(one.Policy.Zone);
                    var plan = Plan(one.Policy, one.Items);
                    var free = one.Items.Where(item => item.End is null).ToList();
                    Check(KeepReason.Daily, one.Policy.DailyRetention, day => day);
                    Check(
                        KeepReason.Weekly,
                        one.Policy.WeeklyRetention,
                        // Counted another way than the planner does: how many ends of weeks lie before it.
                        day =>
                            DateOnly.FromDayNumber((day.DayNumber + 6 - ((int)one.Policy.WeekEnds + 6) % 7) / 7 * 7 + 7)
                    );
                    Check(KeepReason.Monthly, one.Policy.MonthlyRetention, day => new DateOnly(day.Year, day.Month, 1));

                    void Check(KeepReason reason, TimeSpan row, Func<DateOnly, DateOnly> of)
                    {
                        var expected = free.GroupBy(item =>
                                of(DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(item.TakenAt, zone).DateTime))
                            )
                            .Select(group => group.MaxBy(item => item.TakenAt)!)
                            .Where(item => item.TakenAt + row > Now && row > TimeSpan.Zero)
                            .Select(item => item.Id);
                        plan.Where(keeping => keeping.Causes.Any(cause => cause.Reason == reason))
                            .Select(keeping => keeping.Id)
                            .ShouldBe(expected, $"{reason}");
                    }
                }
            )
            .QuickCheckThrowOnFailure();
    }

    /// <summary>A year and more of snapshots, some of them marked, and two policies of which one keeps nothing shorter than the other.</summary>
    private static Gen<Case> Cases() =>
        from gaps in Gen.Choose(1, 70).ListOf(200)
        from marks in Gen.Choose(0, 11).ListOf(200)
        from rows in Gen.Choose(0, 400).ListOf(4)
        from more in Gen.Choose(0, 300).ListOf(4)
        from zone in Gen.Elements("UTC", "Europe/Berlin", "Pacific/Auckland", "America/Los_Angeles")
        from week in Gen.Choose(0, 6)
        from hours in Gen.Choose(0, 5000)
        select new Case(
            With(zone, week, [.. rows]),
            With(zone, week, [.. rows.Zip(more, (row, extra) => row + extra)]),
            Items([.. gaps], [.. marks]),
            hours
        );

    private static SnapshotPolicy With(string zone, int week, int[] days) =>
        Default with
        {
            Zone = zone,
            WeekEnds = (DayOfWeek)week,
            BaseRetention = TimeSpan.FromDays(days[0]) / 10,
            DailyRetention = TimeSpan.FromDays(days[1]),
            WeeklyRetention = TimeSpan.FromDays(days[2]),
            MonthlyRetention = TimeSpan.FromDays(days[3]),
        };

    private static List<RetentionItem> Items(int[] gaps, int[] marks)
    {
        var at = Now;
        return
        [
            .. gaps.Select(
                (gap, n) =>
                {
                    at = at.AddHours(-gap);
                    return new RetentionItem($"{n}", at)
                    {
                        IsPinned = marks[n] == 0,
                        IsBase = marks[n] == 1,
                        End = marks[n] switch
                        {
                            2 => at.AddDays(200),
                            3 => at.AddDays(3),
                            _ => null,
                        },
                    };
                }
            ),
        ];
    }

    private static List<RetentionItem> Every(TimeSpan interval, int days) =>
        [
            .. Enumerable
                .Range(0, (int)(TimeSpan.FromDays(days) / interval))
                .Select(n => Now - (n * interval))
                .Select(at => new RetentionItem(at.ToString("yyyy-MM-dd'T'HH"), at)),
        ];

    private static RetentionItem At(string hour) =>
        new(hour, DateTimeOffset.Parse(hour + ":00Z", System.Globalization.CultureInfo.InvariantCulture));

    private static IReadOnlyList<Keeping> Plan(
        SnapshotPolicy policy,
        IReadOnlyList<RetentionItem> items,
        DateTimeOffset? now = null
    ) => RetentionPlanner.Plan(policy, TimeZones.Find(policy.Zone), items, now ?? Now);

    private static List<string> Kept(
        SnapshotPolicy policy,
        IReadOnlyList<RetentionItem> items,
        DateTimeOffset? now = null
    ) => [.. Plan(policy, items, now).Where(one => one.IsKept).Select(one => one.Id)];

    private sealed record Case(
        SnapshotPolicy Policy,
        SnapshotPolicy Longer,
        IReadOnlyList<RetentionItem> Items,
        int Hours
    );
}
