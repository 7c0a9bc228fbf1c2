namespace Backup.Agent.Flow;

/// <summary>
/// Bytes that may be in flight at the same time. Whoever wants to read more waits here before the read, never while it holds
/// something, so that nobody waits for each other. Thread-safe; first come, first served.
/// </summary>
/// <param name="limit">A single share larger than that is let through when nothing else is taken.</param>
internal sealed class ByteBudget(long limit)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<(long Bytes, TaskCompletionSource<Share> Ready)> _waiting = new();
    private long _taken;

    /// <summary>Bytes taken now.</summary>
    public long Taken
    {
        get
        {
            lock (_lock)
            {
                return _taken;
            }
        }
    }

    public async ValueTask<Share> TakeAsync(long bytes, CancellationToken cancellation)
    {
        LinkedListNode<(long, TaskCompletionSource<Share> Ready)> node;
        lock (_lock)
        {
            if (_waiting.Count == 0 && Fits(bytes))
            {
                return Grant(bytes);
            }

            node = _waiting.AddLast(
                (bytes, new TaskCompletionSource<Share>(TaskCreationOptions.RunContinuationsAsynchronously))
            );
        }

        await using var registration = cancellation.Register(() => Abandon(node, cancellation));
        return await node.Value.Ready.Task;
    }

    /// <summary>Takes where nobody has to wait for it; null otherwise.</summary>
    public Share? TryTake(long bytes)
    {
        lock (_lock)
        {
            return _waiting.Count == 0 && Fits(bytes) ? Grant(bytes) : null;
        }
    }

    /// <summary>Takes without waiting: for what is in memory already.</summary>
    public Share TakeNow(long bytes)
    {
        lock (_lock)
        {
            return Grant(bytes);
        }
    }

    private bool Fits(long bytes) => _taken == 0 || _taken + bytes <= limit;

    private Share Grant(long bytes)
    {
        _taken += bytes;
        return new Share(this, bytes);
    }

    private void Abandon(
        LinkedListNode<(long Bytes, TaskCompletionSource<Share> Ready)> node,
        CancellationToken cancellation
    )
    {
        lock (_lock)
        {
            if (node.List is not null)
            {
                _waiting.Remove(node);
                node.Value.Ready.TrySetCanceled(cancellation);
                Wake();
            }
        }
    }

    private void Change(long difference)
    {
        lock (_lock)
        {
            _taken += difference;
            Wake();
        }
    }

    private void Wake()
    {
        while (_waiting.First is { } next && Fits(next.Value.Bytes))
        {
            _waiting.RemoveFirst();
            next.Value.Ready.SetResult(Grant(next.Value.Bytes));
        }
    }

    /// <summary>A part of the budget, given back when it is disposed.</summary>
    internal sealed class Share(ByteBudget owner, long bytes) : IDisposable
    {
        private long _bytes = bytes;

        /// <summary>What was an estimate is known now.</summary>
        public void Resize(long bytes)
        {
            var before = _bytes;
            _bytes = bytes;
            owner.Change(bytes - before);
        }

        public void Dispose() => owner.Change(-Interlocked.Exchange(ref _bytes, 0));
    }
}
