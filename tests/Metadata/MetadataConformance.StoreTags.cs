using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Metadata.People;
using Shouldly;
using Xunit;
using static Backup.Tests.Metadata.SomeStores;

namespace Backup.Tests.Metadata;

public abstract partial class MetadataConformance
{
    private static readonly IReadOnlyList<TaggedStore> Tagged =
    [
        Having("a"),
        Having("b", "eu", "ssd"),
        Having("c", "eu"),
    ];

    [Fact]
    public async Task Tags_of_a_group_take_it_to_a_store_that_has_them_in_one_step()
    {
        var (set, sync, group) = await MovableAsync();
        (await Store.GroupStores.TagsAsync()).ShouldBeEmpty();
        (await Store.GroupStores.TagsOfAsync(group)).ShouldBeEmpty();
        var held = (await Store.HeadLeases.GrantAsync(set.Id, "d", "run", null))!;
        var kept = Store.Under(new HeadProof(set.Id, "d", held.Fence));

        var tagged = await Store.GroupStores.SetTagsAsync(group, ["ssd", "eu"], Tagged);
        tagged.IsReassigned.ShouldBeTrue();
        tagged.Tags.ShouldBe(["eu", "ssd"]);
        (tagged.Place!.Store, string.Join(' ', tagged.Place.From)).ShouldBe(("b", "a c"));
        // As by a move: what was in work for the store before is written down no more.
        await ShouldFailAsync(MetadataErrors.HeadLeaseLost, () => kept.Heads.SetAsync(NewHead(sync, At(300))));
        await ReopenAsync();
        (await Store.GroupStores.TagsOfAsync(group)).ShouldBe(["eu", "ssd"]);
        var (only, tags) = (await Store.GroupStores.TagsAsync()).ShouldHaveSingleItem();
        only.ShouldBe(group);
        tags.ShouldBe(["eu", "ssd"]);
        ShouldBeSame(await Store.GroupStores.FindAsync(group), tagged.Place);

        // Its store has what is left: nothing moves, also where another one has it too.
        Time.Advance(TimeSpan.FromMinutes(1));
        tagged = await Store.GroupStores.SetTagsAsync(group, ["eu"], Tagged);
        (tagged.IsReassigned, tagged.Place!.Store).ShouldBe((false, "b"));
        ShouldBeSame(await Store.GroupStores.FindAsync(group), tagged.Place);
        tagged = await Store.GroupStores.SetTagsAsync(group, [], Tagged);
        (tagged.IsReassigned, tagged.Tags.Count, tagged.Place!.Store).ShouldBe((false, 0, "b"));
        (await Store.GroupStores.TagsAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_group_that_was_assigned_to_none_stays_so_while_the_first_store_has_its_tags()
    {
        var group = (await GroupAsync()).Id;
        var tagged = await Store.GroupStores.SetTagsAsync(group, ["eu"], [Having("c", "eu"), Having("b", "eu")]);
        (tagged.IsReassigned, tagged.Place).ShouldBe((false, null));
        (await Store.GroupStores.FindAsync(group)).ShouldBeNull();
        (await Store.GroupStores.TagsOfAsync(group)).ShouldBe(["eu"]);
        // The configuration has changed since.
        tagged = await Store.GroupStores.SetTagsAsync(group, ["eu"], Tagged);
        (tagged.IsReassigned, tagged.Place!.Store, tagged.Place.IsMoving).ShouldBe((true, "b", false));
    }

    [Fact]
    public async Task What_cannot_be_had_changes_neither_tags_nor_place()
    {
        var group = (await GroupAsync()).Id;
        await Store.GroupStores.SetTagsAsync(group, ["ssd"], Tagged);
        var place = (await Store.GroupStores.FindAsync(group))!;
        await ShouldFailAsync(
            MetadataErrors.NoStoreHasTags,
            () => Store.GroupStores.SetTagsAsync(group, ["ssd", "us"], Tagged)
        );
        await ShouldFailAsync(MetadataErrors.TagsAreWrong, () => Store.GroupStores.SetTagsAsync(group, ["Us"], Tagged));
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.GroupStores.SetTagsAsync("none", ["eu"], Tagged));
        await ShouldFailAsync(MetadataErrors.StoreLacksTags, () => Store.GroupStores.AssignAsync(group, "c", Tagged));
        (await Store.GroupStores.TagsOfAsync(group)).ShouldBe(["ssd"]);
        ShouldBeSame(await Store.GroupStores.FindAsync(group), place);

        // Where it is already it goes on, whatever the configuration says now.
        ShouldBeSame(await Store.GroupStores.AssignAsync(group, "b", Plain("a", "b", "c")), place);
        // Without the tag it goes anywhere.
        await Store.GroupStores.SetTagsAsync(group, ["eu"], Tagged);
        (await Store.GroupStores.AssignAsync(group, "c", Tagged)).Store.ShouldBe("c");
    }

    [Fact]
    public async Task Groups_that_ask_for_the_same_are_shared_out()
    {
        IReadOnlyList<TaggedStore> stores = [Having("a"), Having("b", "eu"), Having("c", "eu")];
        List<string> places = [];
        foreach (var name in (string[])["g1", "g2", "g3", "g4"])
        {
            var group = await Store.Access.EnsureGroupAsync(name);
            places.Add((await Store.GroupStores.SetTagsAsync(group.Id, ["eu"], stores)).Place!.Store);
        }

        places.ShouldBe(["b", "c", "b", "c"]);
    }

    [Fact]
    public async Task A_new_group_comes_with_its_tags_and_its_store_or_not_at_all()
    {
        var user = await UserAsync("ada@example.org");
        var group = new Group(Guid.NewGuid().ToString("N"), "second", Time.GetUtcNow());
        await ShouldFailAsync(MetadataErrors.NoStoreHasTags, () => AddAsync("us"));
        await ShouldFailAsync(MetadataErrors.TagsAreWrong, () => AddAsync("US"));
        (await Store.Access.GroupsAsync()).ShouldNotContain(group);
        (await People.Memberships.OfUserAsync(user.Id)).ShouldBeEmpty();

        await AddAsync("ssd");
        (await Store.Access.GroupsAsync()).ShouldContain(group);
        (await People.Memberships.RoleAsync(user.Id, group.Id)).ShouldBe(GroupRole.Owner);
        (await Store.GroupStores.TagsOfAsync(group.Id)).ShouldBe(["ssd"]);
        ShouldBeSame(await Store.GroupStores.FindAsync(group.Id), new GroupStore(group.Id, "b", [], group.CreatedAt));

        Task AddAsync(string tag) => People.Memberships.AddGroupAsync(group, user.Id, [tag], Tagged);
    }

    /// <summary>Whoever decides first: a group is never in a store that lacks what it asks for.</summary>
    [Fact]
    public async Task Tags_and_moves_at_the_same_time_leave_no_group_where_its_tags_are_not()
    {
        IReadOnlyList<TaggedStore> stores = [Having("a", "eu"), Having("b")];
        for (var n = 0; n < 8; n++)
        {
            var group = (await Store.Access.EnsureGroupAsync($"g{n}")).Id;
            await Task.WhenAll(
                Task.Run(() => Store.GroupStores.SetTagsAsync(group, ["eu"], stores)),
                Task.Run(MoveAsync)
            );
            (await Store.GroupStores.TagsOfAsync(group)).ShouldBe(["eu"]);
            ((await Store.GroupStores.FindAsync(group))?.Store ?? "a").ShouldBe("a", $"round {n}");

            async Task MoveAsync()
            {
                try
                {
                    await Store.GroupStores.AssignAsync(group, "b", stores);
                }
                catch (BackupException refused) when (refused.Number == MetadataErrors.StoreLacksTags)
                {
                    // The tags were there first.
                }
            }
        }
    }
}
