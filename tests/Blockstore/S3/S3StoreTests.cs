using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Packs;
using Backup.Blockstore.S3;
using Backup.Blockstore.Shared;
using Backup.Foundation.Errors;
using Backup.Tests.Blockstore.Shared;
using Shouldly;
using Xunit;

namespace Backup.Tests.Blockstore.S3;

/// <summary>What a store on S3 leaves in its bucket, and what it does when something there is not as it should be.</summary>
public sealed class S3StoreTests
{
    private readonly MemoryBlobs _blobs = new();
    private readonly List<byte[]> _raws = Data.Blocks(12);

    private static GroomOptions All => new() { MaxDeadShare = 0, MinPackDeadShare = 0 };

    [Theory]
    [InlineData("a bit of a block", true)]
    [InlineData("a bit of a block's header", true)]
    [InlineData("cut short", true)]
    [InlineData("gone", true)]
    [InlineData("a bit of the header", false)]
    [InlineData("a bit of the footer", false)]
    [InlineData("a bit of the list", false)]
    public async Task Every_damage_is_named_and_what_is_put_again_is_whole(string damage, bool loses)
    {
        await using (var store = await FilledAsync())
        {
            var pack = _blobs.Keys("packs/")[0];
            Damage(damage, pack);

            var findings = await CheckAsync(store);

            findings.ShouldNotBeEmpty();
            findings.ShouldAllBe(one => one.Where == pack || one.Where == pack.Replace("packs/", "index/"));
            (await LostAsync(store) > 0).ShouldBe(loses);
        }

        // What one process has found another one knows.
        await using var other = await OpenAsync();
        foreach (var raw in _raws)
        {
            await other.PutAsync(raw);
        }

        await other.FlushAsync();
        (await LostAsync(other)).ShouldBe(0);
        await using var third = await OpenAsync();
        (await LostAsync(third)).ShouldBe(0);
    }

    [Fact]
    public async Task A_block_that_was_read_damaged_is_written_anew_by_the_next_put()
    {
        await using var store = await FilledAsync();
        Damage("a bit of a block", _blobs.Keys("packs/")[0]);
        var failures = 0;
        foreach (var raw in _raws)
        {
            try
            {
                (await store.GetAsync(BlockId.Of(raw))).Dispose();
            }
            catch (BackupException failure)
            {
                failure.Number.ShouldBe(BlockstoreErrors.BlockDamaged);
                failures++;
                (await store.PutAsync(raw)).IsNew.ShouldBeTrue();
                (await store.PutAsync(raw)).IsNew.ShouldBeFalse();
            }
        }

        failures.ShouldBe(1);
        await store.FlushAsync();
        (await LostAsync(store)).ShouldBe(0);
    }

    [Fact]
    public async Task A_groom_removes_dead_packs_puts_others_together_and_keeps_what_is_damaged()
    {
        await using var store = await FilledAsync();
        var even = _raws.Where(static (_, n) => n % 2 == 0).Select(static raw => BlockId.Of(raw)).ToList();
        var before = _blobs.Keys("packs/");
        var dry = await store.GroomAsync(new Roots(even), All with { DryRun = true });
        (dry.LiveBlocks, dry.DeadBlocks, dry.FreedBytes).ShouldBe((6, 6, 0));
        _blobs.Keys("packs/").ShouldBe(before);

        var report = await store.GroomAsync(new Roots(even), All);
        (report.LiveBlocks, report.DeadBlocks, report.MissingBlocks).ShouldBe((6, 6, 0));
        report.CompactedPacks.ShouldBe(2);
        report.FreedBytes.ShouldBe(dry.DeadBytes);
        _blobs.Keys("packs/").ShouldNotContain(before[0]);
        store.Statistics.Blocks.ShouldBe(6);
        foreach (var raw in _raws.Where(static (_, n) => n % 2 == 0))
        {
            using var content = await store.GetAsync(BlockId.Of(raw));
            content.Memory.Span.SequenceEqual(raw).ShouldBeTrue();
        }

        var last = _blobs.Keys("packs/").ShouldHaveSingleItem();
        Damage("a bit of a block", last);
        var kept = await store.GroomAsync(new Roots([.. even.Take(5)]), All);
        kept.CompactedPacks.ShouldBe(0);
        kept.Findings.ShouldHaveSingleItem().Where.ShouldBe(last);
        _blobs.Keys("packs/").ShouldBe([last]);
    }

