using Backup.Blockstore;
using Backup.Blockstore.Sealing;
using Backup.Foundation.Errors;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Blockstore;

/// <summary>Keys of groups: made once, rotated, wrapped anew, destroyed; killed at every step in between.</summary>
public sealed class KeyRingTests
{
    private readonly KeysInMemory _kept = new();
    private readonly MemoryObjectStore _objects = new();
    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_group_has_its_keys_once_and_finds_them_again()
    {
        KeyId first;
        BlockId id;
        using (var ring = await Rings.OpenAsync(_kept))
        {
            var keys = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => ring.KeyAsync("g1"))));
            first = keys.Distinct().ShouldHaveSingleItem().Id;
            id = keys[0].IdOf([1]);
            (await ring.KeyAsync("g2")).IdOf([1]).ShouldNotBe(id);
        }

        using var again = await Rings.OpenAsync(_kept);
        (await again.KeyAsync("g1")).Id.ShouldBe(first);
        (await again.KeyAsync("g1")).IdOf([1]).ShouldBe(id);
    }

    [Fact]
    public async Task Another_master_is_refused_and_nothing_is_changed()
    {
        using (var ring = await Rings.OpenAsync(_kept))
        {
            await ring.KeyAsync("g1");
        }

        var before = _kept.Keys;
        (await Should.ThrowAsync<BackupException>(() => Rings.OpenAsync(_kept, master: 2))).Number.ShouldBe(
            BlockstoreErrors.MasterWrong
        );
        (
            await Should.ThrowAsync<BackupException>(() => KeyRing.OpenAsync(_kept, [], false, TimeProvider.System))
        ).Number.ShouldBe(BlockstoreErrors.MasterWrong);
        _kept.Keys.ShouldBe(before);
        // Where sealing is off what was sealed is read all the same.
        using var off = await Rings.OpenAsync(_kept, seals: false);
        (await off.SealerOfAsync("g1")).ShouldBe(BlockSealer.Plain);
        off.Require(before[1].Id, "it").Group.ShouldBe("g1");
    }

    [Fact]
    public async Task A_changed_bit_of_a_wrapped_key_is_found_and_so_is_a_key_in_the_place_of_another()
    {
        using (var ring = await Rings.OpenAsync(_kept))
        {
            await ring.KeyAsync("g1");
            await ring.KeyAsync("g2");
            await ring.RotateAsync("g1");
        }

        foreach (var key in _kept.Keys)
        {
            List<Func<WrappedKey, WrappedKey>> changes =
            [
                .. Enumerable
                    .Range(0, key.Box.Length)
                    .Select(at => (Func<WrappedKey, WrappedKey>)(was => Flip(was, at))),
                was => was with { Generation = was.Generation + 1 },
                was => was with { Box = _kept.Keys.First(other => other.Id != was.Id).Box },
            ];
            foreach (var change in changes)
            {
                _kept.Spoil(key.Id, change);
                (await Should.ThrowAsync<BackupException>(() => Rings.OpenAsync(_kept))).Number.ShouldBe(
                    BlockstoreErrors.KeySpoiled
                );
                _kept.Spoil(key.Id, _ => key);
            }
        }

        using var mended = await Rings.OpenAsync(_kept);
    }

    [Fact]
    public async Task A_rotation_seals_with_the_new_key_opens_with_all_and_keeps_ids()
    {
        using var ring = await Rings.OpenAsync(_kept);
        var store = Objects(ring);
        var first = await ring.KeyAsync("g1");
        await store.PutAsync("g1/1", "first"u8.ToArray());
        var second = await ring.RotateAsync("g1");
        (await ring.KeyAsync("g1")).ShouldBe(second);
        second.Generation.ShouldBe(2);
        second.IdOf([7]).ShouldBe(first.IdOf([7]));
        await store.PutAsync("g1/2", "second"u8.ToArray());
        using var again = await Rings.OpenAsync(_kept);
        (await again.KeyAsync("g1")).Id.ShouldBe(second.Id);
        await ShouldReadAsync(again, ("g1/1", "first"), ("g1/2", "second"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_rotation_that_is_killed_before_or_after_its_one_step_loses_nothing(bool isBefore)
    {
        using var ring = await Rings.OpenAsync(_kept);
        await Objects(ring).PutAsync("g1/1", "first"u8.ToArray());
        (_kept.FailsBefore, _kept.FailsAfter) = (isBefore, !isBefore);
        await Should.ThrowAsync<IOException>(() => ring.RotateAsync("g1"));
        // The process that goes on, and the one that starts again.
        await Objects(ring).PutAsync("g1/2", "second"u8.ToArray());
        using var again = await Rings.OpenAsync(_kept);
        await Objects(again).PutAsync("g1/3", "third"u8.ToArray());
        await ShouldReadAsync(again, ("g1/1", "first"), ("g1/2", "second"), ("g1/3", "third"));
        (await again.KeyAsync("g1")).Generation.ShouldBe(isBefore ? 1 : 2);
    }

    [Fact]
    public async Task A_rotation_of_the_master_wraps_the_same_keys_anew()
    {
        using var ring = await Rings.OpenAsync(_kept);
        await Objects(ring).PutAsync("g1/1", "first"u8.ToArray());
        await ring.KeyAsync("g2");
        var before = _kept.Keys;
        (await ring.RotateMasterAsync(Rings.Master(2))).ShouldBe(4);
        _kept.Keys.Select(static key => key.Master).Distinct().ShouldHaveSingleItem().ShouldBe(ring.Master);
        _kept.Keys.Select(static key => key.Id).ShouldBe(before.Select(static key => key.Id));
        await ring.KeyAsync("g3");
        (await Should.ThrowAsync<BackupException>(() => Rings.OpenAsync(_kept))).Number.ShouldBe(
            BlockstoreErrors.MasterWrong
        );
        using var again = await Rings.OpenAsync(_kept, master: 2);
        await ShouldReadAsync(again, ("g1/1", "first"));
        (await again.RotateMasterAsync(Rings.Master(2))).ShouldBe(0, "they are wrapped under it already");
    }

    [Fact]
    public async Task Nothing_is_wrapped_under_a_master_that_another_process_has_replaced()
    {
        using var one = await Rings.OpenAsync(_kept);
        using var other = await Rings.OpenAsync(_kept);
        await one.KeyAsync("g1");
        await other.RefreshAsync();
        await one.RotateMasterAsync(Rings.Master(2));
        await other.RefreshAsync();
        (await other.KeyAsync("g1")).Id.ShouldBe((await one.KeyAsync("g1")).Id, "what it has it goes on with");
        await ShouldFailAsync(BlockstoreErrors.MasterWrong, () => other.KeyAsync("g2"));
        await ShouldFailAsync(BlockstoreErrors.MasterWrong, () => other.RotateAsync("g1"));
        using var again = await Rings.OpenAsync(_kept, master: 2);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_rotation_of_the_master_that_is_killed_leaves_one_of_both_that_fits(bool isBefore)
    {
        using var ring = await Rings.OpenAsync(_kept);
        await Objects(ring).PutAsync("g1/1", "first"u8.ToArray());
        (_kept.FailsBefore, _kept.FailsAfter) = (isBefore, !isBefore);
        await Should.ThrowAsync<IOException>(() => ring.RotateMasterAsync(Rings.Master(2)));
        // The process that goes on does not know which it is, and makes a key.
        await Objects(ring).PutAsync("g2/1", "second"u8.ToArray());
        using var again = await KeyRing.OpenAsync(_kept, [Rings.Master(1), Rings.Master(2)], true, TimeProvider.System);
        await ShouldReadAsync(again, ("g1/1", "first"), ("g2/1", "second"));
        await again.RotateMasterAsync(Rings.Master(2));
        using var alone = await Rings.OpenAsync(_kept, master: 2);
        await ShouldReadAsync(alone, ("g1/1", "first"), ("g2/1", "second"));
    }

    [Fact]
    public async Task What_was_sealed_for_a_group_whose_keys_were_destroyed_is_lost_and_nothing_more_is_put()
    {
        using var ring = await Rings.OpenAsync(_kept);
        var store = Objects(ring);
        await store.PutAsync("g1/1", "first"u8.ToArray());
        await store.PutAsync("g2/1", "other"u8.ToArray());
        var key = await ring.KeyAsync("g1");
        await ring.RotateAsync("g1");
        (await ring.DestroyAsync("g1")).ShouldBe(3);
        Should.Throw<BackupException>(() => key.IdOf([1])).Number.ShouldBe(BlockstoreErrors.GroupDestroyed);
        using var again = await Rings.OpenAsync(_kept);
        foreach (var one in new[] { ring, again })
        {
            await ShouldReadAsync(one, ("g2/1", "other"));
            await ShouldFailAsync(BlockstoreErrors.KeyDestroyed, () => Objects(one).GetAsync("g1/1"));
            await ShouldFailAsync(
                BlockstoreErrors.GroupDestroyed,
                () => Objects(one).PutAsync("g1/2", "more"u8.ToArray())
            );
            await ShouldFailAsync(BlockstoreErrors.GroupDestroyed, () => one.RotateAsync("g1"));
            await ShouldFailAsync(BlockstoreErrors.GroupHasNoKeys, () => one.DestroyAsync("g1"));
        }
    }

    [Fact]
    public async Task What_one_process_makes_and_destroys_another_one_knows()
    {
        using var one = await Rings.OpenAsync(_kept);
        using var other = await KeyRing.OpenAsync(_kept, [Rings.Master()], true, _time);
        await Objects(one).PutAsync("g1/1", "first"u8.ToArray());
        _time.Advance(TimeSpan.FromSeconds(2));
        await ShouldReadAsync(other, ("g1/1", "first"));

        // Both make the first key of a group: one of them is it.
        await _kept.BeforeAdd(() => one.KeyAsync("g2"), () => other.KeyAsync("g2"));
        (await one.KeyAsync("g2")).Id.ShouldBe((await other.KeyAsync("g2")).Id);

        await one.RotateAsync("g1");
        await other.RefreshAsync();
        (await other.KeyAsync("g1")).Generation.ShouldBe(2);
        var key = await other.KeyAsync("g1");
        await one.DestroyAsync("g1");
        await other.RefreshAsync();
        Should.Throw<BackupException>(() => key.IdOf([1])).Number.ShouldBe(BlockstoreErrors.GroupDestroyed);
        await ShouldFailAsync(BlockstoreErrors.KeyDestroyed, () => Objects(other).GetAsync("g1/1"));
        await ShouldFailAsync(BlockstoreErrors.GroupDestroyed, () => other.KeyAsync("g1"));
    }

    [Fact]
    public void A_wrapped_key_that_another_program_made_from_the_format_alone_is_opened()
    {
        using var master = new Backup.Foundation.Secrets.MasterKey([
            .. Enumerable.Range(64, 32).Select(static n => (byte)n),
        ]);
        master.Id.ShouldBe("546b8ef01b372d0f");
        KeyId.TryParse("1122334455667788", out var id).ShouldBeTrue();
        var box = Convert.FromHexString(
            "016e6f6e6365206f66207468652077726170706564206b6579a517f1d4806b5e1bb145a9384b0da0733b4b9f9434f296ed446c7f843d33816a4c7f6889d1c1959e45f4eb49e04650e9"
        );
        var key = new byte[32];
        KeyWrapping.Unwrap(new WrappedKey("g1", id, KeyPurpose.Data, 1, default, master.Id, box), master, key);
        key.ShouldBe([.. Enumerable.Range(0, 32).Select(static n => (byte)n)]);
    }

    [Fact]
    public async Task A_sealed_object_that_another_program_made_from_the_format_alone_is_opened()
    {
        var content = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "frozen", "sealed-v1.object"));
        await _objects.PutAsync("oplog/s/0", content);
        KeyId.TryParse("1122334455667788", out var id).ShouldBeTrue();
        using var ring = await Rings.OpenAsync(_kept);
        var master = Rings.Master();
        WrappedKey Wrapped(KeyId name, KeyPurpose purpose, int generation, int first) =>
            KeyWrapping.Wrap(
                [.. Enumerable.Range(first, 32).Select(static n => (byte)n)],
                new WrappedKey("g1", name, purpose, generation, default, "", []),
                master
            );
        await _kept.AddAsync([Wrapped(id, KeyPurpose.Data, 1, 0), Wrapped(KeyId.New(), KeyPurpose.Ids, 0, 32)]);
        using var again = await Rings.OpenAsync(_kept);
        using var read = await Objects(again).GetAsync("oplog/s/0");
        read.Memory.ToArray().ShouldBe([.. Enumerable.Range(0, 1000).Select(static n => (byte)((n * 7) + 3))]);
    }

    private static WrappedKey Flip(WrappedKey key, int at)
    {
        var box = key.Box.ToArray();
        box[at] ^= 1;
        return key with { Box = box };
    }

    private SealedObjectStore Objects(KeyRing ring) => new(_objects, ring, static (name, _) => new(name.Split('/')[0]));

    private async Task ShouldReadAsync(KeyRing ring, params (string Name, string Content)[] objects)
    {
        foreach (var (name, content) in objects)
        {
            using var read = await Objects(ring).GetAsync(name);
            System.Text.Encoding.UTF8.GetString(read.Memory.Span).ShouldBe(content);
        }
    }

    private static async Task ShouldFailAsync(int number, Func<Task> work) =>
        (await Should.ThrowAsync<BackupException>(work)).Number.ShouldBe(number);
}
