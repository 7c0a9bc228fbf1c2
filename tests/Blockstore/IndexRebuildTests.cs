using Backup.Blockstore;
using Backup.Blockstore.Packs;
using Backup.Foundation.Errors;
using Shouldly;
using Xunit;

namespace Backup.Tests.Blockstore;

/// <summary>The index is made of the packs, whatever was there, and says what it met.</summary>
public sealed class IndexRebuildTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<byte[]> _raws = Data.Blocks(40);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_index_that_says_otherwise_than_the_packs_is_made_of_them()
    {
        await FillAsync();
        var steps = new List<(int, int)>();
        var rebuilt = await PackBlockStore.RebuildIndexAsync(_folder.Path, (done, all) => steps.Add((done, all)));
        (rebuilt.Blocks, rebuilt.BlocksBefore, rebuilt.Packs).ShouldBe((40, 40, 4));
        steps.ShouldBe([(1, 4), (2, 4), (3, 4), (4, 4)]);
        rebuilt.Findings.ShouldBeEmpty();
        await ShouldHoldAllAsync();
    }

    [Fact]
    public async Task Where_there_is_none_it_is_made_and_stays()
    {
        await FillAsync();
        Directory.Delete(Path.Combine(_folder.Path, "index"), recursive: true);
        var rebuilt = await PackBlockStore.RebuildIndexAsync(_folder.Path);
        (rebuilt.Blocks, rebuilt.BlocksBefore).ShouldBe((40, null));
        var again = await PackBlockStore.RebuildIndexAsync(_folder.Path);
        (again.Blocks, again.BlocksBefore, again.StoredBytes).ShouldBe((40, 40, rebuilt.StoredBytes));
    }

    [Fact]
    public async Task A_pack_with_a_damaged_list_is_named_and_its_blocks_are_found()
    {
        await FillAsync();
        var pack = Directory.GetFiles(Path.Combine(_folder.Path, "packs")).Order().First();
        await using (var file = File.OpenWrite(pack))
        {
            file.Position = file.Length - 60;
            file.WriteByte(0xA5);
            file.WriteByte(0x5A);
        }

        var rebuilt = await PackBlockStore.RebuildIndexAsync(_folder.Path);
        rebuilt.Blocks.ShouldBe(40);
        rebuilt.Findings.ShouldHaveSingleItem().Where.ShouldBe(Path.GetFileName(pack));
        await ShouldHoldAllAsync();
    }

    [Fact]
    public async Task A_store_that_is_open_is_left_alone()
    {
        await FillAsync();
        await using var store = await PackBlockStore.OpenAsync(_folder.Path);
        (
            await Should.ThrowAsync<BackupException>(() => PackBlockStore.RebuildIndexAsync(_folder.Path))
        ).Number.ShouldBe(BlockstoreErrors.StoreInUse);
    }

    private async Task FillAsync()
    {
        await using var store = await PackBlockStore.OpenAsync(_folder.Path);
        foreach (var some in _raws.Chunk(10))
        {
            foreach (var raw in some)
            {
                await store.PutAsync(raw);
            }

            // Each flush ends a pack.
            await store.FlushAsync();
        }
    }

    private async Task ShouldHoldAllAsync()
    {
        await using var store = await PackBlockStore.OpenAsync(_folder.Path);
        foreach (var raw in _raws)
        {
            using var read = await store.GetAsync(BlockId.Of(raw));
            read.Memory.ToArray().ShouldBe(raw);
        }
    }
}
