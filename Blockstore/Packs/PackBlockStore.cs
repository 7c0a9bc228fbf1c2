using System.Buffers;

namespace Backup.Blockstore.Packs;

/// <summary>The embedded block store: packs in a folder, found through an index that is rebuilt from the packs when need be.</summary>
public sealed class PackBlockStore : IBlockStore
{
    private PackBlockStore() { }

    public BlockStoreStatistics Statistics => throw new NotSupportedException();

    /// <summary>Opens the store in <paramref name="folder"/>, which is made where it is missing.</summary>
    /// <exception cref="Foundation.Errors.BackupException">5004 where another process has it open, 5008 where a newer release wrote it, 5010 where the folder cannot be used.</exception>
    public static Task<PackBlockStore> OpenAsync(
        string folder,
        PackStoreOptions? options = null,
        CancellationToken cancellation = default
    ) => throw new NotSupportedException();

    public ValueTask<PutResult> PutAsync(ReadOnlyMemory<byte> raw, CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    public Task FlushAsync(CancellationToken cancellation = default) => throw new NotSupportedException();

    public ValueTask<bool> ContainsAsync(BlockId id, CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    public ValueTask<IMemoryOwner<byte>> GetAsync(BlockId id, CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    public IAsyncEnumerable<StoredBlock> ListAsync(CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    public Task<StoreCheck> CheckAsync(Action<StoreFinding> found, CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    public ValueTask DisposeAsync() => throw new NotSupportedException();
}
