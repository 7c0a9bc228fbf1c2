using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Packs;
using Backup.Foundation.Errors;
using Shouldly;
using Xunit;

namespace Backup.Tests.Blockstore;

/// <summary>What a groom leaves on the disk, and what it does where something is wrong.</summary>
public sealed class GroomedStoreTests : IDisposable
{
    private static readonly PackStoreOptions Options = new(PackBytes: 30_000);

    private readonly TemporaryFolder _folder = new();
    private readonly List<byte[]> _raws = Data.Blocks(24);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_index_of_a_clean_close_knows_nothing_that_was_groomed_away()
    {
        long before;
        await using (var store = await OpenAsync())
        {
            await FillAsync(store);
            before = store.Statistics.StoredBytes;
            var report = await store.GroomAsync(new Roots(Even()), All);
            report.LiveBlocks.ShouldBe(12);
            report.DeadBlocks.ShouldBe(12);
            report.FreedBytes.ShouldBeGreaterThan(0);
            report.CompactedPacks.ShouldBeGreaterThan(0);
        }

        File.Exists(Path.Combine(_folder.Path, "index", "cover")).ShouldBeTrue("it is read, not made again");
        await using var again = await OpenAsync();
        again.Statistics.Blocks.ShouldBe(12);
        again.Statistics.StoredBytes.ShouldBeLessThan(before);
        foreach (var (n, raw) in _raws.Index())
        {
            (await again.ContainsAsync(BlockId.Of(raw))).ShouldBe(n % 2 == 0);
            (await again.PutAsync(raw)).IsNew.ShouldBe(n % 2 != 0, $"block {n}");
        }

        foreach (var raw in _raws)
        {
            using var content = await again.GetAsync(BlockId.Of(raw));
            content.Memory.Span.SequenceEqual(raw).ShouldBeTrue();
        }
    }

    [Fact]
    public async Task A_dry_run_counts_and_changes_nothing()
    {
        await using var store = await OpenAsync();
        await FillAsync(store);
        var packs = PacksNow();
        var report = await store.GroomAsync(new Roots(Even()), All with { DryRun = true });
        report.ReclaimableBytes.ShouldBeGreaterThan(0);
        report.FreedBytes.ShouldBe(0);
        PacksNow().ShouldBe(packs);
        store.Statistics.Blocks.ShouldBe(24);
    }

    [Fact]
    public async Task A_pack_with_a_damaged_block_that_is_needed_stays_and_is_named()
    {
        await using var store = await OpenAsync();
        await FillAsync(store);
        var pack = PacksNow()[0];
        using (var file = File.Open(pack, FileMode.Open, FileAccess.ReadWrite))
        {
            // In the first block, which is needed.
            file.Position = PackFormat.HeaderLength + BlockHeader.Length + 10;
            file.WriteByte((byte)(file.ReadByte() ^ 1));
        }

        var report = await store.GroomAsync(new Roots(Even()), All);
        report.Findings.ShouldHaveSingleItem().Where.ShouldBe(Path.GetFileName(pack));
        File.Exists(pack).ShouldBeTrue();
        foreach (var raw in _raws.Where((_, n) => n % 2 == 0).Skip(1))
        {
            using var content = await store.GetAsync(BlockId.Of(raw));
            content.Memory.Span.SequenceEqual(raw).ShouldBeTrue();
        }
    }

    [Fact]
    public async Task Where_a_root_cannot_be_read_nothing_is_removed()
    {
        await using var store = await OpenAsync();
        await FillAsync(store);
        var packs = PacksNow();
        var blind = new Roots([.. Even(), new BlockId(new byte[BlockId.Length])]);
        var failure = await Should.ThrowAsync<BackupException>(() => store.GroomAsync(blind, All));
        failure.Number.ShouldBe(BlockstoreErrors.GroomBlind);
        failure.Message.ShouldContain("root 12");
        PacksNow().ShouldBe(packs);
    }

    [Fact]
    public async Task A_second_groom_at_the_same_time_is_refused()
    {
        await using var store = await OpenAsync();
        await FillAsync(store);
        var look = store.Holds.Look();
        var first = store.GroomAsync(new Roots(Even()), All);
        (await Should.ThrowAsync<BackupException>(() => store.GroomAsync(new Roots([]), All))).Number.ShouldBe(
            BlockstoreErrors.GroomUnderWay
        );
        // It waits for whoever looks.
        first.IsCompleted.ShouldBeFalse();
        look.Dispose();
        (await first).DeadBlocks.ShouldBe(12);
    }

    [Fact]
    public async Task What_goes_on_before_a_groom_began_keeps_what_it_put()
    {
        await using var store = await OpenAsync();
        using (store.Holds.Begin())
        {
            await FillAsync(store);
            var report = await store.GroomAsync(new Roots([]), All);
            report.DeadBlocks.ShouldBe(0);
            report.HeldBytes.ShouldBeGreaterThan(0);
            store.Statistics.Blocks.ShouldBe(24);
        }

        (await store.GroomAsync(new Roots([]), All)).DeadBlocks.ShouldBe(24);
        store.Statistics.Blocks.ShouldBe(0);
    }

    [Fact]
    public async Task What_was_put_again_during_a_groom_is_kept_by_the_next_one_too()
    {
        await using var store = await OpenAsync();
        await FillAsync(store);
        BlockHold? work = null;
        // Needed by nobody, and put again by work that began after the groom did.
        var again = _raws[1];
        var roots = new Roots(Even())
        {
            OnList = async () =>
            {
                work ??= store.Holds.Begin();
                await store.PutAsync(again);
            },
        };
        (await store.GroomAsync(roots, All)).LiveBlocks.ShouldBe(13);
        // The copy that the first one made carries what its place carried.
        (await store.GroomAsync(new Roots(Even()), All)).DeadBlocks.ShouldBe(0);
        (await store.ContainsAsync(BlockId.Of(again))).ShouldBeTrue();
        work!.Dispose();
        await store.GroomAsync(new Roots(Even()), All);
        (await store.ContainsAsync(BlockId.Of(again))).ShouldBeFalse();
    }

    private static GroomOptions All => new() { MaxDeadShare = 0, MinPackDeadShare = 0 };

    private Task<PackBlockStore> OpenAsync() => PackBlockStore.OpenAsync(_folder.Path, Options);

    private async Task FillAsync(PackBlockStore store)
    {
        foreach (var raw in _raws)
        {
            await store.PutAsync(raw);
        }

        await store.FlushAsync();
    }

    private List<BlockId> Even() => [.. _raws.Where((_, n) => n % 2 == 0).Select(static raw => BlockId.Of(raw))];

    private List<string> PacksNow() => [.. Directory.GetFiles(Path.Combine(_folder.Path, "packs")).Order()];

    /// <summary>Blocks that refer to nothing.</summary>
    private sealed class Roots(IReadOnlyList<BlockId> ids) : IBlockRoots
    {
        internal Func<Task>? OnList { get; init; }

        public async Task<IReadOnlyList<BlockRoot>> ListAsync(CancellationToken cancellation = default)
        {
            await (OnList?.Invoke() ?? Task.CompletedTask);
            return [.. ids.Select((id, n) => new BlockRoot(id, $"root {n}"))];
        }

        public Task TraceAsync(BlockId root, IBlockMarks marks, CancellationToken cancellation = default)
        {
            if (root == default)
            {
                throw BlockstoreErrors.NoBlock(root);
            }

            marks.Keep(root);
            return Task.CompletedTask;
        }
    }
}
