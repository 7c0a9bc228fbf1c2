using System.Diagnostics;
using Backup.Blockstore;
using Backup.Blockstore.Packs;
using Backup.Foundation.Errors;
using Shouldly;
using Xunit;

namespace Backup.Tests.Blockstore;

/// <summary>What every <see cref="IBlockStore"/> promises.</summary>
public abstract class BlockStoreConformance : IDisposable
{
    protected TemporaryFolder Folder { get; } = new();

    protected abstract Task<IBlockStore> OpenAsync();

    /// <summary>The id that the store gives a content.</summary>
    protected virtual BlockId IdOf(byte[] raw) => BlockId.Of(raw);

    public void Dispose() => Folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(256 * 1024)]
    [InlineData(IBlockStore.MaxRawLength)]
    public async Task What_was_put_is_read_back_at_once_and_after_a_flush(int length)
    {
        await using var store = await OpenAsync();
        foreach (var raw in new[] { Data.Compressible(length, 1), Data.Random(length, 2), new byte[length] })
        {
            var put = await store.PutAsync(raw);
            put.Id.ShouldBe(IdOf(raw));
            await ShouldHoldAsync(store, raw);
            await store.FlushAsync();
            await ShouldHoldAsync(store, raw);
            (await store.ContainsAsync(put.Id)).ShouldBeTrue();
        }
    }

    [Fact]
    public async Task A_block_is_not_empty_and_not_too_long()
    {
        await using var store = await OpenAsync();
        foreach (var length in new[] { 0, IBlockStore.MaxRawLength + 1 })
        {
            var failure = await Should.ThrowAsync<BackupException>(async () => await store.PutAsync(new byte[length]));
            failure.Number.ShouldBe(BlockstoreErrors.BlockLength);
        }
    }

    [Fact]
    public async Task The_same_content_is_written_once_also_by_many_at_once()
    {
        await using var store = await OpenAsync();
        var raw = Data.Compressible(100_000, 3);
        var puts = await Task.WhenAll(
            Enumerable.Range(0, 16).Select(_ => Task.Run(async () => await store.PutAsync(raw)))
        );
        puts.Count(put => put.IsNew).ShouldBe(1);
        puts.Select(put => put.StoredLength).Distinct().ShouldHaveSingleItem();
        await store.FlushAsync();
        (await store.PutAsync(raw)).IsNew.ShouldBeFalse();
        var statistics = store.Statistics;
        (statistics.Blocks, statistics.NewBlocks, statistics.DuplicateBlocks).ShouldBe((1, 1, 16));
        statistics.StoredBytes.ShouldBe(puts[0].StoredLength);
    }

    [Fact]
    public async Task An_unknown_block_is_refused_by_number()
    {
        await using var store = await OpenAsync();
        var id = IdOf([1]);
        (await store.ContainsAsync(id)).ShouldBeFalse();
        (await Should.ThrowAsync<BackupException>(async () => await store.GetAsync(id))).Number.ShouldBe(
            BlockstoreErrors.BlockMissing
        );
    }

    [Fact]
    public async Task Every_block_is_listed_once_and_the_check_reads_them_all()
    {
        await using var store = await OpenAsync();
        var raws = Data.Blocks(40);
        foreach (var raw in raws.Concat(raws))
        {
            await store.PutAsync(raw);
        }

        await store.FlushAsync();
        var listed = new List<StoredBlock>();
        await foreach (var block in store.ListAsync())
        {
            listed.Add(block);
        }

        listed.Select(block => block.Id).Order().ShouldBe(raws.Select(IdOf).Order());
        listed.Sum(block => (long)block.RawLength).ShouldBe(raws.Sum(raw => (long)raw.Length));
        var check = await store.CheckAsync(finding => throw new InvalidOperationException(finding.ToString()));
        (check.Blocks, check.Findings).ShouldBe((40, 0));
    }

    [Fact]
    public async Task Writers_and_readers_side_by_side_see_what_was_put()
    {
        await using var store = await OpenAsync();
        await Parallel.ForAsync(
            0,
            8,
            async (worker, cancellation) =>
            {
                for (var n = 0; n < 30; n++)
                {
                    // Half of the contents are shared between the workers.
                    var raw = Data.Compressible(20_000, n % 2 == 0 ? n : (worker * 1000) + n);
                    await store.PutAsync(raw, cancellation);
                    await ShouldHoldAsync(store, raw);
                    if (n % 10 == worker)
                    {
                        await store.FlushAsync(cancellation);
                    }
                }
            }
        );
        store.Statistics.Blocks.ShouldBe((8 * 15) + 15);
    }

    protected async Task ShouldHoldAsync(IBlockStore store, byte[] raw)
    {
        using var content = await store.GetAsync(IdOf(raw));
        content.Memory.Span.SequenceEqual(raw).ShouldBeTrue();
    }
}

