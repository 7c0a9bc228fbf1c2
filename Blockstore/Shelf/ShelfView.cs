using System.Buffers;
using System.Runtime.CompilerServices;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Sealing;
using Backup.Foundation.Errors;

namespace Backup.Blockstore.Shelf;

/// <summary>
/// The stores of a shelf as one sees them who puts into one of them: reads ask the one that had the block before, then the store that it puts into, then those
/// where more of it may be, then all others. Disposing it does nothing.
/// </summary>
internal sealed class ShelfView : ISealingStore, ISeveralStores
{
    private readonly StoreShelf _shelf;
    private readonly ShelvedStore _target;
    private readonly IReadOnlyList<ShelvedStore> _held;
    private volatile IBlockStore _recent;

    /// <param name="shelf">All of them.</param>
    /// <param name="target">Where puts go.</param>
    /// <param name="held">The target, and those that it relies on beside it: a hold holds in these.</param>
    internal ShelfView(StoreShelf shelf, ShelvedStore target, IReadOnlyList<ShelvedStore> held)
    {
        (_shelf, _target, _held, _recent) = (shelf, target, held, target.Blocks);
        Holds =
            held.Count == 1 ? target.Blocks.Holds : new BlockHolds([.. held.Select(static one => one.Blocks.Holds)]);
    }

    public IReadOnlyList<IBlockStore> Parts => [.. _shelf.Stores.Select(static one => one.Blocks)];

    /// <summary>Of the store that it puts into.</summary>
    public BlockStoreStatistics Statistics => _target.Blocks.Statistics;

    public BlockHolds Holds { get; }

    public ValueTask<PutResult> PutAsync(ReadOnlyMemory<byte> raw, CancellationToken cancellation = default) =>
        _target.Blocks.PutAsync(raw, cancellation);

    public ValueTask<PutResult> PutAsync(
        ReadOnlyMemory<byte> raw,
        BlockSealer sealer,
        CancellationToken cancellation = default
    ) => _target.Blocks.PutAsync(raw, sealer, cancellation);

    /// <summary>Also of those that it relies on: what is held there is held still when this is back.</summary>
    public async Task FlushAsync(CancellationToken cancellation = default)
    {
        foreach (var store in _held)
        {
            await store.Blocks.FlushAsync(cancellation);
        }
    }

    public async ValueTask<bool> ContainsAsync(BlockId id, CancellationToken cancellation = default) =>
        await FindAsync(id, cancellation) is not null;

    public async ValueTask<IMemoryOwner<byte>> GetAsync(BlockId id, CancellationToken cancellation = default)
    {
        // Mostly one is where the one before was, and a look before each read would be one more question.
        var recent = _recent;
        try
        {
            return await recent.GetAsync(id, cancellation);
        }
        catch (BackupException missing)
            when (missing.Number == BlockstoreErrors.BlockMissing && _shelf.Stores.Count > 1)
        {
            // It may be on its way from or to another one.
        }

        for (var round = 0; ; round++)
        {
            var store = await FindAsync(id, cancellation) ?? _target.Blocks;
            try
            {
                var found = await store.GetAsync(id, cancellation);
                _recent = store;
                return found;
            }
            catch (BackupException gone) when (gone.Number == BlockstoreErrors.BlockMissing && round == 0)
            {
                // A groom took it just now, from where it was moved away: then it is where it was moved to.
            }
        }
    }

    /// <summary>A block that several have is listed once.</summary>
    public async IAsyncEnumerable<StoredBlock> ListAsync(
        [EnumeratorCancellation] CancellationToken cancellation = default
    )
    {
        var before = new List<IBlockStore>();
        foreach (var store in Ordered())
        {
            await foreach (var block in store.ListAsync(cancellation))
            {
                if (!await IsInAnyAsync(before, block.Id, cancellation))
                {
                    yield return block;
                }
            }

            before.Add(store);
        }
    }

    public Task<StoreCheck> CheckAsync(Action<StoreFinding> found, CancellationToken cancellation = default) =>
        _shelf.CheckAsync(found, cancellation);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private IEnumerable<IBlockStore> Ordered() =>
        _held.Concat(_shelf.Stores.Except(_held)).Select(static one => one.Blocks);

    private async ValueTask<IBlockStore?> FindAsync(BlockId id, CancellationToken cancellation)
    {
        foreach (var store in Ordered())
        {
            if (await store.ContainsAsync(id, cancellation))
            {
                return store;
            }
        }

        return null;
    }

    private static async ValueTask<bool> IsInAnyAsync(
        List<IBlockStore> stores,
        BlockId id,
        CancellationToken cancellation
    )
    {
        foreach (var store in stores)
        {
            if (await store.ContainsAsync(id, cancellation))
            {
                return true;
            }
        }

        return false;
    }
}
