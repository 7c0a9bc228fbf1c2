using System.Buffers.Binary;

namespace Backup.Blockstore.Mongo;

/// <summary>Reads blocks back, all or a part, and reports what is not as it was put.</summary>
/// <param name="reads">Of the store.</param>
/// <param name="tell">Writes down which blocks are damaged, and which are not any more.</param>
/// <param name="found">Told of each damage.</param>
/// <param name="expected">How many blocks there are, about.</param>
internal sealed class MongoStoreChecker(
    BlockReads reads,
    Func<IReadOnlyCollection<BlockId>, bool, CancellationToken, Task> tell,
    Action<StoreFinding> found,
    long expected
)
{
    private long _blocks;
    private long _bytes;
    private long _findings;
    private long _locked;

    internal async Task<StoreCheck> CheckAsync(
        CheckOptions options,
        Action<double, long>? progress,
        CancellationToken cancellation
    )
    {
        if (options.ReadShare >= 1)
        {
            await ReadAsync(null, null, progress, cancellation);
            return new StoreCheck(_blocks, _bytes, _findings, _locked);
        }

        // Ids are spread evenly: a range of them is a share of the blocks.
        var first = (ulong)Random.Shared.NextInt64(long.MinValue, long.MaxValue);
        var length = (ulong)(options.ReadShare * ulong.MaxValue);
        var wraps = first > ulong.MaxValue - length;
        await ReadAsync(Edge(first), wraps ? null : Edge(first + length), progress, cancellation);
        if (wraps)
        {
            await ReadAsync(null, Edge(first + length), progress, cancellation);
        }

        await LookAsync(cancellation);
        return new StoreCheck(_blocks, _bytes, _findings, _locked);
    }

    private static BlockId Edge(ulong prefix)
    {
        Span<byte> bytes = stackalloc byte[BlockId.Length];
        bytes.Clear();
        BinaryPrimitives.WriteUInt64BigEndian(bytes, prefix);
        return new BlockId(bytes);
    }

    private async Task ReadAsync(
        BlockId? after,
        BlockId? upTo,
        Action<double, long>? progress,
        CancellationToken cancellation
    )
    {
        await foreach (var (sight, wrong, isLocked) in reads.VerifyAsync(after, upTo, cancellation))
        {
            _blocks++;
            _bytes += sight.StoredLength;
            _locked += isLocked ? 1 : 0;
            if (wrong is not null)
            {
                Report(sight.Id, wrong);
                await tell([sight.Id], true, cancellation);
            }
            else if (sight is { IsDamaged: true, RawLength: > 0 })
            {
                // Brought back from a copy.
                await tell([sight.Id], false, cancellation);
            }

            progress?.Invoke(Math.Min(1, _blocks / (double)Math.Max(1, expected)), _bytes);
        }
    }

    /// <summary>Counts all, and reports those that were found damaged before, or whose document is none.</summary>
    private async Task LookAsync(CancellationToken cancellation)
    {
        _blocks = 0;
        await foreach (var sight in reads.SightsAsync(cancellation))
        {
            _blocks++;
            if (sight.RawLength == 0)
            {
                Report(sight.Id, "its document is not as it was written");
            }
        }
    }

    private void Report(BlockId id, string what)
    {
        _findings++;
        found(new StoreFinding(id, reads.Where, 0, what));
    }
}