    [Fact]
    public async Task Packs_that_are_nearly_full_are_put_together_into_several()
    {
        const int full = 31;
        await using var store = await OpenAsync();
        var live = new List<BlockId>();
        // Two packs of 31 MiB, of which 27 are needed: together more than one pack and its room to spare.
        foreach (var pack in Enumerable.Range(0, 2))
        {
            foreach (var n in Enumerable.Range(0, full))
            {
                var id = (await store.PutAsync(Data.Random(1 << 20, (pack * full) + n))).Id;
                if (n >= 4)
                {
                    live.Add(id);
                }
            }

            await store.FlushAsync();
        }

        var report = await store.GroomAsync(new Roots(live), All);

        (report.LiveBlocks, report.MissingBlocks, report.CompactedPacks).ShouldBe((54, 0, 2));
        _blobs.Keys("packs/").Count.ShouldBe(2);
        foreach (var id in live)
        {
            (await store.GetAsync(id)).Dispose();
        }
    }

    [Fact]
    public async Task What_another_process_moved_is_found_where_it_is()
    {
        await using var store = await FilledAsync();
        await using var reader = await OpenAsync();
        store.GroomWaiting = reader.BeatAsync;
        var odd = _raws.Where(static (_, n) => n % 2 == 1).ToList();
        await store.GroomAsync(new Roots([.. odd.Select(static raw => BlockId.Of(raw))]), All);
        foreach (var raw in odd)
        {
            using var content = await reader.GetAsync(BlockId.Of(raw));
            content.Memory.Span.SequenceEqual(raw).ShouldBeTrue();
        }

        (await reader.ContainsAsync(BlockId.Of(_raws[0]))).ShouldBeFalse();
    }

    [Fact]
    public async Task A_writer_that_hung_while_its_pack_was_removed_publishes_nothing()
    {
        await using var store = await FilledAsync();
        var pack = S3Pack.New(epoch: 0);
        await _blobs.PutAsync(pack.Key, new byte[100], CancellationToken.None);
        await store.GroomAsync(new Roots([.. _raws.Select(static raw => BlockId.Of(raw))]), All);
        _blobs.Keys("packs/").ShouldNotContain(pack.Key);
        // Now it goes on.
        var isPublished = await _blobs.TryCreateAsync(pack.ListKey, new byte[100], isLocked: false, default);
        isPublished.ShouldBeFalse();
    }

    [Fact]
    public async Task A_state_that_was_made_from_an_old_one_does_not_count()
    {
        var place = new S3SharedPlace(_blobs);
        var token = await place.TryReplaceAsync(new StoreState(), null, default);
        var first = token;
        for (var n = 0; n < 300; n++)
        {
            token = await place.TryReplaceAsync(new StoreState { Epoch = n }, token, default);
            token.ShouldNotBeNull();
        }

        _blobs.Keys("state/").Count.ShouldBeLessThan(150, "old ones are removed");
        // The version after the first was removed, and could be made once more.
        (await place.TryReplaceAsync(new StoreState { Epoch = 1000 }, first, default)).ShouldBeNull();
        (await place.ReadAsync(default))!.Value.State.Epoch.ShouldBe(299);
    }

    [Fact]
    public void Options_show_no_keys()
    {
        var options = new S3StoreOptions
        {
            Bucket = "b",
            AccessKey = "the-key",
            SecretKey = S3Server.Secret,
        };
        options.ToString().ShouldNotContain("the-key");
        options.ToString().ShouldNotContain(S3Server.Secret);
    }

    [Fact]
    public async Task A_service_that_cannot_be_reached_is_named_without_the_keys()
    {
        var options = new S3StoreOptions
        {
            Bucket = "b",
            Endpoint = new Uri("http://127.0.0.1:9"),
            AccessKey = "the-key",
            SecretKey = S3Server.Secret,
            GiveUpAfter = TimeSpan.Zero,
        };
        var failure = await Should.ThrowAsync<BackupException>(() => S3BlockStore.OpenAsync(options));
        (failure.Number, failure.IsTransient).ShouldBe((BlockstoreErrors.ServerRefused, true));
        failure.ToString().ShouldNotContain("the-key");
        failure.ToString().ShouldNotContain(S3Server.Secret);
    }

