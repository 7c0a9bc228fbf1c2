using System.Collections.Concurrent;

namespace Backup.Blockstore.Shared;

/// <summary>
/// Blocks that this process has put, or found, under an epoch: as long as its epoch is no newer, and nobody has found a damage since, they are there.
/// About 100 bytes each; forgotten all at once where they become too many. Thread-safe.
/// </summary>
internal sealed class KnownBlocks
{
    private const int Most = 200_000;

    private readonly ConcurrentDictionary<BlockId, Known> _known = new();
    private int _count;

    private readonly record struct Known(long Epoch, long Damages, int StoredLength);

    /// <summary>Its stored length; null where it has to be asked for.</summary>
    internal int? Find(BlockId id, long epoch, long damages) =>
        _known.TryGetValue(id, out var known) && known.Epoch >= epoch && known.Damages == damages
            ? known.StoredLength
            : null;

    /// <param name="id">The block.</param>
    /// <param name="epoch">That it carries at least.</param>
    /// <param name="damages">As known before it was looked for.</param>
    /// <param name="storedLength">Bytes it takes.</param>
    internal void Add(BlockId id, long epoch, long damages, int storedLength)
    {
        if (Interlocked.Increment(ref _count) > Most)
        {
            _known.Clear();
            Volatile.Write(ref _count, 1);
        }

        _known[id] = new Known(epoch, damages, storedLength);
    }

    internal void Forget(BlockId id) => _known.TryRemove(id, out _);
}
