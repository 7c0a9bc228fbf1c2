using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

public abstract partial class MetadataConformance
{
    [Fact]
    public async Task A_partial_sync_is_kept_beside_its_sync_and_is_none_of_the_whole_replica_sets()
    {
        var set = await ReplicaSetAsync();
        var whole = await SyncAsync(set, Orders, Items);
        var partial = await AddPartialAsync(whole, "shop.orders", "second*");
        await ReopenAsync();

        var stored = (await Store.PartialSyncs.ListAsync(whole.Id)).ShouldHaveSingleItem();
        (stored.Id, stored.State, stored.Beside, stored.IsPartial, stored.IsOpen).ShouldBe(
            (partial.Id, SyncState.Wanted, whole.Id, true, true)
        );
        stored.Order!.Namespaces.ShouldBe(["shop.orders", "second*"]);
        (await Store.Syncs.ListAsync(set.Id)).ShouldHaveSingleItem().Id.ShouldBe(whole.Id);
        (await Store.Deployments.FindReplicaSetAsync(set.Id))!.SyncId.ShouldBe(whole.Id);
        await ShouldFailAsync(MetadataErrors.SyncNotCurrent, () => AddPartialAsync(whole with { Id = "none" }, "shop"));
    }

    [Fact]
    public async Task A_partial_sync_begins_once_and_only_where_the_oplog_reaches_back()
    {
        var set = await ReplicaSetAsync();
        var whole = await SyncAsync(set, Orders);
        var partial = await AddPartialAsync(whole, "shop.orders");
        var ranges = new[] { NewCollection(partial.Id, Orders) };
        (await Store.PartialSyncs.BeginAsync(partial.Id, At(111), [1], ranges)).ShouldBeFalse("nothing is stored");
        await AddSlicesAsync(whole, 4);
        await Store.OplogSlices.RemoveBeforeAsync(whole.Id, At(112));
        (await Store.PartialSyncs.BeginAsync(partial.Id, At(110), [1], ranges)).ShouldBeFalse("it is given up");
        (await Store.Syncs.CollectionsAsync(partial.Id)).ShouldBeEmpty();

        (await Store.PartialSyncs.BeginAsync(partial.Id, At(113), [1], ranges)).ShouldBeTrue();
        await ShouldFailAsync(
            MetadataErrors.SyncNotCurrent,
            () => Store.PartialSyncs.BeginAsync(partial.Id, At(113), [1], ranges)
        );
        var begun = (await Store.Syncs.FindAsync(partial.Id))!;
        (begun.State, begun.Begin).ShouldBe((SyncState.Copying, At(113)));
        (await Store.Syncs.CatalogueAsync(partial.Id)).ShouldBe([1]);
        (await Store.Syncs.CollectionsAsync(partial.Id)).ShouldHaveSingleItem().Collection.ShouldBe(Orders);
    }

    [Fact]
    public async Task A_seam_stores_head_snapshot_and_events_in_one_step_and_ends_the_partial_sync()
    {
        var set = await ReplicaSetAsync();
        var whole = await SyncAsync(set, Orders);
        await AddSlicesAsync(whole, 4);
        var hole = new OplogHole(
            set.Id,
            At(101),
            Optime.Zero,
            "x",
            Time.GetUtcNow(),
            HoleKind.CollectionLost,
            whole.Id,
            null,
            "shop.orders"
        );
        await Store.OplogSlices.AddHoleAsync(hole);
        await Store.OplogSlices.AddHoleAsync(hole with { Namespace = "shop.items" });
        var partial = await AddPartialAsync(whole, "shop.orders");
        await Store.PartialSyncs.BeginAsync(partial.Id, At(110), [], [NewCollection(partial.Id, Orders)]);
        await Store.Syncs.AddSliceAsync(NewSlice(partial.Id, Orders, 0), [5]);
        var head = NewHead(whole, At(112));
        var seam = new Seam(
            NewSnapshot(set, whole, At(112)),
            [
                new TimelineEvent(
                    set.Id,
                    whole.Id,
                    At(112),
                    TimelineEventKind.Copied,
                    "shop.orders",
                    "fresh",
                    Time.GetUtcNow()
                ),
            ],
            partial.Id
        );
        (await Store.Heads.CrossAsync(head, seam)).ShouldBeFalse("it is not copied");
        (await Store.Heads.FindAsync(set.Id)).ShouldBeNull();
        (await Store.Snapshots.ListAsync(set.Id)).ShouldBeEmpty();

        await Store.Syncs.CollectionDoneAsync(partial.Id, Orders, 0);
        await Store.Syncs.CopiedAsync(partial.Id, At(111));
        (await Store.Heads.CrossAsync(head, seam)).ShouldBeTrue();
        await ReopenAsync();

        (await Store.Heads.FindAsync(set.Id)).ShouldBe(head);
        (await Store.Snapshots.ListAsync(set.Id)).ShouldHaveSingleItem().ShouldBe(seam.Snapshot);
        (await Store.Heads.EventsAsync(set.Id)).ShouldBe(seam.Events);
        (await Store.Syncs.FindAsync(partial.Id))!.State.ShouldBe(SyncState.Built);
        (await Store.OplogSlices.DoomedAsync(9)).ShouldHaveSingleItem();
        (await Store.OplogSlices.HolesAsync(set.Id))
            .Select(one => (one.Namespace, one.To))
            .ShouldBe([("shop.orders", At(112)), ("shop.items", Optime.Zero)]);
        (await Store.Heads.CrossAsync(head, seam)).ShouldBeFalse("it is built");
    }

