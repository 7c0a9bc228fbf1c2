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

        var expired = SnapshotSchedule.Expired(snapshots, Midnight.AddYears(1));

        expired.Select(snapshot => snapshot.Id).ShouldBe(["a"]);
    }

    [Fact]
    public void A_snapshot_without_an_end_never_expires() =>
        SnapshotSchedule
            .Expired([Snapshot("b", Midnight), Snapshot("a", expires: null)], Midnight.AddYears(1))
            .ShouldBeEmpty();

    private static SnapshotRecord Snapshot(string id, DateTimeOffset? expires) =>
        new(id, "r1", new Optime(1, 1), "", 0, 0, 0, 0, 0, "policy", Midnight, expires);
}
