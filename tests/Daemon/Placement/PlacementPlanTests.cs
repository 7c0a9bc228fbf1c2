using Backup.Daemon.Placement;
using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.Daemon.Placement;

public sealed class PlacementPlanTests
{
    [Fact]
    public void Free_heads_are_shared_by_weight()
    {
        DaemonRecord[] live = [Daemon("a", weight: 300), Daemon("b")];
        var sets = Sets(8);
        Take("a", live, [], sets).Count.ShouldBe(6);
        Take("b", live, [], sets).Count.ShouldBe(2);
        Take("a", live, [], sets).Intersect(Take("b", live, [], sets)).ShouldBeEmpty();
    }

    [Fact]
    public void The_heads_of_a_silent_daemon_are_free()
    {
        var leases = Sets(4).Select((set, n) => Kept(set, n < 2 ? "a" : "gone")).ToList();
        Take("a", [Daemon("a")], leases, Sets(4)).ShouldBe(["s2", "s3"]);
    }

    [Fact]
    public void A_daemon_that_was_started_again_keeps_nothing_of_before()
    {
        var leases = new List<HeadLease> { Kept("s0", "a") with { Session = "before" } };
        Take("a", [Daemon("a")], leases, ["s0"]).ShouldBe(["s0"]);
    }

    [Fact]
    public void A_head_that_its_next_keeper_does_not_take_is_taken_by_another()
    {
        DaemonRecord[] live = [Daemon("a"), Daemon("b")];
        Take("b", live, [], ["s0"]).ShouldBeEmpty("a is next");
        PlacementPlan.Take(View("b", live, [], ["s0"], longFree: ["s0"])).ShouldBe(["s0"]);
    }

    [Fact]
    public void A_wish_is_fulfilled_where_it_can_be()
    {
        DaemonRecord[] live = [Daemon("a"), Daemon("b")];
        var wished = Kept("s0", "a") with { Wish = "b" };
        GiveBack("a", live, [wished]).ShouldBe([wished]);
        Take("b", live, [wished with { DaemonId = null }], ["s0"]).ShouldBe(["s0"]);
        Take("a", live, [wished with { DaemonId = null }], ["s0"]).ShouldBeEmpty();

        GiveBack("a", [Daemon("a")], [wished]).ShouldBeEmpty("b is not there");
        GiveBack("a", [Daemon("a"), Daemon("b", drains: true)], [wished]).ShouldBeEmpty("b is to have none");
        Take("a", [Daemon("a")], [wished with { DaemonId = null }], ["s0"]).ShouldBe(["s0"]);
    }

    [Fact]
    public void A_draining_daemon_gives_its_heads_away_one_at_a_time_and_takes_none()
    {
        DaemonRecord[] live = [Daemon("a", drains: true), Daemon("b")];
        var leases = Sets(3).Select(set => Kept(set, "a")).ToList();
        GiveBack("a", live, leases).ShouldBe([leases[0]]);
        Take("a", live, [], Sets(3)).ShouldBeEmpty();
        Take("b", live, [], Sets(3)).ShouldBe(Sets(3));

        GiveBack("a", [live[0]], leases).ShouldBeEmpty("nobody else can take them");
        Take("a", [live[0]], [], Sets(3)).ShouldBe(Sets(3), "better there than nowhere");
    }

    [Fact]
    public void A_daemon_without_room_takes_nothing_while_another_has_some()
    {
        var full = Daemon("a", free: PlacementPlan.LeastFreeBytes - 1);
        Take("a", [full, Daemon("b")], [], Sets(2)).ShouldBeEmpty();
        Take("b", [full, Daemon("b")], [], Sets(2)).ShouldBe(Sets(2));
        Take("a", [full], [], Sets(2)).ShouldBe(Sets(2));
    }

    [Fact]
    public void A_daemon_that_comes_gets_its_share_head_by_head_and_then_it_is_quiet()
    {
        DaemonRecord[] live = [Daemon("a"), Daemon("b")];
        var leases = Sets(5).ToDictionary(set => set, set => Kept(set, "a"));
        for (var moves = 0; GiveBack("a", live, [.. leases.Values]) is [var given]; moves++)
        {
            moves.ShouldBeLessThan(5);
            leases[given.ReplicaSetId] = given with { DaemonId = null };
            Take("b", live, [.. leases.Values], Sets(5)).ShouldBe([given.ReplicaSetId]);
            leases[given.ReplicaSetId] = Kept(given.ReplicaSetId, "b");
        }

        leases
            .Values.Count(lease => lease.DaemonId == "b")
            .ShouldBe(1, "a has three more at five: below two over its share");
        GiveBack("b", live, [.. leases.Values]).ShouldBeEmpty();
    }

    [Fact]
    public void Whatever_there_is_every_free_head_is_taken_by_exactly_one()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            AreTakenOnce(new Random(seed));
        }
    }

    private static void AreTakenOnce(Random random)
    {
        var live = Enumerable
            .Range(0, random.Next(1, 5))
            .Select(n => Daemon($"d{n}", random.Next(1, 1000), random.Next(4) == 0, random.Next(4) == 0 ? 5 : 1L << 40))
            .ToArray();
        var sets = Sets(random.Next(0, 20));
        var leases = sets.Where(_ => random.Next(3) > 0)
            .Select(set =>
                random.Next(4) switch
                {
                    0 => Kept(set, "gone"),
                    1 => Kept(set, "d0") with { DaemonId = null, Wish = $"d{random.Next(6)}" },
                    2 => Kept(set, "d0") with { Session = "before" },
                    _ => Kept(set, $"d{random.Next(live.Length)}"),
                }
            )
            .ToList();
        var kept = leases
            .Where(lease => live.Any(one => one.Report.Id == lease.DaemonId && one.Report.Session == lease.Session))
            .Select(lease => lease.ReplicaSetId);
        var taken = live.SelectMany(one => Take(one.Report.Id, live, leases, sets)).ToList();
        taken.Order(StringComparer.Ordinal).ShouldBe(sets.Except(kept).Order(StringComparer.Ordinal));
    }

    private static List<string> Sets(int count) => [.. Enumerable.Range(0, count).Select(n => $"s{n}")];

    private static DaemonRecord Daemon(string id, int weight = 100, bool drains = false, long free = 1L << 40) =>
        new(new DaemonReport(id, $"run of {id}", "host", "1", weight, free, default), drains, 1, default, null);

    private static HeadLease Kept(string set, string daemon) => new(set, daemon, $"run of {daemon}", 1, null, default);

    private static List<string> Take(string me, DaemonRecord[] live, List<HeadLease> leases, List<string> sets) =>
        PlacementPlan.Take(View(me, live, leases, sets));

    private static List<HeadLease> GiveBack(string me, DaemonRecord[] live, List<HeadLease> leases) =>
        PlacementPlan.GiveBack(View(me, live, leases, [.. leases.Select(lease => lease.ReplicaSetId)]));

    private static PlacementView View(
        string me,
        DaemonRecord[] live,
        List<HeadLease> leases,
        List<string> sets,
        params string[] longFree
    ) => new(me, live, leases, sets, longFree.ToHashSet());
}
