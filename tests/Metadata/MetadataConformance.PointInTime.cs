using Backup.Foundation;
using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

public abstract partial class MetadataConformance
{
    [Fact]
    public async Task Old_slices_are_given_up_but_never_the_newest()
    {
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set, Orders);
        var previous = await AddSlicesAsync(sync, 4);

        (await Store.OplogSlices.RemoveBeforeAsync(sync.Id, At(111))).ShouldBe(1);
        (await Store.OplogSlices.DoomedAsync(10)).ShouldBe([$"o/{sync.Id}/0"]);
        (await Store.OplogSlices.RemoveBeforeAsync(sync.Id, At(999))).ShouldBe(2);
        (await Store.OplogSlices.RemoveBeforeAsync(sync.Id, At(999))).ShouldBe(0);
        (await Store.OplogSlices.AddAsync(NewOplog(sync, 4, previous, At(120)))).ShouldBeTrue();
    }

    [Fact]
    public async Task What_is_given_up_is_listed_until_it_is_deleted()
    {
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set, Orders);
        await AddSlicesAsync(sync, 4);
        await Store.OplogSlices.RemoveBeforeAsync(sync.Id, At(999));
        await ReopenAsync();

        (await Store.OplogSlices.DoomedAsync(2)).ShouldBe([$"o/{sync.Id}/0", $"o/{sync.Id}/1"]);
        await Store.OplogSlices.DeletedAsync([$"o/{sync.Id}/0", $"o/{sync.Id}/1"]);
        (await Store.OplogSlices.DoomedAsync(2)).ShouldBe([$"o/{sync.Id}/2"]);
        await Store.OplogSlices.DeletedAsync([$"o/{sync.Id}/2", "none"]);
        (await Store.OplogSlices.DoomedAsync(2)).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_abandoned_sync_loses_its_newest_slice_too()
    {
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set, Orders);
        await AddSlicesAsync(sync, 2);
        await Store.Syncs.AbandonAsync(sync.Id);

        (await Store.OplogSlices.RemoveBeforeAsync(sync.Id, At(999))).ShouldBe(2);
        (await Store.OplogSlices.ExtentAsync(sync.Id)).ShouldBeNull();
    }

    [Fact]
    public async Task The_newest_slices_of_all_are_told_together()
    {
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set, Orders);
        (await Store.OplogSlices.NewestAsync()).ContainsKey(sync.Id).ShouldBeFalse();
        await AddSlicesAsync(sync, 3);
        (await Store.OplogSlices.NewestAsync())[sync.Id].ShouldBe((await Store.OplogSlices.NewestAsync(sync.Id))!.Last);
        await Store.OplogSlices.RemoveBeforeAsync(sync.Id, At(999));
        (await Store.OplogSlices.NewestAsync())[sync.Id].ShouldBe(At(112), "the newest one stays");
        await Store.Syncs.AbandonAsync(sync.Id);
        (await Store.OplogSlices.NewestAsync()).ContainsKey(sync.Id).ShouldBeFalse();
    }

    [Fact]
    public async Task The_extent_is_what_the_slices_hold()
    {
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set, Orders);
        (await Store.OplogSlices.ExtentAsync(sync.Id)).ShouldBeNull();
        await AddSlicesAsync(sync, 3);
        (await Store.OplogSlices.ExtentAsync(sync.Id)).ShouldBe(new OplogExtent(At(100), At(100), At(112)));
        await Store.OplogSlices.RemoveBeforeAsync(sync.Id, At(111));
        var extent = (await Store.OplogSlices.ExtentAsync(sync.Id))!;
        extent.ShouldBe(new OplogExtent(At(110), At(110, 2), At(112)));
        extent.ReachesBackTo(At(110)).ShouldBeFalse();
        extent.ReachesBackTo(At(110, 2)).ShouldBeTrue();
        extent.ReachesBackTo(At(111)).ShouldBeTrue();

        (await Store.OplogSlices.RawBytesAsync(sync.Id, At(110), At(111))).ShouldBe(5000);
        (await Store.OplogSlices.RawBytesAsync(sync.Id, At(110), At(999))).ShouldBe(10_000);
        (await Store.OplogSlices.RawBytesAsync(sync.Id, At(112), At(999))).ShouldBe(0);
    }

    [Fact]
    public async Task What_somebody_reads_is_not_given_up_until_the_hold_is_released_or_runs_out()
    {
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set, Orders);
        await AddSlicesAsync(sync, 4);
        var hold = new ReadHold("h", set.Id, sync.Id, At(111), new string('c', 64), Time.GetUtcNow().AddMinutes(1));
        await Store.Holds.SetAsync(hold);
        await Store.Holds.SetAsync(hold with { Id = "i", From = At(112) });
        await ReopenAsync();
        (await Store.Holds.ListAsync(set.Id)).ShouldBe([hold, hold with { Id = "i", From = At(112) }]);

        (await Store.OplogSlices.RemoveBeforeAsync(sync.Id, At(999))).ShouldBe(1);
        await Store.Holds.ReleaseAsync("h");
        await Store.Holds.ReleaseAsync("h");
        (await Store.OplogSlices.RemoveBeforeAsync(sync.Id, At(999))).ShouldBe(1);
        await Store.Holds.SetAsync(hold with { Id = "i", From = At(112), Until = Time.GetUtcNow().AddMinutes(3) });
        Time.Advance(TimeSpan.FromMinutes(2));
        (await Store.OplogSlices.RemoveBeforeAsync(sync.Id, At(999))).ShouldBe(0, "renewed");
        Time.Advance(TimeSpan.FromMinutes(2));
        (await Store.Holds.ListAsync(set.Id)).ShouldBeEmpty();
        (await Store.OplogSlices.RemoveBeforeAsync(sync.Id, At(999))).ShouldBe(1);
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.Holds.SetAsync(hold with { ReplicaSetId = "none" }));
    }

    [Fact]
    public async Task A_hole_is_remembered_with_its_cause_and_once()
    {
        var set = await ReplicaSetAsync();
        var late = new OplogHole(set.Id, At(9), At(12), "rolled over", Time.GetUtcNow());
        var early = new OplogHole(
            set.Id,
            At(2),
            Optime.Zero,
            "stopped",
            Time.GetUtcNow(),
            HoleKind.HeadStopped,
            "s1",
            "BK3002"
        );
        var one = early with { Kind = HoleKind.CollectionLost, Code = null, Namespace = "shop.orders" };
        await Store.OplogSlices.AddHoleAsync(late);
        await Store.OplogSlices.AddHoleAsync(early);
        await Store.OplogSlices.AddHoleAsync(one);
        await Store.OplogSlices.AddHoleAsync(early with { Cause = "again" });
        await ReopenAsync();
        (await Store.OplogSlices.HolesAsync(set.Id)).ShouldBe([early, one, late]);
        (await Store.OplogSlices.HolesAsync("none")).ShouldBeEmpty();

        await Store.OplogSlices.RemoveHolesAsync("s2", HoleKind.HeadStopped);
        await Store.OplogSlices.RemoveHolesAsync("s1", HoleKind.HeadStopped);
        (await Store.OplogSlices.HolesAsync(set.Id)).ShouldBe([one, late]);
    }

    [Fact]
    public async Task A_resync_opens_a_hole_and_the_next_built_sync_closes_it()
    {
        var set = await ReplicaSetAsync();
        var old = await SyncAsync(set, Orders);
        await Store.Syncs.AbandonAsync(old.Id);
        (await Store.OplogSlices.HolesAsync(set.Id)).ShouldBeEmpty("nothing of it could be restored");

        var followed = await SyncAsync(set, Orders);
        await AddSlicesAsync(followed, 3);
        await Store.Syncs.AbandonAsync(followed.Id);
        await Store.Syncs.AbandonAsync(followed.Id);
        var hole = (await Store.OplogSlices.HolesAsync(set.Id)).ShouldHaveSingleItem();
        (hole.From, hole.IsOpen, hole.Kind, hole.SyncId).ShouldBe((At(112), true, HoleKind.Resync, followed.Id));

        var next = await SyncAsync(set, Orders);
        await Store.Syncs.CollectionDoneAsync(next.Id, Orders, 0);
        await Store.Syncs.CopiedAsync(next.Id, At(200));
        (await Store.OplogSlices.HolesAsync(set.Id)).ShouldBe([hole]);
        await Store.Syncs.BuiltAsync(next.Id, NewHead(next, At(200)));
        (await Store.OplogSlices.HolesAsync(set.Id)).ShouldBe([hole with { To = At(200) }]);
    }

    [Fact]
    public async Task A_snapshot_keeps_its_sync_and_where_to_replay_from()
    {
        var set = await ReplicaSetAsync();
        var snapshot = new SnapshotRecord(
            "a",
            set.Id,
            At(10),
            new string('b', 64),
            5,
            6,
            7,
            8,
            1.25,
            "schedule",
            Time.GetUtcNow(),
            null,
            "s1",
            At(9, 4)
        );
        await Store.Snapshots.AddAsync(snapshot);
        await ReopenAsync();
        (await Store.Snapshots.FindAsync("a")).ShouldBe(snapshot);
    }

    [Fact]
    public async Task The_window_is_at_most_ninety_days()
    {
        var set = await ReplicaSetAsync();
        var policy = SnapshotPolicy.Default(set.Id) with { PointInTimeWindow = TimeSpan.FromDays(90) };
        await Store.Deployments.SetPolicyAsync(policy);
        (await Store.Deployments.PolicyAsync(set.Id)).ShouldBe(policy);
        await ShouldFailAsync(
            MetadataErrors.PolicyRange,
            () => Store.Deployments.SetPolicyAsync(policy with { PointInTimeWindow = TimeSpan.FromDays(90.1) })
        );
    }

    /// <summary>The first ends at (110, 1), the next a second later, and so on.</summary>
    private async Task<Optime> AddSlicesAsync(SyncRecord sync, uint count)
    {
        var previous = At(100);
        for (uint n = 0; n < count; n++)
        {
            (await Store.OplogSlices.AddAsync(NewOplog(sync, n, previous, At(110 + n)))).ShouldBeTrue();
            previous = At(110 + n);
        }

        return previous;
    }
}
