using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Backup.Blockstore;

/// <summary>
/// A block store without a disk: everything is lost with the process, so <see cref="FlushAsync"/> promises nothing. For
/// trials and for tests of what stands above a block store. Blocks are kept raw: a stored length is a raw length.
/// </summary>
public sealed class MemoryBlockStore : IBlockStore
{
    private readonly ConcurrentDictionary<BlockId, byte[]> _blocks = new();
    private long _bytes;
    private long _duplicates;

    /// <summary>How often <see cref="FlushAsync"/> was called.</summary>
    public int Flushes { get; private set; }

    public BlockStoreStatistics Statistics =>
        new(
            _blocks.Count,
            Interlocked.Read(ref _bytes),
            _blocks.Count,
            Interlocked.Read(ref _bytes),
            Interlocked.Read(ref _duplicates)
        );

    public ValueTask<PutResult> PutAsync(ReadOnlyMemory<byte> raw, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        if (raw.Length is 0 or > IBlockStore.MaxRawLength)
        {
            throw BlockstoreErrors.BadLength(raw.Length);
        }

        var id = BlockId.Of(raw.Span);
        if (_blocks.ContainsKey(id) || !_blocks.TryAdd(id, raw.ToArray()))
        {
            Interlocked.Increment(ref _duplicates);
            return new(new PutResult(id, raw.Length, IsNew: false));
        }

        Interlocked.Add(ref _bytes, raw.Length);
        return new(new PutResult(id, raw.Length, IsNew: true));
    }

    public Task FlushAsync(CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        Flushes++;
        return Task.CompletedTask;
    }

    public ValueTask<bool> ContainsAsync(BlockId id, CancellationToken cancellation = default) =>
        new(_blocks.ContainsKey(id));

    public ValueTask<IMemoryOwner<byte>> GetAsync(BlockId id, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        if (!_blocks.TryGetValue(id, out var raw))
        {
            throw BlockstoreErrors.NoBlock(id);
        }

        if (BlockId.Of(raw) != id)
        {
            throw BlockstoreErrors.Damaged(id, "in memory", "its content has another hash");
        }

        return new(PooledBytes.CopyOf(raw));
    }

    public async IAsyncEnumerable<StoredBlock> ListAsync(
        [EnumeratorCancellation] CancellationToken cancellation = default
    )
    {
        await Task.CompletedTask;
        foreach (var (id, raw) in _blocks)
        {
            cancellation.ThrowIfCancellationRequested();
            yield return new StoredBlock(id, raw.Length, raw.Length);
        }
    }

    public async Task<StoreCheck> CheckAsync(Action<StoreFinding> found, CancellationToken cancellation = default)
    {
        await Task.CompletedTask;
        long blocks = 0;
        long bytes = 0;
        long findings = 0;
        foreach (var (id, raw) in _blocks)
        {
            cancellation.ThrowIfCancellationRequested();
            blocks++;
            bytes += raw.Length;
            if (BlockId.Of(raw) != id)
            {
                findings++;
                found(new StoreFinding(id, "memory", 0, "its content has another hash"));
            }
        }

        return new StoreCheck(blocks, bytes, findings);
    }

    /// <summary>For tests of what stands above: turns one bit of a stored block over. False where there is no such block.</summary>
    public bool Damage(BlockId id, int bit = 0)
    {
        if (!_blocks.TryGetValue(id, out var raw))
        {
            return false;
        }

        raw[bit / 8 % raw.Length] ^= (byte)(1 << (bit % 8));
        return true;
    }

    /// <summary>For tests of what stands above: loses a block. False where there is no such block.</summary>
    public bool Lose(BlockId id) => _blocks.TryRemove(id, out _);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
