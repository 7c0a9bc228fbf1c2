using System.Buffers;
using Backup.Blockstore;
using Backup.Snapshots.Blocks;

namespace Backup.Snapshots.Runs;

/// <summary>
/// Writes one run from records in rising key order. Blocks are hashed, compressed and put by up to <c>concurrency</c> tasks at a time while the next one
/// is filled; that many blocks and one more are held in memory, fewer where they come to more than 16 MiB. Not thread-safe. After a failure the writer is of no use; what it
/// put are blocks that nothing refers to.
/// </summary>
public sealed class RunWriter : IMergeSink, IAsyncDisposable
{
    private const long MostInHand = 16L << 20;

    private readonly IBlockStore _store;
    private readonly int _concurrency;
    private readonly IndexBuilder _index;
    private readonly BlockBuilder _block = new();
    private readonly Queue<Task<BlockReference>> _puts = new();
    private readonly ArrayBufferWriter<byte> _lastKey = new(64);
    private bool _any;
    private long _inHand;

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
    ) => AddAsync(key, record, [], cancellation);

    /// <summary>The same with a record in two parts, its header at least in the first one.</summary>
    /// <exception cref="Foundation.Errors.BackupException">4007, 4009.</exception>
    internal ValueTask AddAsync(
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> head,
        ReadOnlySpan<byte> rest,
        CancellationToken cancellation
    )
    {
        if (_any && key.SequenceCompareTo(_lastKey.WrittenSpan) <= 0)
        {
            throw SnapshotsErrors.Order("a key that is not greater than the one before");
        }

        _any = true;
        _lastKey.ResetWrittenCount();
        _lastKey.Write(key);
        var full = _block.Fits(head.Length + rest.Length) ? null : _block.Seal();
        var ended = _block.Add(key, head, rest) ? _block.Seal() : null;
        return full is null && ended is null ? default : SubmitAsync(full, ended, cancellation);
    }

    /// <summary>Takes a block over as it is, between the records before and after it.</summary>
    async ValueTask IMergeSink.AddBlockAsync(BlockReference block, CancellationToken cancellation)
    {
        await SubmitAsync(_block.IsEmpty ? null : _block.Seal(), null, cancellation);
        await EnqueueAsync(Task.FromResult(block), cancellation);
        _any = true;
        _lastKey.ResetWrittenCount();
        // Not the upper bound: of a long key it is raised, and the next key of the same run may sort before it.
        _lastKey.Write(block.Lower);
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
        try
        {
            if (first is not null)
            {
                await MakeRoomAsync(first.Raw.Length, cancellation);
                var block = first;
                first = null;
                await EnqueueAsync(StartPut(block, cancellation), cancellation);
            }

            if (second is not null)
            {
                await MakeRoomAsync(second.Raw.Length, cancellation);
                var block = second;
                second = null;
                await EnqueueAsync(StartPut(block, cancellation), cancellation);
            }
        }
        finally
        {
            // Not null where something failed before their put could start.
            first?.Raw.Dispose();
            second?.Raw.Dispose();
        }
    }

    /// <summary>A few blocks of many megabytes would take more memory than a hundred usual ones.</summary>
    private async ValueTask MakeRoomAsync(int length, CancellationToken cancellation)
    {
        while (_puts.Count > 0 && Interlocked.Read(ref _inHand) + length > MostInHand)
        {
            await _index.AddAsync(await _puts.Dequeue(), cancellation);
        }
    }

    private Task<BlockReference> StartPut(SealedBlock block, CancellationToken cancellation)
    {
        Interlocked.Add(ref _inHand, block.Raw.Length);
        return Task.Run(() => PutAsync(block, cancellation), CancellationToken.None);
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
        var length = block.Raw.Length;
        try
        {
            var put = await _store.PutAsync(block.Raw.Memory, cancellation);
            var statistics = block.Statistics with { StoredBytes = put.StoredLength };
            return new BlockReference(put.Id, block.Lower, block.Upper, statistics);
        }
        finally
        {
            block.Raw.Dispose();
            Interlocked.Add(ref _inHand, -length);
        }
    }
}
