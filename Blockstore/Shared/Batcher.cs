using System.Threading.Channels;

namespace Backup.Blockstore.Shared;

/// <summary>
/// Takes what comes while others are under way as one batch: alone each goes at once, many go together. Thread-safe.
/// </summary>
/// <typeparam name="T">What is put into batches.</typeparam>
internal sealed class Batcher<T> : IAsyncDisposable
{
    private readonly Channel<T> _waiting = Channel.CreateUnbounded<T>();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Func<List<T>, CancellationToken, Task> _work;
    private readonly Func<T, long> _weight;
    private readonly BatchLimits _limits;
    private readonly Task _workers;

    /// <param name="workers">Batches under way at the same time.</param>
    /// <param name="limits">Of one batch.</param>
    /// <param name="weight">Of one item.</param>
    /// <param name="work">Does a batch; tells whoever waits for it, also of its failure, and throws nothing.</param>
    internal Batcher(int workers, BatchLimits limits, Func<T, long> weight, Func<List<T>, CancellationToken, Task> work)
    {
        _work = work;
        _weight = weight;
        _limits = limits;
        _workers = Task.WhenAll(Enumerable.Range(0, workers).Select(_ => Task.Run(RunAsync)));
    }

    /// <summary>How many may wait is bounded by whoever calls.</summary>
    /// <returns>False once it is disposed.</returns>
    internal bool TryAdd(T item) => _waiting.Writer.TryWrite(item);

    /// <summary>Stops what is under way. What is left is given to the caller.</summary>
    internal async Task<List<T>> StopAsync()
    {
        _waiting.Writer.TryComplete();
        await _stopping.CancelAsync();
        await _workers;
        var left = new List<T>();
        while (_waiting.Reader.TryRead(out var item))
        {
            left.Add(item);
        }

        return left;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (await _waiting.Reader.WaitToReadAsync(_stopping.Token))
            {
                var batch = new List<T>();
                var weight = 0L;
                while (batch.Count < _limits.Items && weight < _limits.Weight && _waiting.Reader.TryRead(out var item))
                {
                    batch.Add(item);
                    weight += _weight(item);
                }

                if (batch.Count > 0)
                {
                    await _work(batch, _stopping.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }
}

/// <param name="Items">At most so many.</param>
/// <param name="Weight">A batch that weighs so much takes no further item: it weighs at most this and one item.</param>
internal readonly record struct BatchLimits(int Items, long Weight);
