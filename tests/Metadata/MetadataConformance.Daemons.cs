using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

public abstract partial class MetadataConformance
{
    [Fact]
    public async Task A_daemon_is_known_by_its_signs_of_life_and_counts_them_anew_with_every_run()
    {
        (await Store.Daemons.ListAsync()).ShouldBeEmpty();
        (await Store.Daemons.SeenAsync(NewDaemon("b"), [])).Renewals.ShouldBe(1);
        var first = await Store.Daemons.SeenAsync(NewDaemon("a"), []);
        first.ShouldBe(new DaemonRecord(NewDaemon("a"), Drains: false, 1, Time.GetUtcNow(), null));
        await Store.Daemons.DrainAsync("a", drains: true);
        Time.Advance(TimeSpan.FromSeconds(2));
        var report = NewDaemon("a") with { FreeBytes = 5, Weight = 300 };
        var again = await Store.Daemons.SeenAsync(report, []);
        again.ShouldBe(new DaemonRecord(report, Drains: true, 2, Time.GetUtcNow(), null));
        await ReopenAsync();
        (await Store.Daemons.ListAsync()).Select(one => one.Report.Id).ShouldBe(["a", "b"]);
        (await Store.Daemons.ListAsync())[0].ShouldBe(again);

        await Store.Daemons.LeaveAsync("a", "another run");
        (await Store.Daemons.ListAsync())[0].StoppedAt.ShouldBeNull();
        await Store.Daemons.LeaveAsync("a", report.Session);
        (await Store.Daemons.ListAsync())[0].StoppedAt.ShouldBe(Time.GetUtcNow());
        var restarted = await Store.Daemons.SeenAsync(report with { Session = "second" }, []);
        (restarted.Renewals, restarted.StoppedAt, restarted.Drains).ShouldBe((1, null, true));

        await Store.Daemons.ForgetAsync("a");
        (await Store.Daemons.ListAsync()).ShouldHaveSingleItem().Report.Id.ShouldBe("b");
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.Daemons.ForgetAsync("a"));
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.Daemons.DrainAsync("a", drains: false));
    }

    [Fact]
    public async Task A_head_is_kept_by_one_of_many_daemons_and_each_grant_has_the_next_fence()
    {
        var set = await ReplicaSetAsync();
        (await Store.HeadLeases.FindAsync(set.Id)).ShouldBeNull();
        var grants = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(n => Store.HeadLeases.GrantAsync(set.Id, $"d{n}", "run", seen: null))
        );
        var first = grants.OfType<HeadLease>().ShouldHaveSingleItem();
        (first.Fence, first.Wish, first.GrantedAt).ShouldBe((1, null, Time.GetUtcNow()));
        await ReopenAsync();
        (await Store.HeadLeases.FindAsync(set.Id)).ShouldBe(first);

        (await Store.HeadLeases.ReleaseAsync(first with { Fence = 7 })).ShouldBeFalse();
        (await Store.HeadLeases.ReleaseAsync(first)).ShouldBeTrue();
        (await Store.HeadLeases.ReleaseAsync(first)).ShouldBeFalse();
        (await Store.HeadLeases.GrantAsync(set.Id, "x", "run", first)).ShouldBeNull("it was given back since");
        var free = (await Store.HeadLeases.FindAsync(set.Id))!;
        (free.DaemonId, free.Fence).ShouldBe((null, 1));
        var second = (await Store.HeadLeases.GrantAsync(set.Id, "x", "run", free)).ShouldNotBeNull();
        (second.DaemonId, second.Fence).ShouldBe(("x", 2));
        (await Store.HeadLeases.ListAsync()).ShouldBe([second]);
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.HeadLeases.GrantAsync("none", "x", "run", null));
    }

    [Fact]
    public async Task A_wish_stays_until_it_is_fulfilled()
    {
        var set = await ReplicaSetAsync();
        await Store.Daemons.SeenAsync(NewDaemon("a"), []);
        await Store.HeadLeases.WishAsync(set.Id, "a");
        var wished = (await Store.HeadLeases.FindAsync(set.Id))!;
        (wished.DaemonId, wished.Fence, wished.Wish).ShouldBe((null, 0, "a"));
        var other = (await Store.HeadLeases.GrantAsync(set.Id, "b", "run", wished))!;
        (other.DaemonId, other.Fence, other.Wish).ShouldBe(("b", 1, "a"));
        var fulfilled = (await Store.HeadLeases.GrantAsync(set.Id, "a", "run", other))!;
        (fulfilled.DaemonId, fulfilled.Fence, fulfilled.Wish).ShouldBe(("a", 2, null));

        await Store.HeadLeases.WishAsync(set.Id, "a");
        await Store.HeadLeases.WishAsync(set.Id, null);
        (await Store.HeadLeases.FindAsync(set.Id))!.Wish.ShouldBeNull();
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.HeadLeases.WishAsync(set.Id, "none"));
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.HeadLeases.WishAsync("none", "a"));
    }

    [Fact]
    public async Task A_daemon_tells_how_its_heads_are_and_nothing_of_those_it_lost()
    {
        var set = await ReplicaSetAsync();
        var held = (await Store.HeadLeases.GrantAsync(set.Id, "a", "run", null))!;
        await Store.Daemons.SeenAsync(
            NewDaemon("a"),
            [new HeadReport(set.Id, held.Fence, At(500, 3), "BK1003", "full", "free some")]
        );
        (await Store.HeadLeases.FindAsync(set.Id)).ShouldBe(
            held with
            {
                Live = At(500, 3),
                TroubleCode = "BK1003",
                TroubleMessage = "full",
                TroubleHint = "free some",
            }
        );

        var next = (await Store.HeadLeases.GrantAsync(set.Id, "b", "run", held))!;
        (next.Live, next.TroubleCode).ShouldBe(
            (At(500, 3), null),
            "what it held is known; its keeper's trouble is over"
        );
        await Store.Daemons.SeenAsync(NewDaemon("a"), [new HeadReport(set.Id, held.Fence, At(900))]);
        (await Store.HeadLeases.FindAsync(set.Id)).ShouldBe(next);
    }

    [Fact]
    public async Task A_daemon_that_stops_or_is_forgotten_gives_back_its_heads()
    {
        var set = await ReplicaSetAsync();
        await Store.Daemons.SeenAsync(NewDaemon("a"), []);
        var held = (await Store.HeadLeases.GrantAsync(set.Id, "a", "run", null))!;
        await Store.Daemons.LeaveAsync("a", NewDaemon("a").Session);
        var free = (await Store.HeadLeases.FindAsync(set.Id))!;
        free.ShouldBe(held with { DaemonId = null });

        await Store.HeadLeases.GrantAsync(set.Id, "a", "run", free);
        await Store.HeadLeases.WishAsync(set.Id, "a");
        await Store.Daemons.ForgetAsync("a");
        free = (await Store.HeadLeases.FindAsync(set.Id))!;
        (free.DaemonId, free.Wish, free.Fence).ShouldBe((null, null, 2));
    }

    [Fact]
    public async Task Nothing_is_written_of_a_head_by_a_daemon_that_does_not_keep_it_any_more()
    {
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set);
        await Store.Syncs.CopiedAsync(sync.Id, At(200));
        var held = (await Store.HeadLeases.GrantAsync(set.Id, "a", "run", null))!;
        var kept = Store.Under(new HeadProof(set.Id, "a", held.Fence));
        await kept.Syncs.BuiltAsync(sync.Id, NewHead(sync, At(200)));
        await kept.Deployments.SetStateAsync(set.Id, ReplicaSetState.Tailing);

        await Store.HeadLeases.ReleaseAsync(held);
        await ShouldFailAsync(MetadataErrors.HeadLeaseLost, () => kept.Heads.SetAsync(NewHead(sync, At(300))));
        var next = (await Store.HeadLeases.GrantAsync(set.Id, "b", "run", held with { DaemonId = null }))!;
        Func<Task>[] writes =
        [
            () => kept.Heads.SetAsync(NewHead(sync, At(300))),
            () => kept.Snapshots.AddAsync(Taken(set, sync, "s1", 300)),
            () => kept.Deployments.SetStateAsync(set.Id, ReplicaSetState.Stopped),
        ];
        foreach (var write in writes)
        {
            await ShouldFailAsync(MetadataErrors.HeadLeaseLost, write);
        }

        (await Store.Heads.FindAsync(set.Id))!.Optime.ShouldBe(At(200));
        (await Store.Snapshots.ListAsync(set.Id)).ShouldBeEmpty();
        await Store.Under(new HeadProof(set.Id, "b", next.Fence)).Heads.SetAsync(NewHead(sync, At(300)));
        (await Store.Heads.FindAsync(set.Id))!.Optime.ShouldBe(At(300));
    }

    [Fact]
    public async Task Jobs_of_heads_are_taken_by_who_keeps_them()
    {
        var (one, other) = (
            NewJob("snapshot") with
            {
                ReplicaSetId = "rs-a",
            },
            NewJob("snapshot") with
            {
                ReplicaSetId = "rs-b",
            }
        );
        await Store.Jobs.AddAsync(one);
        await Store.Jobs.AddAsync(other);
        var take = new JobTake(["verify"]) { KindsOfHeads = ["snapshot"], Heads = ["rs-b"] };
        (await Store.Jobs.TakeAsync(take, "b", TimeSpan.FromMinutes(1)))!.Id.ShouldBe(other.Id);
        (await Store.Jobs.TakeAsync(take, "b", TimeSpan.FromMinutes(1))).ShouldBeNull();
        var verify = NewJob("verify");
        await Store.Jobs.AddAsync(verify);
        (await Store.Jobs.TakeAsync(take, "b", TimeSpan.FromMinutes(1)))!.Id.ShouldBe(verify.Id);
        (await Store.Jobs.TakeAsync(take with { Heads = ["rs-a"] }, "a", TimeSpan.FromMinutes(1)))!.Id.ShouldBe(one.Id);
    }

    private DaemonReport NewDaemon(string id) =>
        new(id, $"run of {id}", $"{id}.example.net", "1.2.3", 100, 1L << 40, Time.GetUtcNow());
}
