using Backup.Metadata;
using Shouldly;
using Xunit;
using static Backup.Tests.Metadata.SomeStores;

namespace Backup.Tests.Metadata;

public abstract partial class MetadataConformance
{
    [Fact]
    public async Task A_group_without_anything_is_where_it_was_assigned_at_once()
    {
        var group = await GroupAsync();
        (await Store.GroupStores.FindAsync(group.Id)).ShouldBeNull();
        var assigned = await Store.GroupStores.AssignAsync(group.Id, "b", Plain("a", "b"));
        (assigned.Store, assigned.IsMoving, assigned.Since).ShouldBe(("b", false, Time.GetUtcNow()));
        await ReopenAsync();
        ShouldBeSame((await Store.GroupStores.ListAsync()).ShouldHaveSingleItem(), assigned);
        await ShouldFailAsync(
            MetadataErrors.NotThere,
            () => Store.GroupStores.AssignAsync("none", "b", Plain("a", "b"))
        );
    }

    [Fact]
    public async Task A_group_moves_until_all_that_it_refers_to_is_proven()
    {
        var (set, sync, group) = await MovableAsync();
        var held = (await Store.HeadLeases.GrantAsync(set.Id, "d", "run", null))!;
        var kept = Store.Under(new HeadProof(set.Id, "d", held.Fence));
        var place = await Store.GroupStores.AssignAsync(group, "b", Plain("a", "b", "c"));
        place.From.ShouldBe(["a", "c"]);
        (place.MayBeIn("a"), place.MayBeIn("b"), place.MayBeIn("x")).ShouldBe((true, true, false));
        await ShouldFailAsync(MetadataErrors.HeadLeaseLost, () => kept.Heads.SetAsync(NewHead(sync, At(300))));

        // Elsewhere before it has come: where it was, and where it was going, a part of it may be.
        place = await Store.GroupStores.AssignAsync(group, "c", Plain("a", "b", "c"));
        (place.Store, string.Join(' ', place.From)).ShouldBe(("c", "a b"));
        ShouldBeSame(await Store.GroupStores.AssignAsync(group, "c", Plain("a", "b", "c")), place);

        var lease = await Store.HeadLeases.FindAsync(set.Id);
        held = (await Store.HeadLeases.GrantAsync(set.Id, "d", "run", lease))!;
        kept = Store.Under(new HeadProof(set.Id, "d", held.Fence));
        var old = NewHead(sync, At(300)).ManifestBlock;
        await kept.Snapshots.AddAsync(Taken(set, sync, "s1", 300) with { ManifestBlock = new string('d', 64) });
        HashSet<string> proven = [old];
        (await Store.GroupStores.MovedAsync(group, "c", proven, [])).ShouldBeFalse("a snapshot came since");
        proven.Add(new string('d', 64));
        (await Store.GroupStores.MovedAsync(group, "b", proven, [])).ShouldBeFalse("it is not going there any more");
        ShouldBeSame(await Store.GroupStores.FindAsync(group), place);
        (await Store.HeadLeases.FindAsync(set.Id))!.DaemonId.ShouldBe("d");

        Time.Advance(TimeSpan.FromMinutes(1));
        (await Store.GroupStores.MovedAsync(group, "c", proven, [Guid.NewGuid()])).ShouldBeTrue();
        ShouldBeSame(await Store.GroupStores.FindAsync(group), place with { From = [], Since = Time.GetUtcNow() });
        (await Store.HeadLeases.FindAsync(set.Id))!.DaemonId.ShouldBeNull();
        (await Store.GroupStores.MovedAsync(group, "c", proven, [])).ShouldBeTrue("it is there");
    }

    [Fact]
    public async Task What_was_made_sure_of_under_a_session_that_was_struck_off_ends_no_move()
    {
        var (set, sync, group) = await MovableAsync();
        await Store.GroupStores.AssignAsync(group, "b", Plain("a", "b"));
        var session = Guid.NewGuid();
        await Store.StoreSessions.RevokeAsync([session]);
        await ShouldFailAsync(
            MetadataErrors.StoreSessionRevoked,
            () =>
                Store.GroupStores.MovedAsync(
                    group,
                    "b",
                    new HashSet<string> { NewHead(sync, At(200)).ManifestBlock },
                    [session]
                )
        );
        (await Store.GroupStores.FindAsync(group))!.IsMoving.ShouldBeTrue();
        (await Store.ManifestsAsync()).ShouldHaveSingleItem().ReplicaSetId.ShouldBe(set.Id);
    }

    /// <summary>As after an import of a catalogue that is older than what is stored.</summary>
    [Fact]
    public async Task Of_groups_that_were_scattered_a_part_may_be_in_any_store()
    {
        var (set, sync, group) = await MovableAsync();
        await Store.GroupStores.AssignAsync(group, "b", Plain("a", "b"));
        HashSet<string> proven = [NewHead(sync, At(200)).ManifestBlock];
        (await Store.GroupStores.MovedAsync(group, "b", proven, [])).ShouldBeTrue();
        await Store.HeadLeases.GrantAsync(set.Id, "d", "run", await Store.HeadLeases.FindAsync(set.Id));
        Time.Advance(TimeSpan.FromMinutes(1));
        await Store.GroupStores.ScatterAsync(["a", "b", "c"]);
        var place = (await Store.GroupStores.FindAsync(group))!;
        (place.Store, string.Join(' ', place.From), place.Since).ShouldBe(("b", "a c", Time.GetUtcNow()));
        (await Store.HeadLeases.FindAsync(set.Id))!.DaemonId.ShouldBeNull();
        (await Store.GroupStores.MovedAsync(group, "b", proven, [])).ShouldBeTrue();
        (await Store.GroupStores.FindAsync(group))!.IsMoving.ShouldBeFalse();
    }

    private static void ShouldBeSame(GroupStore? found, GroupStore expected)
    {
        found.ShouldNotBeNull();
        found.From.ShouldBe(expected.From);
        found.ShouldBe(expected with { From = found.From });
    }

    private async Task<(ReplicaSetRecord Set, SyncRecord Sync, string Group)> MovableAsync()
    {
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set);
        await Store.Syncs.CopiedAsync(sync.Id, At(200));
        await Store.Syncs.BuiltAsync(sync.Id, NewHead(sync, At(200)));
        return (set, sync, (await GroupAsync()).Id);
    }
}
