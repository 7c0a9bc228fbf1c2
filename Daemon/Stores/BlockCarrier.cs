using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Sealing;
using Backup.Foundation.Errors;

namespace Backup.Daemon.Stores;

/// <summary>
/// Puts into one store whatever is marked, read from wherever it is. A block that is there already is put all the same, which writes nothing: but a groom of
/// that store knows then that it is needed, as of everything that is put while work holds it. Remembers what it has put: some 50 bytes a block.
/// </summary>
internal sealed class BlockCarrier : IBlockMarks, IAsyncDisposable
{
    private const int Workers = 4;
    private const int MostWaiting = 256;

    private readonly IBlockStore _from;
    private readonly ISealingStore _to;
    private readonly IReadOnlyList<BlockSealer> _sealers;
    private readonly HashSet<BlockId> _seen = [];
    private readonly HashSet<BlockId> _entered = [];
    private readonly CancellationTokenSource _stop;
    private readonly Channel<BlockId> _waiting = Channel.CreateBounded<BlockId>(MostWaiting);
    private readonly Task[] _workers;
    private readonly Lock _gate = new();
    private TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Exception? _failure;
    private long _underWay;
    private long _blocks;
    private long _bytes;
    private long _copied;

    /// <param name="from">Where the blocks are.</param>
    /// <param name="to">Where they are put; work holds what is put there.</param>
    /// <param name="sealers">What may have made a block's id: it is put with the one that makes the same.</param>
    /// <param name="cancellation">Stops it.</param>
    internal BlockCarrier(
        IBlockStore from,
        ISealingStore to,
        IReadOnlyList<BlockSealer> sealers,
        CancellationToken cancellation
    )
    {
        (_from, _to, _sealers) = (from, to, sealers);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _workers = [.. Enumerable.Range(0, Workers).Select(_ => Task.Run(WorkAsync, CancellationToken.None))];
    }

    /// <summary>Blocks that were put, and the bytes of their contents.</summary>
    internal (long Blocks, long Bytes) Put => (Interlocked.Read(ref _blocks), Interlocked.Read(ref _bytes));

    /// <summary>Of these bytes those that were not there.</summary>
    internal long CopiedBytes => Interlocked.Read(ref _copied);

    public void Keep(BlockId id)
    {
        if (!_seen.Add(id))
        {
            return;
        }

        lock (_gate)
        {
            if (_underWay++ == 0)
            {
                _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        // Whoever marks waits while too many are under way.
        _waiting.Writer.WriteAsync(id, _stop.Token).AsTask().GetAwaiter().GetResult();
    }

    public bool Enter(BlockId id)
    {
        Keep(id);
        return _entered.Add(id);
    }

    /// <summary>When this is back everything that was marked is put, and durable.</summary>
    /// <exception cref="BackupException">The first failure of those that were marked since the last call; they are put when they are marked again.</exception>
    internal async Task SettleAsync(CancellationToken cancellation)
    {
        Task idle;
        lock (_gate)
        {
            idle = _underWay == 0 ? Task.CompletedTask : _idle.Task;
        }

        await idle.WaitAsync(cancellation);
        if (Interlocked.Exchange(ref _failure, null) is { } failure)
        {
            // What is below something that failed was not gone through, perhaps: all of it once more, which writes nothing anew.
            _seen.Clear();
            _entered.Clear();
            ExceptionDispatchInfo.Throw(failure);
        }

        await _to.FlushAsync(cancellation);
    }

    /// <summary>Forgets what was marked: something that refers to others could not be read.</summary>
    internal async Task BeginAgainAsync(CancellationToken cancellation)
    {
        try
        {
            await SettleAsync(cancellation);
        }
        catch (BackupException)
        {
            // For the same reason, and found again where it still holds.
        }

        _seen.Clear();
        _entered.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _waiting.Writer.TryComplete();
        await Task.WhenAll(_workers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task WorkAsync()
    {
        await foreach (var id in _waiting.Reader.ReadAllAsync(_stop.Token))
        {
            try
            {
                await CarryAsync(id);
            }
            catch (Exception failure) when (!_stop.IsCancellationRequested)
            {
                Interlocked.CompareExchange(ref _failure, failure, null);
            }
            finally
            {
                End();
            }
        }
    }

    private void End()
    {
        lock (_gate)
        {
            if (--_underWay == 0)
            {
                _idle.TrySetResult();
            }
        }
    }

    private async Task CarryAsync(BlockId id)
    {
        using var raw = await _from.GetAsync(id, _stop.Token);
        foreach (var sealer in _sealers)
        {
            if (sealer.IdOf(raw.Memory.Span) == id)
            {
                var put = await _to.PutAsync(raw.Memory, sealer, _stop.Token);
                Interlocked.Increment(ref _blocks);
                Interlocked.Add(ref _bytes, raw.Memory.Length);
                Interlocked.Add(ref _copied, put.IsNew ? raw.Memory.Length : 0);
                return;
            }
        }

        throw BlockstoreErrors.Damaged(id, "read to be moved", "its id is made under the key of another group");
    }
}
