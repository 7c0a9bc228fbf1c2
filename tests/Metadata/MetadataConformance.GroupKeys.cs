using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

public abstract partial class MetadataConformance
{
    [Fact]
    public async Task Wrapped_keys_are_kept_rewrapped_and_destroyed_for_ever()
    {
        var group = await GroupAsync();
        var other = await Store.Access.EnsureGroupAsync("another");
        GroupKeyRecord[] keys =
        [
            NewGroupKey(group.Id, 'a', GroupKeyPurpose.Data, 1),
            NewGroupKey(group.Id, 'b', GroupKeyPurpose.Ids, 0),
            NewGroupKey(other.Id, 'c', GroupKeyPurpose.Data, 1),
        ];
        await Store.GroupKeys.AddAsync(keys);
        await ReopenAsync();
        await ShouldHoldAsync(keys);

        var rewrapped = keys.Select(static key => key with { Master = "next", Box = [9, 9, 9] }).ToArray();
        await ShouldFailAsync(
            MetadataErrors.NotThere,
            () => Store.GroupKeys.RewrapAsync([.. rewrapped, NewGroupKey(group.Id, 'd', GroupKeyPurpose.Data, 2)])
        );
        await ShouldHoldAsync(keys);
        await Store.GroupKeys.RewrapAsync(rewrapped);
        await ShouldHoldAsync(rewrapped);

        await Store.GroupKeys.DestroyAsync(group.Id, Time.GetUtcNow());
        await Store.GroupKeys.DestroyAsync(group.Id, Time.GetUtcNow());
        await ReopenAsync();
        await Store.GroupKeys.SweepAsync();
        await ShouldHoldAsync([rewrapped[2]]);
        (await Store.GroupKeys.DestroyedAsync())
            .Select(static key => (key.Id, key.GroupId))
            .ShouldBe([(keys[0].Id, group.Id), (keys[1].Id, group.Id)]);
        await ShouldFailAsync(
            MetadataErrors.GroupKeysDestroyed,
            () => Store.GroupKeys.AddAsync([NewGroupKey(group.Id, 'e', GroupKeyPurpose.Data, 2)])
        );
    }

    [Fact]
    public async Task A_group_has_one_key_of_each_purpose_and_generation()
    {
        var group = await GroupAsync();
        await Store.GroupKeys.AddAsync([NewGroupKey(group.Id, 'a', GroupKeyPurpose.Data, 1)]);
        await ShouldFailAsync(
            MetadataErrors.AlreadyThere,
            () =>
                Store.GroupKeys.AddAsync([
                    NewGroupKey(group.Id, 'b', GroupKeyPurpose.Ids, 0),
                    NewGroupKey(group.Id, 'c', GroupKeyPurpose.Data, 1),
                ])
        );
        (await Store.GroupKeys.ListAsync()).ShouldHaveSingleItem();
        await ShouldFailAsync(
            MetadataErrors.AlreadyThere,
            () => Store.GroupKeys.AddAsync([NewGroupKey("none", 'd', GroupKeyPurpose.Data, 1)])
        );
    }

    [Fact]
    public async Task A_groom_needs_nothing_of_a_group_whose_keys_were_destroyed()
    {
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set);
        var head = NewHead(sync, At(112)) with { ManifestBlock = new string('1', 64) };
        await Store.Heads.SetAsync(head, NewSnapshot(set, sync, At(112)));
        (await Store.ManifestsAsync()).Count.ShouldBe(2);
        var group = await GroupAsync();
        await Store.GroupKeys.AddAsync([NewGroupKey(group.Id, 'a', GroupKeyPurpose.Data, 1)]);
        (await Store.ManifestsAsync()).Count.ShouldBe(2);
        await Store.GroupKeys.DestroyAsync(group.Id, Time.GetUtcNow());
        (await Store.ManifestsAsync()).ShouldBeEmpty();
    }

    private GroupKeyRecord NewGroupKey(string groupId, char digit, GroupKeyPurpose purpose, int generation) =>
        new(
            new string(digit, 16),
            groupId,
            purpose,
            generation,
            Time.GetUtcNow(),
            "0123456789abcdef",
            [(byte)digit, 0, 255]
        );

    private async Task ShouldHoldAsync(IReadOnlyList<GroupKeyRecord> keys)
    {
        var found = await Store.GroupKeys.ListAsync();
        found.Select(Text).Order().ShouldBe(keys.Select(Text).Order());

        static string Text(GroupKeyRecord key) =>
            $"{key.Id} {key.GroupId} {key.Purpose} {key.Generation} {key.CreatedAt:u} {key.Master} {Convert.ToHexString(key.Box)}";
    }
}
