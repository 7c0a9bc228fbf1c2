namespace Backup.Blockstore.Shared;

/// <summary>Lets bytes in as long as there is room; who comes first goes first. Something that is larger than all the room goes in alone. Thread-safe.</summary>
internal sealed class ByteGate(long room)
{
    private readonly Lock _gate = new();
    private readonly Queue<(long Bytes, TaskCompletionSource Entered)> _waiting = new();
    private long _inside;

    /// <summary>Waits for room; each call is followed by one of <see cref="Leave"/>.</summary>
    internal Task EnterAsync(long bytes)
    {
        lock (_gate)
        {
            if (_waiting.Count == 0 && Fits(bytes))
            {
                _inside += bytes;
                return Task.CompletedTask;
            }

            var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue((bytes, entered));
            return entered.Task;
        }
    }

    internal void Leave(long bytes)
    {
        lock (_gate)
        {
            _inside -= bytes;
            while (_waiting.TryPeek(out var next) && Fits(next.Bytes))
            {
                _waiting.Dequeue();
                _inside += next.Bytes;
                next.Entered.SetResult();
            }
        }
    }

    private bool Fits(long bytes) => _inside == 0 || _inside + bytes <= room;
}
