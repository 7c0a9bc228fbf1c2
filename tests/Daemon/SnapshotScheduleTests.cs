using Backup.Daemon.Schedule;
using Backup.Foundation;
using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.Daemon;

public sealed class SnapshotScheduleTests
{
    private static readonly DateTimeOffset Midnight = new(2026, 11, 22, 0, 0, 0, TimeSpan.Zero);

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
    public void Due_times_lie_at_the_reference_and_every_interval_before_and_after(double now, double due) =>
        SnapshotSchedule.LastDue(EverySixHours, Midnight.AddHours(now)).ShouldBe(Midnight.AddHours(due));

    [Fact]
    public void The_first_snapshot_is_due_at_once() =>
        SnapshotSchedule.IsDue(EverySixHours, newest: null, Midnight).ShouldBeTrue();

    [Fact]
    public void A_snapshot_since_the_last_due_time_is_enough()
    {
        SnapshotSchedule.IsDue(EverySixHours, Midnight.AddHours(7.1), Midnight.AddHours(8)).ShouldBeFalse();
        SnapshotSchedule.IsDue(EverySixHours, Midnight.AddHours(6.9), Midnight.AddHours(8)).ShouldBeTrue();
    }

    [Fact]
    public void The_newest_snapshot_is_kept_however_old_it_is()
    {
        var snapshots = new[] { Snapshot("b", Midnight.AddDays(1)), Snapshot("a", Midnight) };

        var expired = SnapshotSchedule.Expired(snapshots, [], TimeSpan.Zero, Midnight.AddYears(1));

        expired.Select(snapshot => snapshot.Id).ShouldBe(["a"]);
    }

    [Fact]
    public void A_snapshot_without_an_end_never_expires() =>
        SnapshotSchedule
            .Expired([Snapshot("b", Midnight), Snapshot("a", expires: null)], [], TimeSpan.Zero, Midnight.AddYears(1))
            .ShouldBeEmpty();

    [Fact]
    public void The_window_keeps_the_snapshot_that_its_first_moment_needs()
    {
        var now = Midnight.AddDays(10);
        var snapshots = new[]
        {
            At("d", now),
            At("c", now.AddHours(-20)),
            At("b", now.AddHours(-24)),
            At("a", now.AddHours(-40)),
        };

        SnapshotSchedule
            .Expired(snapshots, [], TimeSpan.FromHours(24), now)
            .Select(snapshot => snapshot.Id)
            .ShouldBe(
                ["c", "a"],
                "d is the newest, b the base of the window's start, and from b to d it is not further than a day"
            );
        SnapshotSchedule
            .Expired(snapshots, [], TimeSpan.Zero, now)
            .Select(snapshot => snapshot.Id)
            .ShouldBe(["c", "b", "a"]);
    }

    [Fact]
    public void In_a_long_window_no_moment_is_further_than_a_day_from_its_base()
    {
        var now = Midnight.AddDays(100);
        var window = TimeSpan.FromDays(30);
        var snapshots = Enumerable.Range(0, 400).Select(n => At($"{n}", now.AddHours(-6 * n))).ToList();
        for (var removed = true; removed; )
        {
            var expired = SnapshotSchedule.Expired(snapshots, [], window, now).Select(one => one.Id).ToHashSet();
            removed = snapshots.RemoveAll(one => expired.Contains(one.Id)) > 0;
        }

        var kept = snapshots.Select(one => one.Optime.WallClock).Reverse().ToList();
        (now - kept[0]).ShouldBe(window);
        kept.Zip(kept.Skip(1), (earlier, later) => later - earlier).Max().ShouldBe(TimeSpan.FromDays(1));
        kept.Count.ShouldBe(31, "none is kept that is not needed");
    }

    [Fact]
    public void A_sync_that_lies_before_the_window_needs_no_snapshot()
    {
        var now = Midnight.AddDays(10);
        SnapshotRecord[] snapshots =
        [
            At("d", now.AddHours(-1)) with
            {
                SyncId = "s2",
            },
            At("c", now.AddHours(-10)) with
            {
                SyncId = "s2",
            },
            At("b", now.AddHours(-11)) with
            {
                SyncId = "s1",
            },
            At("a", now.AddHours(-30)) with
            {
                SyncId = "s1",
            },
        ];
        List<string> Expired(double hours) =>
            [.. SnapshotSchedule.Expired(snapshots, [], TimeSpan.FromHours(hours), now).Select(one => one.Id)];

        Expired(24).ShouldBe(["b"], "moments between a and the end of s1 need a alone");
        Expired(9).ShouldBe(["b", "a"]);
    }

    /// <summary>Of that moment, its time over.</summary>
    private static SnapshotRecord At(string id, DateTimeOffset moment) =>
        Snapshot(id, Midnight) with
        {
            Optime = new Optime((uint)moment.ToUnixTimeSeconds(), 1),
        };

    private static SnapshotRecord Snapshot(string id, DateTimeOffset? expires) =>
        new(id, "r1", new Optime(1, 1), "", 0, 0, 0, 0, 0, "policy", Midnight, expires);
}
