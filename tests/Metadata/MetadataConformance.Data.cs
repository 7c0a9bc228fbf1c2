using Backup.Foundation;
using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

public abstract partial class MetadataConformance
{
    [Fact]
    public async Task A_slice_moves_its_collection_and_nothing_else()
    {
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set, Orders, Items);
        (await Store.Deployments.FindReplicaSetAsync(set.Id))!.SyncId.ShouldBe(sync.Id);
        (await Store.Syncs.AddSliceAsync(NewSlice(sync.Id, Orders, 0), [7])).ShouldBeTrue();
        (await Store.Syncs.AddSliceAsync(NewSlice(sync.Id, Orders, 1), [8])).ShouldBeTrue();
        await ReopenAsync();

        var moved = (await Store.Syncs.FindCollectionAsync(sync.Id, Orders, 0))!;
        (moved.NextSequence, moved.Documents, moved.RawBytes).ShouldBe((2, 20, 8000));
        moved.LastId.ShouldBe([8]);
        (await Store.Syncs.FindCollectionAsync(sync.Id, Items, 0)).ShouldBe(NewCollection(sync.Id, Items));
        (await Store.Syncs.FindCollectionAsync(sync.Id, Items, 1)).ShouldBeNull();
        (await Store.Syncs.CollectionsAsync(sync.Id)).Select(c => c.Collection).ShouldBe([Orders, Items]);
        (await Store.Syncs.ProgressAsync(sync.Id)).ShouldBe(new SyncProgress(2, 0, 20, 2_000, 8_000, 100_000));
        (await Store.Syncs.ProgressAsync("none")).ShouldBe(new SyncProgress(0, 0, 0, 0, 0, 0));
        var slices = await Store.Syncs.SlicesAsync(sync.Id, Orders);
        slices.Select(slice => slice.Sequence).ShouldBe([0, 1]);
        slices[0].Sha256.ShouldBe(Hash(3));
        (await Store.Syncs.FindSliceAsync(sync.Id, Orders, 0, 1))!.ObjectName.ShouldBe(slices[1].ObjectName);
        (await Store.Syncs.FindSliceAsync(sync.Id, Orders, 0, 2)).ShouldBeNull();
        (await Store.Syncs.CatalogueAsync(sync.Id)).ShouldBe([1, 2, 3]);
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.Syncs.CatalogueAsync("none"));
    }

    [Fact]
    public async Task A_slice_out_of_order_changes_nothing()
    {
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set, Orders);
        await Store.Syncs.AddSliceAsync(NewSlice(sync.Id, Orders, 0), [7]);
        var before = await Store.Syncs.FindCollectionAsync(sync.Id, Orders, 0);
        foreach (var sequence in new long[] { 0, 2, -1 })
        {
            (await Store.Syncs.AddSliceAsync(NewSlice(sync.Id, Orders, sequence), [9])).ShouldBeFalse();
        }

        await Store.Syncs.CollectionDoneAsync(sync.Id, Orders, 0);
        (await Store.Syncs.AddSliceAsync(NewSlice(sync.Id, Orders, 1), [9])).ShouldBeFalse();
        var after = (await Store.Syncs.FindCollectionAsync(sync.Id, Orders, 0))!;
        after.LastId.ShouldBe(before!.LastId);
        (after with { LastId = null }).ShouldBe(before with { LastId = null, Done = true });
        (await Store.Syncs.SlicesAsync(sync.Id, Orders)).Count.ShouldBe(1);
        await ShouldFailAsync(
            MetadataErrors.NotThere,
            () => Store.Syncs.AddSliceAsync(NewSlice(sync.Id, Items, 0), [1])
        );
    }

    [Fact]
    public async Task The_same_slice_from_many_senders_is_added_once()
    {
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set, Orders);
        var added = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => Store.Syncs.AddSliceAsync(NewSlice(sync.Id, Orders, 0), [7]))
        );
        added.Count(one => one).ShouldBe(1);
        (await Store.Syncs.FindCollectionAsync(sync.Id, Orders, 0))!.Documents.ShouldBe(10);
    }

    [Fact]
    public async Task A_range_that_is_reset_starts_anew_and_leaves_the_others()
    {
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set, Orders, Items);
        await Store.Syncs.AddSliceAsync(NewSlice(sync.Id, Orders, 0), [7]);
        await Store.Syncs.AddSliceAsync(NewSlice(sync.Id, Items, 0), [7]);
        await Store.Syncs.CollectionDoneAsync(sync.Id, Orders, 0);
        (await Store.Syncs.ResetCollectionAsync(sync.Id, Orders, 0)).ShouldBe(2);
        // No sequence, and so no name of an object, is used twice: what is doomed may be deleted whenever.
        (await Store.Syncs.FindCollectionAsync(sync.Id, Orders, 0)).ShouldBe(
            NewCollection(sync.Id, Orders) with
            {
                NextSequence = 2,
            }
        );
        (await Store.Syncs.SlicesAsync(sync.Id, Orders)).ShouldBeEmpty();
        (await Store.Syncs.SlicesAsync(sync.Id, Items)).Count.ShouldBe(1);
        (await Store.OplogSlices.DoomedAsync(10)).ShouldBe([NewSlice(sync.Id, Orders, 0).ObjectName]);
        (await Store.Syncs.AddSliceAsync(NewSlice(sync.Id, Orders, 1), [7])).ShouldBeFalse("it was on its way");
        (await Store.Syncs.AddSliceAsync(NewSlice(sync.Id, Orders, 2), [7])).ShouldBeTrue();
    }

    [Fact]
    public async Task A_sync_is_copied_when_every_collection_is_done_and_built_with_its_head()
    {
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set, Orders, Items);
        await Store.Syncs.AddSliceAsync(NewSlice(sync.Id, Orders, 0), [7]);
        await Store.Syncs.CollectionDoneAsync(sync.Id, Orders, 0);
        await ShouldFailAsync(MetadataErrors.SyncNotDone, () => Store.Syncs.CopiedAsync(sync.Id, At(200)));
        await ShouldFailAsync(
            MetadataErrors.SyncNotCurrent,
            () => Store.Syncs.BuiltAsync(sync.Id, NewHead(sync, At(200)))
        );
        (await Store.Heads.FindAsync(set.Id)).ShouldBeNull();
        await Store.Syncs.CollectionDoneAsync(sync.Id, Items, 0);
        await Store.Syncs.CopiedAsync(sync.Id, At(200));
        await Store.Syncs.CopiedAsync(sync.Id, At(200));
        var copied = (await Store.Syncs.FindAsync(sync.Id))!;
        (copied.State, copied.End).ShouldBe((SyncState.Copied, At(200)));

        var head = NewHead(sync, At(200));
        await Store.Syncs.BuiltAsync(sync.Id, head);
        await ReopenAsync();
        (await Store.Heads.FindAsync(set.Id)).ShouldBe(head);
        (await Store.Syncs.FindAsync(sync.Id))!.State.ShouldBe(SyncState.Built);
        (await Store.Syncs.SlicesAsync(sync.Id, Orders)).ShouldBeEmpty();
        var later = head with { Optime = At(300, 2), Consistent = false };
        await Store.Heads.SetAsync(later);
        (await Store.Heads.FindAsync(set.Id)).ShouldBe(later);
    }

    [Fact]
    public async Task A_new_sync_abandons_the_old_one_which_takes_nothing_more()
    {
        var set = await ReplicaSetAsync();
        var old = await SyncAsync(set, Orders);
        var current = await SyncAsync(set, Orders);
        (await Store.Syncs.ListAsync(set.Id))
            .Select(sync => (sync.Id, sync.State))
            .ShouldBe([(old.Id, SyncState.Abandoned), (current.Id, SyncState.Copying)]);
        await ShouldFailAsync(
            MetadataErrors.SyncNotCurrent,
            () => Store.Syncs.AddSliceAsync(NewSlice(old.Id, Orders, 0), [1])
        );
        await ShouldFailAsync(
            MetadataErrors.SyncNotCurrent,
            () => Store.OplogSlices.AddAsync(NewOplog(old, 0, At(100), At(101)))
        );
        await ShouldFailAsync(MetadataErrors.SyncNotCurrent, () => Store.Syncs.RemoveAsync(current.Id));
        await Store.Syncs.RemoveAsync(old.Id);
        await Store.Syncs.RemoveAsync(old.Id);
        (await Store.Syncs.ListAsync(set.Id)).ShouldHaveSingleItem().Id.ShouldBe(current.Id);
        (await Store.Syncs.CollectionsAsync(old.Id)).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_abandoned_sync_leaves_its_replica_set_waiting()
    {
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set, Orders);
        await Store.Deployments.SetStateAsync(set.Id, ReplicaSetState.Stopped, "BK1", "m", "h");
        await Store.Syncs.AbandonAsync("none");
        await Store.Syncs.AbandonAsync(sync.Id);
        (await Store.Deployments.FindReplicaSetAsync(set.Id)).ShouldBe(set);
        (await Store.Syncs.FindAsync(sync.Id))!.State.ShouldBe(SyncState.Abandoned);
    }

    [Fact]
    public async Task A_sync_that_cannot_begin_changes_nothing()
    {
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set, Orders);
        var twice = sync with { Id = "another" };
        await ShouldFailAsync(
            MetadataErrors.AlreadyThere,
            () =>
                Store.Syncs.BeginAsync(twice, [], [NewCollection("another", Orders), NewCollection("another", Orders)])
        );
        (await Store.Syncs.FindAsync("another")).ShouldBeNull();
        (await Store.Syncs.FindAsync(sync.Id))!.State.ShouldBe(SyncState.Copying);
        (await Store.Deployments.FindReplicaSetAsync(set.Id))!.SyncId.ShouldBe(sync.Id);
    }

    [Fact]
    public async Task Oplog_slices_follow_one_another_without_a_gap()
    {
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set, Orders);
        (await Store.OplogSlices.AddAsync(NewOplog(sync, 1, At(100), At(110)))).ShouldBeFalse();
        var first = NewOplog(sync, 0, At(100), At(110));
        (await Store.OplogSlices.AddAsync(first)).ShouldBeTrue();
        (await Store.OplogSlices.AddAsync(first)).ShouldBeFalse();
        (await Store.OplogSlices.AddAsync(NewOplog(sync, 1, At(109), At(120)))).ShouldBeFalse("starts elsewhere");
        (await Store.OplogSlices.AddAsync(NewOplog(sync, 1, At(110, 1, 2), At(120)))).ShouldBeFalse("other term");
        (await Store.OplogSlices.AddAsync(NewOplog(sync, 2, At(110), At(120)))).ShouldBeFalse("a gap");
        (await Store.OplogSlices.AddAsync(NewOplog(sync, 1, At(110), At(120, 5)))).ShouldBeTrue();
        await ReopenAsync();
        (await Store.OplogSlices.NewestAsync(sync.Id))!.Last.ShouldBe(At(120, 5));
        var found = (await Store.OplogSlices.FindAsync(sync.Id, 0))!;
        found.Sha256.ShouldBe(first.Sha256);
        (found with { Sha256 = first.Sha256 }).ShouldBe(first);
        (await Store.OplogSlices.FindAsync(sync.Id, 2)).ShouldBeNull();
    }

    [Fact]
    public async Task Optimes_sort_as_unsigned_numbers()
    {
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set, Orders);
        Optime[] lasts = [At(5, 1), At(5, 0x8000_0000), At(0x8000_0000, 1), At(uint.MaxValue, uint.MaxValue)];
        var previous = At(4);
        for (var n = 0; n < lasts.Length; n++)
        {
            (await Store.OplogSlices.AddAsync(NewOplog(sync, n, previous, lasts[n]))).ShouldBeTrue();
            previous = lasts[n];
        }

        for (var n = 0; n < lasts.Length; n++)
        {
            var after = await Store.OplogSlices.AfterAsync(sync.Id, lasts[n], 10);
            after.Select(slice => slice.Last).ShouldBe(lasts[(n + 1)..]);
        }

        (await Store.OplogSlices.AfterAsync(sync.Id, Optime.Zero, 2)).Select(s => s.Sequence).ShouldBe([0, 1]);
    }

    [Fact]
    public async Task Snapshots_are_listed_newest_first_and_removed_one_by_one()
    {
        var set = await ReplicaSetAsync();
        SnapshotRecord Snapshot(string id, Optime at) =>
            new(id, set.Id, at, new string('b', 64), 5, 6, 7, 8, 1.25, "schedule", Time.GetUtcNow(), null);
        var a = Snapshot("a", At(10, 0x8000_0000));
        var b = Snapshot("b", At(10, 2)) with { ExpiresAt = Time.GetUtcNow().AddDays(1) };
        await Store.Snapshots.AddAsync(a);
        await Store.Snapshots.AddAsync(b);
        await ShouldFailAsync(MetadataErrors.AlreadyThere, () => Store.Snapshots.AddAsync(a));
        await ReopenAsync();
        (await Store.Snapshots.ListAsync(set.Id)).ShouldBe([a, b]);
        (await Store.Snapshots.FindAsync("b")).ShouldBe(b);
        await Store.Snapshots.DeleteAsync("a", evenLast: false);
        (await Store.Snapshots.ListAsync(set.Id)).ShouldBe([b]);
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.Snapshots.DeleteAsync("a", evenLast: true));
    }
}
