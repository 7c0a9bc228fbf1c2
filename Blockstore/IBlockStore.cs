using System.Buffers;
using Backup.Blockstore.Grooming;

namespace Backup.Blockstore;

/// <summary>What became of a block that was put.</summary>
/// <param name="Id">Its content's id.</param>
/// <param name="StoredLength">Bytes it takes in the store, header included.</param>
/// <param name="IsNew">False where the store had it already: nothing was written.</param>
public readonly record struct PutResult(BlockId Id, int StoredLength, bool IsNew);

/// <summary>Counters of a store since it was opened, and what it holds.</summary>
public sealed record BlockStoreStatistics(
    long Blocks,
    long StoredBytes,
    long NewBlocks,
    long NewBytes,
    long DuplicateBlocks
);

/// <summary>
/// Content-addressed blocks. Thread-safe. A block that was put can be read at once by this process; it is durable only
/// after a <see cref="FlushAsync"/> that began after the put returned. The same content may be put any number of times.
/// After a failed write or fsync the store accepts no further put until it is opened again; nothing that was durable is harmed.
/// A block stays for good while a groom's roots lead to it, and otherwise while a hold that began before it was put has not ended.
/// </summary>
public interface IBlockStore : IAsyncDisposable
{
    /// <summary>The largest raw block; one record of 16 MiB + 16 KiB and its header must fit.</summary>
    public const int MaxRawLength = 17 * 1024 * 1024;

    /// <param name="raw">1 byte to <see cref="MaxRawLength"/>; not used after the call returned.</param>
    /// <param name="cancellation">Stops before anything is written, or not at all.</param>
    ValueTask<PutResult> PutAsync(ReadOnlyMemory<byte> raw, CancellationToken cancellation = default);

    /// <summary>Makes every block put before this call durable.</summary>
    Task FlushAsync(CancellationToken cancellation = default);

    ValueTask<bool> ContainsAsync(BlockId id, CancellationToken cancellation = default);

    /// <summary>The raw content, its hash verified. The caller disposes it; its Memory is exactly as long as the content, and nobody else's: it may be written to.</summary>
    /// <exception cref="Foundation.Errors.BackupException">5001 where the store has no such block, 5002 where it is damaged, 5030 and 5031 where it is sealed and there is no key to open it.</exception>
    ValueTask<IMemoryOwner<byte>> GetAsync(BlockId id, CancellationToken cancellation = default);

    /// <summary>
    /// Every block that is durable or can be read, in no order, each once; blocks put meanwhile may or may not be listed.
    /// </summary>
    IAsyncEnumerable<StoredBlock> ListAsync(CancellationToken cancellation = default);

    /// <summary>
    /// Reads everything back that was durable when the call began and verifies every byte of it.
    /// </summary>
    /// <param name="found">Called for each damage, from one thread at a time.</param>
    Task<StoreCheck> CheckAsync(Action<StoreFinding> found, CancellationToken cancellation = default);

    BlockStoreStatistics Statistics { get; }

    /// <summary>What a groom must leave although nothing durable refers to it. Who puts blocks holds them, from before the first put on.</summary>
    BlockHolds Holds { get; }
}
