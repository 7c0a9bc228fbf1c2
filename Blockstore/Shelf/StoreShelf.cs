using System.Buffers;
using System.Runtime.ExceptionServices;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Sealing;
using Backup.Foundation.Errors;

namespace Backup.Blockstore.Shelf;

/// <summary>
/// Several stores as one: a block is read from whichever has it, a hold holds in all of them. What is put goes to the first one; who puts for a group takes
/// the view of the store that the group is in (<see cref="ViewOf"/>). Disposing it does nothing: the stores are others'.
/// </summary>
public sealed class StoreShelf : ISealingStore, IGroomable, ICheckable, ISeveralStores
{
    private readonly ShelfView _whole;

    /// <param name="stores">At least one, each of another name; the first is where whatever is assigned to none is.</param>
    public StoreShelf(IReadOnlyList<ShelvedStore> stores)
    {
        ArgumentOutOfRangeException.ThrowIfZero(stores.Count);
        Stores = stores;
        _whole = new ShelfView(this, stores[0], stores);
    }

    public IReadOnlyList<ShelvedStore> Stores { get; }

    IReadOnlyList<IBlockStore> ISeveralStores.Parts => _whole.Parts;

    /// <summary>Of all of them.</summary>
    public BlockStoreStatistics Statistics =>
        Stores
            .Select(static one => one.Blocks.Statistics)
            .Aggregate(
                static (sum, one) =>
                    new BlockStoreStatistics(
                        sum.Blocks + one.Blocks,
                        sum.StoredBytes + one.StoredBytes,
                        sum.NewBlocks + one.NewBlocks,
                        sum.NewBytes + one.NewBytes,
                        sum.DuplicateBlocks + one.DuplicateBlocks
                    )
            );

    public BlockHolds Holds => _whole.Holds;

    /// <summary>As one sees it who puts into one store, and reads what may still be in others.</summary>
    /// <param name="store">What is put goes there.</param>
    /// <param name="others">What is read may still be there, and is held there, too.</param>
    /// <exception cref="BackupException">5070 where there is no store of such a name.</exception>
    public ISealingStore ViewOf(string store, IReadOnlyCollection<string> others)
    {
        var target = Require(store);
        return new ShelfView(this, target, [target, .. others.Where(one => one != store).Select(Require)]);
    }

    /// <exception cref="BackupException">5070.</exception>
    public ShelvedStore Require(string name) =>
        Stores.FirstOrDefault(one => one.Name == name)
        ?? throw BlockstoreErrors.NoStore(name, [.. Stores.Select(static one => one.Name)]);

    public ValueTask<PutResult> PutAsync(ReadOnlyMemory<byte> raw, CancellationToken cancellation = default) =>
        _whole.PutAsync(raw, cancellation);

    public ValueTask<PutResult> PutAsync(
        ReadOnlyMemory<byte> raw,
        BlockSealer sealer,
        CancellationToken cancellation = default
    ) => _whole.PutAsync(raw, sealer, cancellation);

    public Task FlushAsync(CancellationToken cancellation = default) => _whole.FlushAsync(cancellation);

    public ValueTask<bool> ContainsAsync(BlockId id, CancellationToken cancellation = default) =>
        _whole.ContainsAsync(id, cancellation);

    public ValueTask<IMemoryOwner<byte>> GetAsync(BlockId id, CancellationToken cancellation = default) =>
        _whole.GetAsync(id, cancellation);

    public IAsyncEnumerable<StoredBlock> ListAsync(CancellationToken cancellation = default) =>
        _whole.ListAsync(cancellation);

    public Task<StoreCheck> CheckAsync(Action<StoreFinding> found, CancellationToken cancellation = default) =>
        CheckAsync(found, new CheckOptions(), progress: null, cancellation);

    /// <summary>One store after the other; findings of several begin with the store's name.</summary>
    public async Task<StoreCheck> CheckAsync(
        Action<StoreFinding> found,
        CheckOptions options,
        Action<double, long>? progress = null,
        CancellationToken cancellation = default
    )
    {
        if (Stores is [{ Blocks: ICheckable alone }])
        {
            return await alone.CheckAsync(found, options, progress, cancellation);
        }

        var sum = new StoreCheck(0, 0, 0);
        foreach (var (n, store) in Stores.Index())
        {
            var (before, read) = (n, sum.StoredBytes);
            var check = store.Blocks is ICheckable checkable
                ? await checkable.CheckAsync(
                    finding => found(finding with { Where = $"{store.Name}: {finding.Where}" }),
                    options,
                    (share, bytes) => progress?.Invoke((before + share) / Stores.Count, read + bytes),
                    cancellation
                )
                : await store.Blocks.CheckAsync(found, cancellation);
            sum = new StoreCheck(
                sum.Blocks + check.Blocks,
                sum.StoredBytes + check.StoredBytes,
                sum.Findings + check.Findings,
                sum.Locked + check.Locked
            );
        }

        return sum;
    }

    /// <summary>One store after the other, each with the roots that are its own where <paramref name="roots"/> tell them apart.</summary>
    /// <remarks>How many blocks are missing is not told of several: what one lacks another may have. A check tells it.</remarks>
    /// <exception cref="BackupException">The first failure of a store; the others were groomed all the same.</exception>
    public async Task<GroomReport> GroomAsync(
        IBlockRoots roots,
        GroomOptions? options = null,
        IProgress<GroomProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        if (Stores is [{ Blocks: IGroomable alone }])
        {
            return await alone.GroomAsync(roots, options, progress, cancellation);
        }

        var sum = new GroomReport();
        ExceptionDispatchInfo? first = null;
        foreach (var (n, store) in Stores.Index())
        {
            if (store.Blocks is IGroomable groomable)
            {
                var of = roots is IShelvedRoots shelved ? shelved.Of(store.Name) : roots;
                var share = new ShareOf(progress, store.Name, n, Stores.Count);
                try
                {
                    sum = ShelfReports.Sum(sum, await groomable.GroomAsync(of, options, share, cancellation));
                }
                catch (BackupException failure)
                {
                    first ??= ExceptionDispatchInfo.Capture(failure);
                }
            }
        }

        first?.Throw();
        return sum;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class ShareOf(IProgress<GroomProgress>? progress, string store, int before, int all)
        : IProgress<GroomProgress>
    {
        public void Report(GroomProgress value) =>
            progress?.Report(new GroomProgress($"{store}: {value.Phase}", (before + value.Share) / all));
    }
}

/// <summary>Roots that know which store they are needed in.</summary>
public interface IShelvedRoots : IBlockRoots
{
    /// <summary>Those whose blocks are, or may still be, in that store.</summary>
    /// <param name="name">Of the store.</param>
    IBlockRoots Of(string name);
}
