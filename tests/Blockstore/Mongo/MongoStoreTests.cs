using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Mongo;
using Backup.Blockstore.Shared;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;
using Backup.Sandbox;
using Backup.Tests.Blockstore.Shared;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Blockstore.Mongo;

/// <summary>What a store on MongoDB leaves there, and what it does when something there, or a process beside it, is not as it should be.</summary>
public sealed class MongoStoreTests(SandboxPlace place) : IClassFixture<SandboxPlace>
{
    private const int PartBytes = 9500;

    private readonly MongoStoreOptions _options = MongoPlace.Fresh() with
    {
        PartBytes = PartBytes,
        Sharing = new SharedStoreOptions { BeatInterval = TimeSpan.FromMilliseconds(200) },
    };
    private readonly List<byte[]> _raws = [.. Data.Blocks(12), Data.Random(20_000, 99)];

    private RawDatabase Raw => new(place.Client, _options.Database);

    /// <summary>Cut into three parts.</summary>
    private byte[] Long => _raws[^1];

    [Theory]
    [InlineData("a bit of the data", 2)]
    [InlineData("data of another block", 2)]
    [InlineData("data cut short", 2)]
    [InlineData("no data", 2)]
    [InlineData("a length that is none", 2)]
    [InlineData("a wrong length", 2)]
    [InlineData("a part gone", 12)]
    [InlineData("a bit of a part", 12)]
    public async Task Every_damage_is_named_and_what_is_put_again_is_whole(string damage, int block)
    {
        await using var store = await FilledAsync();
        await DamageAsync(damage, _raws[block]);

        var id = BlockId.Of(_raws[block]);
        (await CheckAsync(store)).ShouldHaveSingleItem().Id.ShouldBe(id);
        await using (var other = await OpenAsync())
        {
            // What one process has found another one knows.
            (await other.PutAsync(_raws[block])).IsNew.ShouldBeTrue(damage);
            (await other.PutAsync(_raws[block])).IsNew.ShouldBeFalse();
            await other.FlushAsync();
        }

        (await CheckAsync(store)).ShouldBeEmpty();
        foreach (var raw in _raws)
        {
            using var content = await store.GetAsync(BlockId.Of(raw));
            content.Memory.Span.SequenceEqual(raw).ShouldBeTrue();
        }
    }

    [Fact]
    public async Task A_block_that_was_read_damaged_is_written_anew_by_whoever_puts_it_next()
    {
        await using var store = await FilledAsync();
        await DamageAsync("a bit of the data", _raws[2]);
        (await store.PutAsync(_raws[2])).IsNew.ShouldBeFalse("nobody knows yet");
        var failure = await Should.ThrowAsync<BackupException>(async () => await store.GetAsync(BlockId.Of(_raws[2])));
        failure.Number.ShouldBe(BlockstoreErrors.BlockDamaged);
        (await store.PutAsync(_raws[2])).IsNew.ShouldBeTrue();
        await store.FlushAsync();
        (await store.GetAsync(BlockId.Of(_raws[2]))).Dispose();
    }

    [Fact]
    public async Task A_block_that_was_brought_back_from_a_copy_counts_again()
    {
        await using var store = await FilledAsync();
        var id = BlockId.Of(_raws[2]);
        await DamageAsync("a bit of the data", _raws[2]);
        (await CheckAsync(store)).Count.ShouldBe(1);
        await DamageAsync("a bit of the data", _raws[2]);
        (await CheckAsync(store)).ShouldBeEmpty();
        (await store.PutAsync(_raws[2])).IsNew.ShouldBeFalse();
    }

