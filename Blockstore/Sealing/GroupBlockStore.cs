using System.Buffers;
using Backup.Blockstore.Grooming;

namespace Backup.Blockstore.Sealing;

/// <summary>
/// A store as one group sees it: what is put is sealed under the group's newest key, with ids of the group's own, so that blocks are shared within the
/// group alone. What is read is opened with the key that it names. Disposing it does nothing.
/// </summary>
/// <param name="store">The store of all groups.</param>
/// <param name="keys">Of all groups.</param>
/// <param name="group">Its id.</param>
public sealed class GroupBlockStore(ISealingStore store, KeyRing keys, string group) : IBlockStore
{
    public BlockStoreStatistics Statistics => store.Statistics;

    public BlockHolds Holds => store.Holds;

    /// <exception cref="Foundation.Errors.BackupException">5034 where the group's keys were destroyed.</exception>
    public async ValueTask<PutResult> PutAsync(ReadOnlyMemory<byte> raw, CancellationToken cancellation = default) =>
        await store.PutAsync(raw, await keys.SealerOfAsync(group, cancellation), cancellation);

    public Task FlushAsync(CancellationToken cancellation = default) => store.FlushAsync(cancellation);

    public ValueTask<bool> ContainsAsync(BlockId id, CancellationToken cancellation = default) =>
        store.ContainsAsync(id, cancellation);

    public ValueTask<IMemoryOwner<byte>> GetAsync(BlockId id, CancellationToken cancellation = default) =>
        store.GetAsync(id, cancellation);

    /// <summary>Of all groups.</summary>
    public IAsyncEnumerable<StoredBlock> ListAsync(CancellationToken cancellation = default) =>
        store.ListAsync(cancellation);

    /// <summary>Of all groups.</summary>
    public Task<StoreCheck> CheckAsync(Action<StoreFinding> found, CancellationToken cancellation = default) =>
        store.CheckAsync(found, cancellation);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