    [S3ServerFact]
    public async Task A_condition_that_does_not_hold_and_a_bucket_that_is_not_there_are_told()
    {
        await using var server = await S3Server.StartAsync();
        var options = await server.FreshAsync();
        using (var blobs = new S3Blobs(options))
        {
            foreach (var length in new[] { 1000, 12 << 20 })
            {
                var key = $"once/{length}";
                var content = Data.Random(length, 1);
                (await blobs.TryCreateAsync(key, content, isLocked: false, default)).ShouldBeTrue();
                (await blobs.TryCreateAsync(key, Data.Random(length, 2), isLocked: false, default)).ShouldBeFalse();
                // An answer that was lost: what is there is its own.
                (await blobs.TryCreateAsync(key, content, isLocked: false, default)).ShouldBeTrue();
                using var read = await blobs.GetAsync(key, default);
                read!.Span.SequenceEqual(content).ShouldBeTrue();
                using var some = await blobs.GetAsync(key, 990, 20, default);
                some!.Span.SequenceEqual(content.AsSpan(990, Math.Min(20, length - 990))).ShouldBeTrue();
            }
        }

        var failure = await Should.ThrowAsync<BackupException>(() =>
            S3BlockStore.OpenAsync(options with { Bucket = "nowhere" })
        );
        (failure.Number, failure.IsTransient).ShouldBe((BlockstoreErrors.ServerRefused, false));
    }

    private async Task<IDrivenStore> OpenAsync() =>
        await S3BlockStore.OpenAsync(
            _blobs,
            new S3StoreOptions
            {
                Bucket = "memory",
                Sharing = new SharedStoreOptions { BeatInterval = TimeSpan.FromSeconds(1) },
            },
            CancellationToken.None
        );

    /// <summary>Two packs of six blocks each.</summary>
    private async Task<IDrivenStore> FilledAsync()
    {
        var store = await OpenAsync();
        foreach (var half in _raws.Chunk(6))
        {
            foreach (var raw in half)
            {
                await store.PutAsync(raw);
            }

            await store.FlushAsync();
        }

        return store;
    }

    private void Damage(string how, string pack)
    {
        const int inFirst = PackFormat.HeaderLength + BlockHeader.Length + 50;
        switch (how)
        {
            case "a bit of a block":
                _blobs.Spoil(pack, static bytes => Flip(bytes, inFirst));
                break;
            case "a bit of a block's header":
                _blobs.Spoil(pack, static bytes => Flip(bytes, PackFormat.HeaderLength + 20));
                break;
            case "cut short":
                _blobs.Spoil(pack, static bytes => bytes[..(bytes.Length / 2)]);
                break;
            case "gone":
                _blobs.Spoil(pack, static _ => null);
                break;
            case "a bit of the header":
                _blobs.Spoil(pack, static bytes => Flip(bytes, 3));
                break;
            case "a bit of the footer":
                _blobs.Spoil(pack, static bytes => Flip(bytes, bytes.Length - 60));
                break;
            case "a bit of the list":
                _blobs.Spoil(pack.Replace("packs/", "index/"), static bytes => Flip(bytes, 40));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(how), how, null);
        }

        static byte[] Flip(byte[] bytes, int at)
        {
            bytes[at] ^= 8;
            return bytes;
        }
    }

    private async Task<int> LostAsync(IBlockStore store)
    {
        var lost = 0;
        foreach (var raw in _raws)
        {
            try
            {
                using var content = await store.GetAsync(BlockId.Of(raw));
                content.Memory.Span.SequenceEqual(raw).ShouldBeTrue();
            }
            catch (BackupException failure)
                when (failure.Number is BlockstoreErrors.BlockDamaged or BlockstoreErrors.BlockMissing)
            {
                lost++;
            }
        }

        return lost;
    }

    private static async Task<List<StoreFinding>> CheckAsync(IDrivenStore store)
    {
        var findings = new List<StoreFinding>();
        (await store.CheckAsync(findings.Add)).Findings.ShouldBe(findings.Count);
        return findings;
    }
}