    [Fact]
    public async Task Whatever_ends_a_sync_ends_the_partial_ones_beside_it()
    {
        var set = await ReplicaSetAsync();
        var whole = await SyncAsync(set, Orders);
        await AddSlicesAsync(whole, 1);
        var (first, second) = (await AddPartialAsync(whole, "shop.orders"), await AddPartialAsync(whole, "shop.items"));
        await Store.PartialSyncs.BeginAsync(first.Id, At(100), [], [NewCollection(first.Id, Orders)]);
        await Store.Syncs.AddSliceAsync(NewSlice(first.Id, Orders, 0), [5]);
        await Store.PartialSyncs.AbandonAsync(second.Id, "BK4001 damaged");

        await SyncAsync(set, Orders);
        var ended = await Store.PartialSyncs.ListAsync(whole.Id);
        ended
            .Select(one => (one.State, one.Failure))
            .ShouldBe([(SyncState.Abandoned, null), (SyncState.Abandoned, "BK4001 damaged")]);
        (await Store.OplogSlices.DoomedAsync(9)).ShouldHaveSingleItem();
        await ShouldFailAsync(MetadataErrors.SyncNotCurrent, () => AddPartialAsync(whole, "shop.orders"));
        await Store.Syncs.RemoveAsync(whole.Id);
        (await Store.PartialSyncs.ListAsync(whole.Id)).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_is_backed_up_of_a_deployment_is_kept_with_it()
    {
        var group = await GroupAsync();
        var filter = NamespaceFilter.Of(["shop", "hr.*"], ["shop.sessions"]);
        var made = new Deployment("d", group.Id, "n", "replicaSet", "mongodb://h/", Time.GetUtcNow())
        {
            Namespaces = filter,
        };
        (await Store.Deployments.EnsureAsync(made)).Namespaces.ShouldBe(filter);
        var again = made with { Namespaces = NamespaceFilter.Everything };
        (await Store.Deployments.EnsureAsync(again)).Namespaces.ShouldBe(filter, "only a change changes it");
        await ReopenAsync();
        (await Store.Deployments.FindAsync("d"))!.Namespaces.ShouldBe(filter);

        (
            await Store.Deployments.SetNamespacesAsync("d", NamespaceFilter.Everything)
        ).Namespaces.IsEverything.ShouldBeTrue();
        (await Store.Deployments.ListAsync()).ShouldHaveSingleItem().Namespaces.IsEverything.ShouldBeTrue();
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.Deployments.SetNamespacesAsync("none", filter));
    }

    [Fact]
    public async Task A_snapshot_and_a_sync_say_what_they_hold_and_an_event_is_told_once()
    {
        var set = await ReplicaSetAsync();
        var whole = await SyncAsync(set, Orders);
        var snapshot = NewSnapshot(set, whole, At(112)) with { Filters = "[1]" };
        await Store.Heads.SetAsync(NewHead(whole, At(112)), snapshot);
        var filter = NamespaceFilter.Of([], ["a"]);
        var order = new CopyOrder(["shop.a"], filter, [filter, NamespaceFilter.Everything]);
        await Store.PartialSyncs.AddAsync(
            new SyncRecord("p", set.Id, SyncState.Wanted, Optime.Zero, null, Time.GetUtcNow(), whole.Id, order)
        );
        var away = new TimelineEvent(
            set.Id,
            whole.Id,
            At(113),
            TimelineEventKind.RenamedAway,
            "a.b",
            "x",
            Time.GetUtcNow()
        );
        await Store.Heads.AddEventAsync(away);
        await Store.Heads.AddEventAsync(away with { RecordedAt = away.RecordedAt.AddMinutes(1) });
        await ReopenAsync();

        (await Store.Snapshots.ListAsync(set.Id)).ShouldHaveSingleItem().ShouldBe(snapshot);
        (await Store.Heads.FindAsync(set.Id)).ShouldBe(NewHead(whole, At(112)));
        (await Store.PartialSyncs.ListAsync(whole.Id)).ShouldHaveSingleItem().Order.ShouldBe(order);
        (await Store.Heads.EventsAsync(set.Id)).ShouldHaveSingleItem().ShouldBe(away);
        away.IsSeam.ShouldBeFalse();
    }

    private async Task<SyncRecord> AddPartialAsync(SyncRecord whole, params string[] namespaces)
    {
        var partial = new SyncRecord(
            Guid.NewGuid().ToString("N"),
            whole.ReplicaSetId,
            SyncState.Wanted,
            Optime.Zero,
            End: null,
            Time.GetUtcNow(),
            whole.Id,
            new CopyOrder(namespaces)
        );
        await Store.PartialSyncs.AddAsync(partial);
        return partial;
    }

    private SnapshotRecord NewSnapshot(ReplicaSetRecord set, SyncRecord sync, Optime at) =>
        new(Guid.NewGuid().ToString(), set.Id, at, "ab", 1, 2, 3, 4, 0.5, "copy", Time.GetUtcNow(), null, sync.Id, at);
}
