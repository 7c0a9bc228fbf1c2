using Backup.Daemon.Schedule;
using Backup.Foundation;
using Backup.Metadata;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Backup.Tests.Daemon.Schedule;

public sealed class WindowBasesTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_windows_first_moment_has_a_base_and_no_other_is_further_than_a_day_from_one()
    {
        SnapshotRecord[] snapshots = [At("d", 0), At("c", -20), At("b", -24), At("a", -40)];
        Needed(snapshots, 24).ShouldBe(["a", "c"], "from a to c and from c to d it is not further than a day");
        Needed(snapshots, 19).ShouldBe(["c"]);
        Needed(snapshots, 0).ShouldBeEmpty();
    }

    [Fact]
    public void A_long_window_needs_one_a_day()
    {
        var snapshots = Enumerable.Range(0, 400).Select(n => At($"{n}", -6 * n)).ToList();
        var kept = snapshots.Where(one => Of(snapshots, 30 * 24).Contains(one.Id) || one.Id == "0").ToList();
        var times = kept.Select(one => one.Optime.WallClock).Reverse().ToList();
        (Now - times[0]).TotalDays.ShouldBeInRange(30, 31);
        times.Zip(times.Skip(1), (earlier, later) => later - earlier).Max().ShouldBe(TimeSpan.FromDays(1));
        kept.Count.ShouldBe(32);
        // What was not needed is gone: the rest is needed still.
        Of(kept, 30 * 24).Count.ShouldBe(31);
    }

    [Fact]
    public void A_sync_that_lies_before_the_window_needs_no_snapshot()
    {
        SnapshotRecord[] snapshots =
        [
            At("d", -1) with
            {
                SyncId = "s2",
            },
            At("c", -10) with
            {
                SyncId = "s2",
            },
            At("b", -11) with
            {
                SyncId = "s1",
            },
            At("a", -30) with
            {
                SyncId = "s1",
            },
        ];
        Needed(snapshots, 24).ShouldBe(["a", "c"], "moments between a and the end of s1 need a alone");
        Needed(snapshots, 9).ShouldBe(["c"]);
    }

    [Fact]
    public void The_snapshot_at_a_seam_is_needed_since_replaying_from_before_it_does_not_lead_behind_it()
    {
        SnapshotRecord[] snapshots = [At("d", 0), At("c", -2), At("b", -3), At("a", -30)];
        var seam = new TimelineEvent("r1", "", snapshots[2].Optime, TimelineEventKind.Copied, "a.b", "", Now);
        WindowBases.Of(snapshots, [seam], TimeSpan.FromHours(24), Now).ShouldBe(["a", "b"], ignoreOrder: true);
        WindowBases.Of(snapshots, [seam], TimeSpan.FromHours(1), Now).ShouldBe(["b"]);
    }

    [Fact]
    public void A_longer_window_never_needs_less_and_every_moment_of_it_keeps_a_base_within_a_day_of_oplog()
    {
        var histories =
            from gaps in Gen.Choose(1, 30).ListOf(40)
            from window in Gen.Choose(1, 400)
            from more in Gen.Choose(0, 200)
            select (Gaps: gaps, Window: window, More: more);
        Prop.ForAll(
                histories.ToArbitrary(),
                one =>
                {
                    var hours = 0;
                    var snapshots = one.Gaps.Select((gap, n) => At($"{n}", -(hours += gap))).ToList();
                    var needed = Of(snapshots, one.Window);
                    needed.IsSubsetOf(Of(snapshots, one.Window + one.More)).ShouldBeTrue();

                    var oldestFirst = snapshots.AsEnumerable().Reverse().ToList();
                    var start = Now.AddHours(-one.Window);
                    foreach (var (before, after) in oldestFirst.Zip(oldestFirst.Skip(1)))
                    {
                        // The last moment before each snapshot is the one that is furthest from its base.
                        if (after.Optime.WallClock <= start)
                        {
                            continue;
                        }

                        var nearest = oldestFirst
                            .Where(item => needed.Contains(item.Id) && item.Optime < after.Optime)
                            .Max(item => item.Optime);
                        var isNear = after.Optime.WallClock - nearest.WallClock <= TimeSpan.FromDays(1);
                        (isNear || nearest == before.Optime).ShouldBeTrue("there was no nearer one");
                    }
                }
            )
            .QuickCheckThrowOnFailure();
    }

    private static IReadOnlySet<string> Of(IReadOnlyList<SnapshotRecord> snapshots, double hours) =>
        WindowBases.Of(snapshots, [], TimeSpan.FromHours(hours), Now);

    private static List<string> Needed(IReadOnlyList<SnapshotRecord> snapshots, double hours) =>
        [.. Of(snapshots, hours).Order(StringComparer.Ordinal)];

    private static SnapshotRecord At(string id, double hours)
    {
        var moment = Now.AddHours(hours);
        var optime = new Optime((uint)moment.ToUnixTimeSeconds(), 1);
        return new SnapshotRecord(id, "r1", optime, "", 0, 0, 0, 0, 0, "policy", moment, ExpiresAt: null);
    }
}