    [Fact]
    public async Task A_part_of_the_blocks_is_read_and_all_are_counted()
    {
        await using var store = await FilledAsync();
        await DamageAsync("a bit of the data", _raws[2]);
        await DamageAsync("a length that is none", _raws[4]);
        var findings = new List<StoreFinding>();
        var check = await store.CheckAsync(findings.Add, new CheckOptions { ReadShare = 0 });
        (check.Blocks, check.StoredBytes).ShouldBe((_raws.Count, 0));
        findings.ShouldHaveSingleItem().Id.ShouldBe(BlockId.Of(_raws[4]));

        var found = 0;
        for (var night = 0; night < 40 && found == 0; night++)
        {
            findings.Clear();
            await store.CheckAsync(findings.Add, new CheckOptions { ReadShare = 0.5 });
            found += findings.Count(one => one.Id == BlockId.Of(_raws[2]));
        }

        found.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task A_groom_removes_what_nobody_needs_with_its_parts_and_names_what_is_damaged()
    {
        await using var store = await FilledAsync();
        await DamageAsync("a bit of the data", _raws[2]);
        (await CheckAsync(store)).Count.ShouldBe(1);
        var kept = _raws.Take(4).Select(static raw => BlockId.Of(raw)).ToList();
        var dry = await store.GroomAsync(new Roots(kept), new GroomOptions { DryRun = true });
        (dry.LiveBlocks, dry.DeadBlocks, dry.FreedBytes).ShouldBe((4, 9, 0));
        store.Statistics.Blocks.ShouldBe(13);

        var report = await store.GroomAsync(new Roots(kept));
        (report.LiveBlocks, report.DeadBlocks, report.MissingBlocks).ShouldBe((4, 9, 0));
        report.FreedBytes.ShouldBe(dry.DeadBytes);
        report.Findings.ShouldHaveSingleItem().Id.ShouldBe(BlockId.Of(_raws[2]));
        store.Statistics.Blocks.ShouldBe(4);
        store.Statistics.StoredBytes.ShouldBe(report.LiveBytes);
        (await Raw.CountAsync("blocks")).ShouldBe(4);
        (await Raw.CountAsync("blockParts")).ShouldBe(0);
    }

    [Fact]
    public async Task A_groom_counts_what_is_needed_and_missing_and_removes_nothing_where_it_cannot_read()
    {
        await using var store = await FilledAsync();
        var all = _raws.Select(static raw => BlockId.Of(raw)).ToList();
        var missing = BlockId.Of([1, 2, 3]);
        (await store.GroomAsync(new Roots([.. all, missing]))).MissingBlocks.ShouldBe(1);
        var blind = new Roots([default]);
        var failure = await Should.ThrowAsync<BackupException>(() => store.GroomAsync(blind));
        failure.Number.ShouldBe(BlockstoreErrors.GroomBlind);
        (await Raw.CountAsync("blocks")).ShouldBe(13);
        // The turn was given back.
        await store.GroomAsync(new Roots(all));
    }

    [Fact]
    public async Task Work_of_another_process_keeps_what_it_has_put_until_it_ends()
    {
        await using var store = await OpenAsync();
        await using var other = await OpenAsync();
        store.GroomWaiting = other.BeatAsync;
        using (other.Holds.Begin())
        {
            foreach (var raw in _raws)
            {
                await other.PutAsync(raw);
            }

            var report = await store.GroomAsync(new Roots([]));
            report.DeadBlocks.ShouldBe(0);
            report.HeldBytes.ShouldBeGreaterThan(0);
        }

        // What is held was put under an old epoch: put again, it is held by whoever puts it now.
        using var hold = store.Holds.Begin();
        await store.PutAsync(_raws[0]);
        var second = await store.GroomAsync(new Roots([]));
        second.DeadBlocks.ShouldBe(12);
        await store.FlushAsync();
        (await store.GetAsync(BlockId.Of(_raws[0]))).Dispose();
        (await Raw.CountAsync("blocks")).ShouldBe(1);
    }

    [Fact]
    public async Task One_process_grooms_at_a_time_and_takes_over_from_one_that_died()
    {
        var time = new ManualTime();
        var options = _options with { Sharing = new SharedStoreOptions { Time = time } };
        await using IDrivenStore store = await MongoBlockStore.OpenAsync(place.Client, options);
        IDrivenStore first = await MongoBlockStore.OpenAsync(place.Client, options);
        first.GroomWaiting = store.BeatAsync;
        var second = default(BackupException);
        var roots = new Roots([])
        {
            OnList = async () =>
            {
                store.GroomWaiting = first.BeatAsync;
                second = await Should.ThrowAsync<BackupException>(() => store.GroomAsync(new Roots([])));
                await first.KillAsync();
                throw new TimeoutException("killed");
            },
        };
        await Should.ThrowAsync<TimeoutException>(() => first.GroomAsync(roots));
        second!.Number.ShouldBe(BlockstoreErrors.GroomUnderWay);

        store.GroomWaiting = () =>
        {
            time.Advance(TimeSpan.FromSeconds(50));
            return Task.CompletedTask;
        };
        await store.GroomAsync(new Roots([]));
    }

    [Fact]
    public async Task A_process_that_was_silent_is_refused_and_its_late_commit_too()
    {
        var time = new ManualTime();
        var fence = new Fence();
        var sharing = new SharedStoreOptions
        {
            Time = time,
            Fence = fence,
            BeatInterval = TimeSpan.FromDays(1),
        };
        var options = _options with { Sharing = sharing };
        await using IDrivenStore store = await MongoBlockStore.OpenAsync(place.Client, options);
        await using IDrivenStore hung = await MongoBlockStore.OpenAsync(place.Client, options);
        using var hold = hung.Holds.Begin();
        await hung.PutAsync(_raws[0]);
        await hung.FlushAsync();
        store.GroomWaiting = () =>
        {
            time.Advance(TimeSpan.FromSeconds(50));
            return Task.CompletedTask;
        };
        var roots = new Roots([])
        {
            OnList = () =>
            {
                fence.Revoked.ShouldBe([hung.Session], "before roots are listed");
                return Task.CompletedTask;
            },
        };
        (await store.GroomAsync(roots)).DeadBlocks.ShouldBe(1);
        hung.HasStopped.ShouldBeFalse("it does not know yet");
        (await Should.ThrowAsync<BackupException>(() => hung.FlushAsync())).Number.ShouldBe(
            BlockstoreErrors.SessionEnded
        );
        hung.HasStopped.ShouldBeTrue();
        (await Should.ThrowAsync<BackupException>(async () => await hung.PutAsync(_raws[1]))).Number.ShouldBe(
            BlockstoreErrors.SessionEnded
        );
    }

    [Fact]
    public async Task Two_processes_put_the_same_long_blocks_at_once()
    {
        await using var store = await OpenAsync();
        await using var other = await OpenAsync();
        var raws = Enumerable.Range(0, 12).Select(static n => Data.Random(25_000, n)).ToList();
        await Task.WhenAll(new[] { store, other }.Select(PutAllAsync));
        foreach (var raw in raws)
        {
            using var content = await other.GetAsync(BlockId.Of(raw));
            content.Memory.Span.SequenceEqual(raw).ShouldBeTrue();
        }

        (await store.GroomAsync(new Roots([.. raws.Select(static raw => BlockId.Of(raw))]))).LiveBlocks.ShouldBe(12);
        (await Raw.CountAsync("blockParts")).ShouldBe(12 * 3, "nothing is left of the writer that was slower");

        async Task PutAllAsync(IDrivenStore one)
        {
            await Task.WhenAll(raws.Select(raw => one.PutAsync(raw).AsTask()));
            await one.FlushAsync();
        }
    }

    [Fact]
    public async Task What_killed_processes_have_not_told_is_counted_by_the_next_groom()
    {
        var store = await FilledAsync();
        await store.KillAsync();
        await using var next = await OpenAsync();
        next.GroomWaiting = null;
        next.Statistics.Blocks.ShouldBeLessThanOrEqualTo(13);
        await using IDrivenStore groomed = await MongoBlockStore.OpenAsync(
            place.Client,
            _options with
            {
                Sharing = new SharedStoreOptions
                {
                    SilenceLimit = TimeSpan.Zero,
                    BeatInterval = TimeSpan.FromSeconds(1),
                },
            }
        );
        groomed.GroomWaiting = next.BeatAsync;
        await groomed.GroomAsync(new Roots([.. _raws.Select(static raw => BlockId.Of(raw))]));
        groomed.Statistics.Blocks.ShouldBe(13);
    }

    [Fact]
    public async Task A_store_of_a_newer_release_is_refused()
    {
        await using (await OpenAsync()) { }

        await Raw.RunAsync("update", "updates", "state", w => w.String("_id"u8, "state"), w => w.Int32("format"u8, 2));
        (await Should.ThrowAsync<BackupException>(OpenAsync)).Number.ShouldBe(BlockstoreErrors.NewerFormat);
    }

    [Fact]
    public async Task Fields_of_documents_are_frozen()
    {
        await using (await FilledAsync()) { }

        (await Raw.FieldsAsync("blocks", w => BlockDocuments.Id(w, "_id"u8, BlockId.Of(_raws[0])))).ShouldBe(
            "_id:Binary rawLength:Int32 storedLength:Int32 epoch:Int64 data:Binary"
        );
        (await Raw.FieldsAsync("blocks", w => BlockDocuments.Id(w, "_id"u8, BlockId.Of(Long)))).ShouldBe(
            "_id:Binary rawLength:Int32 storedLength:Int32 write:Binary parts:Int32 complete:Boolean epoch:Int64"
        );
        (await Raw.FieldsAsync("blockParts", static _ => { })).ShouldBe("_id:Document epoch:Int64 data:Binary");
        (await Raw.FieldsAsync("state", static _ => { })).ShouldBe(
            "_id:String token:Binary format:Int32 epoch:Int64 damages:Int64 blocks:Int64 bytes:Int64 sessions:Array shutOut:Array"
        );
    }

    [Fact]
    public async Task Elections_in_the_midst_of_puts_lose_nothing()
    {
        await using var set = await SandboxSet.StartAsync(
            options: new SandboxOptions
            {
                ElectionTimeout = TimeSpan.FromMilliseconds(500),
                Members = [new(), new(), new()],
            }
        );
        await using var client = new MongoClient(
            ConnectionString.Parse(set.ConnectionString),
            new MongoClientOptions { HeartbeatInterval = TimeSpan.FromMilliseconds(500) }
        );
        await using IDrivenStore store = await MongoBlockStore.OpenAsync(client, _options);
        var raws = Enumerable.Range(0, 60).Select(static n => Data.Compressible(8000, n)).ToList();
        foreach (var (n, raw) in raws.Index())
        {
            await store.PutAsync(raw);
            if (n % 20 == 10)
            {
                await set.StepDownAsync();
            }
        }

        await store.FlushAsync();
        foreach (var raw in raws)
        {
            using var content = await store.GetAsync(BlockId.Of(raw));
            content.Memory.Span.SequenceEqual(raw).ShouldBeTrue();
        }

        (await store.ListAsync().CountAsync()).ShouldBe(60);
    }

    private async Task<IDrivenStore> OpenAsync() => await MongoBlockStore.OpenAsync(place.Client, _options);

    private async Task<IDrivenStore> FilledAsync()
    {
        var store = await OpenAsync();
        foreach (var raw in _raws)
        {
            await store.PutAsync(raw);
        }

        await store.FlushAsync();
        return store;
    }

    private static async Task<List<StoreFinding>> CheckAsync(IDrivenStore store)
    {
        var findings = new List<StoreFinding>();
        var check = await store.CheckAsync(findings.Add);
        check.Findings.ShouldBe(findings.Count);
        check.Blocks.ShouldBe(13);
        return findings;
    }

    private async Task DamageAsync(string how, byte[] raw)
    {
        void Of(BsonWriter w) => BlockDocuments.Id(w, "_id"u8, BlockId.Of(raw));
        Task Set(Action<BsonWriter> fields) => Raw.RunAsync("update", "updates", "blocks", Of, fields);
        var data = (byte[])(how.Contains("part") ? [] : await Raw.DataAsync("blocks", Of));
        switch (how)
        {
            case "a bit of the data":
                data[^5] ^= 4;
                await Set(w => w.Binary("data"u8, data));
                break;
            case "data of another block":
                data = await Raw.DataAsync(
                    "blocks",
                    static w => BlockDocuments.Id(w, "_id"u8, BlockId.Of(Data.Blocks(12)[5]))
                );
                await Set(w => w.Binary("data"u8, data));
                break;
            case "data cut short":
                await Set(w => w.Binary("data"u8, data.AsSpan(..^1)));
                break;
            case "no data":
                await Set(static w => w.Null("data"u8));
                break;
            case "a length that is none":
                await Set(static w => w.String("rawLength"u8, "long"));
                break;
            case "a wrong length":
                await Set(static w => w.Int32("rawLength"u8, 77));
                break;
            case "a part gone":
                await Raw.RunAsync("delete", "deletes", "blockParts", static w => w.Int32("_id.n"u8, 1));
                break;
            case "a bit of a part":
                var part = await Raw.DataAsync("blockParts", static w => w.Int32("_id.n"u8, 1));
                part[100] ^= 1;
                await Raw.RunAsync(
                    "update",
                    "updates",
                    "blockParts",
                    static w => w.Int32("_id.n"u8, 1),
                    w => w.Binary("data"u8, part)
                );
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(how), how, null);
        }
    }
}
