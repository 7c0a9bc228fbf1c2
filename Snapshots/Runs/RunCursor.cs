using System.Buffers;
using Backup.Blockstore;
using Backup.Snapshots.Blocks;
using Backup.Snapshots.Keys;

namespace Backup.Snapshots.Runs;

/// <summary>Walks the records of a run; the next blocks are fetched while one is read.</summary>
/// <param name="store">Of the blocks.</param>
/// <param name="root">Of the run.</param>
/// <param name="range">Which keys; blocks outside are not read.</param>
internal sealed class RunCursor(IBlockStore store, BlockId root, KeyRange range = default) : RecordCursor
{
    // Two of any size, more of small ones: several processors take some out while one walks.
    private const int FewestAhead = 2;
    private const int MostAhead = 8;
    private const long BytesAhead = 1024 * 1024;

    private readonly BlockIterator _blocks = new(store, root, range.From);
    private readonly Queue<(BlockReference Block, Task<IMemoryOwner<byte>> Content)> _ahead = new();
    private long _bytesAhead;
    private BlockCursor? _block;
    private byte[] _upper = [];
    private byte[]? _from = range.From;
    private bool _noMoreBlocks;

    internal override ReadOnlySpan<byte> Key => _block!.Key;

    internal override ReadOnlyMemory<byte> RecordMemory => _block!.RecordMemory;

    internal override ValueTask<bool> MoveNextAsync(CancellationToken cancellation) =>
        _from is null && _block is not null && _block.MoveNext()
            ? new(!IsBehind(_block) || End())
            : MoveToNextBlockAsync(cancellation);

    internal override bool IsBatchBelow(ReadOnlySpan<byte> key) => _upper.AsSpan().SequenceCompareTo(key) < 0;

    // Of a range the last block has records that are not asked for.
    internal override (ReadOnlyMemory<byte> Documents, int Count) TakePuts() =>
        range.To is null ? _block!.TakePuts() : default;

    public override async ValueTask DisposeAsync()
    {
        _block?.Dispose();
        _block = null;
        while (_ahead.TryDequeue(out var next))
        {
            // A fetch that failed after nobody wanted it any more is nobody's error.
            await next.Content.ContinueWith(
                static done =>
                {
                    if (done.IsCompletedSuccessfully)
                    {
                        done.Result.Dispose();
                    }
                },
                TaskScheduler.Default
            );
        }
    }

    private async ValueTask<bool> MoveToNextBlockAsync(CancellationToken cancellation)
    {
        while (true)
        {
            _block?.Dispose();
            _block = null;
            await FetchAheadAsync(cancellation);
            if (!_ahead.TryDequeue(out var next))
            {
                return false;
            }

            _bytesAhead -= next.Block.Statistics.RawBytes;
            _upper = next.Block.Upper;
            _block = new BlockCursor(await next.Content, next.Block.Id);
            await FetchAheadAsync(cancellation);
            while (_block.MoveNext())
            {
                if (_from is null || _block.Key.SequenceCompareTo(_from) >= 0)
                {
                    _from = null;
                    return !IsBehind(_block) || End();
                }
            }
        }
    }

    // Without an upper end no key is made.
    private bool IsBehind(BlockCursor block) => range.To is not null && range.IsBehind(block.Key);

    /// <returns>False: nothing more comes, however often it is asked.</returns>
    private bool End()
    {
        _block!.Dispose();
        _block = null;
        _noMoreBlocks = true;
        return false;
    }

    private async ValueTask FetchAheadAsync(CancellationToken cancellation)
    {
        while (!_noMoreBlocks && (_ahead.Count < FewestAhead || (_ahead.Count < MostAhead && _bytesAhead < BytesAhead)))
        {
            if (await _blocks.NextAsync(cancellation) is not { } reference || range.IsBehind(reference.Lower))
            {
                _noMoreBlocks = true;
                return;
            }

            var id = reference.Id;
            _bytesAhead += reference.Statistics.RawBytes;
            _ahead.Enqueue(
                (reference, Task.Run(async () => await store.GetAsync(id, cancellation), CancellationToken.None))
            );
        }
    }
}
