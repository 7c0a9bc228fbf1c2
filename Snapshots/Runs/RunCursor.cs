using System.Buffers;
using Backup.Blockstore;
using Backup.Snapshots.Blocks;

namespace Backup.Snapshots.Runs;

/// <summary>Walks the records of a run; the next blocks are fetched while one is read.</summary>
internal sealed class RunCursor(IBlockStore store, BlockId root, byte[]? from = null, int readAhead = 2) : RecordCursor
{
    private readonly BlockIterator _blocks = new(store, root, from);
    private readonly Queue<(BlockId Id, Task<IMemoryOwner<byte>> Content)> _ahead = new();
    private BlockCursor? _block;
    private byte[]? _from = from;
    private bool _noMoreBlocks;

    internal override ReadOnlySpan<byte> Key => _block!.Key;

    internal override ReadOnlyMemory<byte> RecordMemory => _block!.RecordMemory;

    internal override ValueTask<bool> MoveNextAsync(CancellationToken cancellation) =>
        _from is null && _block is not null && _block.MoveNext() ? new(true) : MoveToNextBlockAsync(cancellation);

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

            _block = new BlockCursor(await next.Content, next.Id);
            await FetchAheadAsync(cancellation);
            while (_block.MoveNext())
            {
                if (_from is null || _block.Key.SequenceCompareTo(_from) >= 0)
                {
                    _from = null;
                    return true;
                }
            }
        }
    }

    private async ValueTask FetchAheadAsync(CancellationToken cancellation)
    {
        while (!_noMoreBlocks && _ahead.Count < readAhead)
        {
            if (await _blocks.NextAsync(cancellation) is not { } reference)
            {
                _noMoreBlocks = true;
                return;
            }

            var id = reference.Id;
            _ahead.Enqueue((id, Task.Run(async () => await store.GetAsync(id, cancellation), CancellationToken.None)));
        }
    }
}
