using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Packs;
using Backup.Blockstore.Shared;
using Backup.Blockstore.Shelf;
using Backup.Foundation.Errors;
using Shouldly;
using Xunit;

namespace Backup.Tests.Blockstore;

/// <summary>Several stores are a store.</summary>
public sealed class ShelfConformance : BlockStoreConformance
{
    protected override Task<IBlockStore> OpenAsync() =>
        Task.FromResult<IBlockStore>(
            new StoreShelf([
                new ShelvedStore("a", new MemoryBlockStore()),
                new ShelvedStore("b", new MemoryBlockStore()),
            ])
        );
}

public sealed class ShelfTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly MemoryBlockStore _memory = new();
    private PackBlockStore _packs = null!;
    private StoreShelf _shelf = null!;

    public async Task InitializeAsync()
    {
        _packs = await PackBlockStore.OpenAsync(_folder.Path);
        _shelf = new StoreShelf([new ShelvedStore("packs", _packs), new ShelvedStore("memory", _memory)]);
    }

    public async Task DisposeAsync()
    {
        await _packs.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_block_is_put_into_the_store_of_the_view_and_read_through_any()
    {
        var (raw, other) = (Data.Random(1000, 1), Data.Random(1000, 2));
        var here = (await _shelf.PutAsync(raw)).Id;
        var view = _shelf.ViewOf("memory", ["packs"]);
        var there = (await view.PutAsync(other)).Id;
        (await _packs.ContainsAsync(here)).ShouldBeTrue();
        (await _packs.ContainsAsync(there)).ShouldBeFalse();
        (await _memory.ContainsAsync(there)).ShouldBeTrue();
        foreach (
            var store in new IBlockStore[] { _shelf, view, _shelf.ViewOf("packs", []), _shelf.ViewOf("memory", []) }
        )
        {
            (await store.ContainsAsync(here)).ShouldBeTrue();
            using var first = await store.GetAsync(here);
            first.Memory.ToArray().ShouldBe(raw);
            using var second = await store.GetAsync(there);
            second.Memory.ToArray().ShouldBe(other);
            (
                await Should.ThrowAsync<BackupException>(async () => await store.GetAsync(BlockId.Of([1, 2, 3])))
            ).Number.ShouldBe(BlockstoreErrors.BlockMissing);
        }

        // A content that another store has is put all the same: what is assigned to a store is in it.
        (await view.PutAsync(raw)).IsNew.ShouldBeTrue();
        var listed = new List<BlockId>();
        await foreach (var block in _shelf.ListAsync())
        {
            listed.Add(block.Id);
        }

        listed.ShouldBe([here, there], ignoreOrder: true);
        await _shelf.FlushAsync();
        (await _shelf.CheckAsync(static _ => { })).Blocks.ShouldBe(3);
    }

    [Fact]
    public void A_store_that_there_is_none_of_is_named_with_those_that_there_are()
    {
        var failure = Should.Throw<BackupException>(() => _shelf.ViewOf("tape", []));
        failure.Number.ShouldBe(BlockstoreErrors.StoreUnknown);
        failure.Message.ShouldContain("'tape'");
        failure.Message.ShouldContain("'packs', 'memory'");
    }

    [Fact]
    public async Task What_is_held_through_the_shelf_stays_in_each_of_its_stores()
    {
        using (_shelf.Holds.Begin())
        {
            var ids = await PutInBothAsync(1);
            (await _shelf.GroomAsync(new TreeRoots(_shelf))).DeadBlocks.ShouldBe(0);
            (await _packs.ContainsAsync(ids.First)).ShouldBeTrue();
            (await _memory.ContainsAsync(ids.Second)).ShouldBeTrue();
        }

        // And no longer.
        await _packs.FlushAsync();
        await _shelf.GroomAsync(new TreeRoots(_shelf), new GroomOptions { MaxDeadShare = 0, MinPackDeadShare = 0 });
        _memory.Statistics.Blocks.ShouldBe(0);
    }

    /// <summary>While a group moves its newest manifests are in one store, and most of what they refer to in another.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_groom_of_one_store_keeps_what_is_below_a_root_in_another(bool isHeld)
    {
        BlockId child;
        BlockId root;
        using (_shelf.Holds.Begin())
        {
            child = (await _memory.PutAsync(Data.Random(500, 7))).Id;
            root = (await _packs.PutAsync(TreeRoots.Node(child))).Id;
            await _shelf.FlushAsync();
        }

        using var keep = isHeld ? _shelf.Holds.Keep([root]) : null;
        var roots = new TreeRoots(_shelf, isHeld ? [] : [root]);
        await _memory.GroomAsync(roots);
        (await _memory.ContainsAsync(child)).ShouldBeTrue();
        await _memory.GroomAsync(new TreeRoots(_shelf));
        (await _memory.ContainsAsync(child)).ShouldBe(isHeld);
    }

    [Fact]
    public async Task A_store_that_cannot_be_groomed_keeps_no_other_from_it()
    {
        var id = (await _memory.PutAsync(Data.Random(500, 7))).Id;
        var roots = new RootsOf(new TreeRoots(_shelf), new TreeRoots(_shelf, BlockId.Of([4, 7, 1, 1])), "packs");
        var failure = await Should.ThrowAsync<BackupException>(() => _shelf.GroomAsync(roots));
        failure.Number.ShouldBe(BlockstoreErrors.GroomBlind);
        (await _memory.ContainsAsync(id)).ShouldBeFalse("it is groomed all the same");
    }

    [Fact]
    public async Task A_shelf_of_one_store_tells_of_a_groom_as_that_store_does()
    {
        var alone = new StoreShelf([new ShelvedStore("memory", _memory)]);
        await _memory.PutAsync(Data.Random(500, 7));
        var roots = new RootsOf(new TreeRoots(alone), new TreeRoots(alone), "nothing");
        (await alone.GroomAsync(roots)).DeadBlocks.ShouldBe(1);
    }

    [Fact]
    public async Task A_view_of_one_store_holds_nothing_in_others()
    {
        var id = (await _memory.PutAsync(Data.Random(500, 7))).Id;
        using var keep = _shelf.ViewOf("packs", []).Holds.Keep([id]);
        await _memory.GroomAsync(new TreeRoots(_shelf));
        (await _memory.ContainsAsync(id)).ShouldBeFalse();
    }

    [Fact]
    public async Task Objects_go_to_the_store_of_their_group_and_are_found_wherever_they_are()
    {
        var chosen = "packs";
        var packs = new MemoryObjectStore();
        var objects = new ShelvedObjects(
            [new NamedObjects("packs", packs), new NamedObjects("memory", new MemoryObjectStore())],
            (_, _) => new ValueTask<string?>(chosen)
        );
        await objects.PutAsync("s/1", new byte[] { 1 });
        chosen = "memory";
        await objects.PutAsync("s/2", new byte[] { 2 });
        using (var old = await objects.GetAsync("s/1"))
        {
            old.Memory.ToArray().ShouldBe([1]);
        }

        (await Should.ThrowAsync<BackupException>(() => packs.GetAsync("s/2"))).Number.ShouldBe(
            BlockstoreErrors.ObjectMissing
        );
        var names = new List<string>();
        await foreach (var name in objects.ListAsync("s/"))
        {
            names.Add(name);
        }

        names.ShouldBe(["s/1", "s/2"], ignoreOrder: true);
        await objects.DeletePrefixAsync("s/");
        foreach (var name in names)
        {
            (await Should.ThrowAsync<BackupException>(() => objects.GetAsync(name))).Number.ShouldBe(
                BlockstoreErrors.ObjectMissing
            );
        }
    }

    [Fact]
    public void A_shelf_of_stores_that_nobody_shares_has_no_sessions()
    {
        SharedStores.SessionsOf(_shelf).ShouldBeEmpty();
        SharedStores.HasStopped(_shelf).ShouldBeFalse();
    }

    private async Task<(BlockId First, BlockId Second)> PutInBothAsync(int seed) =>
        (
            (await _shelf.PutAsync(Data.Random(500, seed))).Id,
            (await _shelf.ViewOf("memory", []).PutAsync(Data.Random(500, seed + 1))).Id
        );

    /// <summary>Of one store others than of all.</summary>
    private sealed class RootsOf(IBlockRoots all, IBlockRoots those, string store) : IShelvedRoots
    {
        public IBlockRoots Of(string name) => name == store ? those : all;

        public Task<IReadOnlyList<BlockRoot>> ListAsync(CancellationToken cancellation = default) =>
            all.ListAsync(cancellation);

        public Task TraceAsync(BlockId root, IBlockMarks marks, CancellationToken cancellation = default) =>
            all.TraceAsync(root, marks, cancellation);
    }

    /// <summary>A block of 32 bytes refers to the block with that id; any other to none.</summary>
    private sealed class TreeRoots(IBlockStore blocks, params IReadOnlyList<BlockId> durable) : IBlockRoots
    {
        internal static byte[] Node(BlockId child) => Convert.FromHexString(child.ToString());

        public Task<IReadOnlyList<BlockRoot>> ListAsync(CancellationToken cancellation = default) =>
            Task.FromResult<IReadOnlyList<BlockRoot>>([.. durable.Select(static id => new BlockRoot(id, "root"))]);

        public async Task TraceAsync(BlockId root, IBlockMarks marks, CancellationToken cancellation = default)
        {
            marks.Enter(root);
            using var raw = await blocks.GetAsync(root, cancellation);
            if (raw.Memory.Length == 32 && BlockId.TryParse(Convert.ToHexStringLower(raw.Memory.Span), out var child))
            {
                marks.Keep(child);
            }
        }
    }
}
