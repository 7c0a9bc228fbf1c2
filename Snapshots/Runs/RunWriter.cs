using System.Buffers;
using Backup.Blockstore;
using Backup.Snapshots.Blocks;

namespace Backup.Snapshots.Runs;

/// <summary>
/// Writes one run from records in rising key order. Blocks are hashed, compressed and put by up to <c>concurrency</c> tasks at a time while the next one
/// is filled; that many blocks and one more are held in memory. Not thread-safe. After a failure the writer is of no use; what it
/// put are blocks that nothing refers to.
/// </summary>
public sealed class RunWriter : IMergeSink, IAsyncDisposable
{
    private readonly IBlockStore _store;
    private readonly int _concurrency;
    private readonly IndexBuilder _index;
    private readonly BlockBuilder _block = new();
    private readonly Queue<Task<BlockReference>> _puts = new();
    private readonly ArrayBufferWriter<byte> _lastKey = new(64);
    private bool _any;

    public RunWriter(IBlockStore store, int concurrency = 2)
    {
        _store = store;
        _concurrency = concurrency;
        _index = new IndexBuilder(store);
    }

    /// <summary>True where the next record starts a block, or the one at hand may end: a block can be re-used here.</summary>
    bool IMergeSink.AtBoundary => _block.IsEmpty || _block.HasMinimum;

    /// <summary>The key and the record are copied before the call returns.</summary>
    /// <exception cref="Foundation.Errors.BackupException">4007 where the key is not greater than the one before, 4009 where the record is too large.</exception>
    public ValueTask AddAsync(
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> record,
        CancellationToken cancellation = default
    )
    {
        if (_any && key.SequenceCompareTo(_lastKey.WrittenSpan) <= 0)
        {
            throw SnapshotsErrors.Order("a key that is not greater than the one before");
        }

        _any = true;
        _lastKey.ResetWrittenCount();
        _lastKey.Write(key);
        var full = _block.Fits(record.Length) ? null : _block.Seal();
        var ended = _block.Add(key, record) ? _block.Seal() : null;
        return full is null && ended is null ? default : SubmitAsync(full, ended, cancellation);
    }

    /// <summary>Takes a block over as it is, between the records before and after it.</summary>
    async ValueTask IMergeSink.AddBlockAsync(BlockReference block, CancellationToken cancellation)
    {
        await SubmitAsync(_block.IsEmpty ? null : _block.Seal(), null, cancellation);
        await EnqueueAsync(Task.FromResult(block), cancellation);
        _any = true;
        _lastKey.ResetWrittenCount();
        _lastKey.Write(block.Upper);
    }

    /// <returns>The run; null where no record was added.</returns>
    public async Task<RunReference?> CompleteAsync(CancellationToken cancellation = default)
    {
        await SubmitAsync(_block.IsEmpty ? null : _block.Seal(), null, cancellation);
        while (_puts.TryDequeue(out var put))
        {
            await _index.AddAsync(await put, cancellation);
        }

        return await _index.CompleteAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        _block.Dispose();
        while (_puts.TryDequeue(out var put))
        {
            // Only waited for: whoever gave up on this run has the error already.
            await put.ContinueWith(static _ => { }, TaskScheduler.Default);
        }
    }

    private async ValueTask SubmitAsync(SealedBlock? first, SealedBlock? second, CancellationToken cancellation)
    {
        if (first is not null)
        {
            await EnqueueAsync(Task.Run(() => PutAsync(first, cancellation), CancellationToken.None), cancellation);
        }

        if (second is not null)
        {
            await EnqueueAsync(Task.Run(() => PutAsync(second, cancellation), CancellationToken.None), cancellation);
        }
    }

    private async ValueTask EnqueueAsync(Task<BlockReference> put, CancellationToken cancellation)
    {
        _puts.Enqueue(put);
        while (_puts.Count > _concurrency || (_puts.TryPeek(out var oldest) && oldest.IsCompleted))
        {
            await _index.AddAsync(await _puts.Dequeue(), cancellation);
        }
    }

    private async Task<BlockReference> PutAsync(SealedBlock block, CancellationToken cancellation)
    {
        try
        {
            var put = await _store.PutAsync(block.Raw, cancellation);
            var statistics = block.Statistics with { StoredBytes = put.StoredLength };
            return new BlockReference(put.Id, block.Lower, block.Upper, statistics);
        }
        finally
        {
            block.Return();
        }
    }
}