public sealed class PackConformance : BlockStoreConformance
{
    // Small packs, so that packs turn in mid-test.
    protected override async Task<IBlockStore> OpenAsync() =>
        await PackBlockStore.OpenAsync(Folder.Path, new PackStoreOptions(PackBytes: 1 << 20));
}

public sealed class MemoryConformance : BlockStoreConformance
{
    protected override Task<IBlockStore> OpenAsync() => Task.FromResult<IBlockStore>(new MemoryBlockStore());
}

/// <summary>Over a store that holds something else.</summary>
public sealed class ScratchConformance : BlockStoreConformance
{
    protected override Task<IBlockStore> OpenAsync() =>
        Task.FromResult<IBlockStore>(new ScratchBlockStore(new MemoryBlockStore(), Folder.Path));

    [Fact]
    public async Task What_lies_below_is_read_and_never_written()
    {
        await using var below = new MemoryBlockStore();
        var (old, fresh) = (Data.Compressible(5000, 1), Data.Compressible(5000, 2));
        await below.PutAsync(old);
        await using (var scratch = new ScratchBlockStore(below, Folder.Path))
        {
            await scratch.PutAsync(fresh);
            await scratch.FlushAsync();
            foreach (var raw in new[] { old, fresh })
            {
                using var got = await scratch.GetAsync(BlockId.Of(raw));
                got.Memory.ToArray().ShouldBe(raw);
            }

            (await scratch.ContainsAsync(BlockId.Of(old))).ShouldBeTrue();
            Directory.EnumerateFiles(Folder.Path).ShouldHaveSingleItem().ShouldEndWith(".tmp~");
        }

        below.Statistics.Blocks.ShouldBe(1);
        Directory.EnumerateFiles(Folder.Path).ShouldBeEmpty("the file goes with the store");
    }

    [Fact]
    public async Task Nothing_of_the_content_is_in_the_temporary_file()
    {
        await using var scratch = new ScratchBlockStore(new MemoryBlockStore(), Folder.Path);
        var raw = Data.Random(5000, 1);
        await scratch.PutAsync(raw);
        // The store holds it against this runtime's other streams, not against another program.
        var copy = Path.Combine(Folder.Path, "copy");
        using (var cp = Process.Start("cp", [Directory.GetFiles(Folder.Path).Single(), copy]))
        {
            await cp.WaitForExitAsync();
            cp.ExitCode.ShouldBe(0);
        }

        var bytes = await File.ReadAllBytesAsync(copy);
        bytes.Length.ShouldBeGreaterThan(raw.Length);
        bytes.AsSpan().IndexOf(raw.AsSpan(2000, 8)).ShouldBe(-1);
    }

    [Fact]
    public async Task A_damaged_temporary_file_is_found()
    {
        await using var scratch = new ScratchBlockStore(new MemoryBlockStore(), Folder.Path);
        foreach (var raw in new[] { Data.Compressible(5000, 1), Data.Random(5000, 2) })
        {
            var id = (await scratch.PutAsync(raw)).Id;
            var file = Directory.GetFiles(Folder.Path)[0];
            var seek = new FileInfo(file).Length - 20;
            // The store holds it against this runtime's other streams, not against another program.
            string[] arguments = ["if=/dev/zero", $"of={file}", "bs=1", "conv=notrunc", "count=20", $"seek={seek}"];
            using (var dd = Process.Start(new ProcessStartInfo("dd", arguments) { RedirectStandardError = true })!)
            {
                await dd.WaitForExitAsync();
                dd.ExitCode.ShouldBe(0);
            }

            (await Should.ThrowAsync<BackupException>(async () => await scratch.GetAsync(id))).Number.ShouldBe(
                BlockstoreErrors.BlockDamaged
            );
        }
    }
}
