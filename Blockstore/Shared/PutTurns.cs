using System.Collections.Concurrent;

namespace Backup.Blockstore.Shared;

/// <summary>Lets one put of a block go at a time in this process: of the same content put twice at once, one is written and the other finds it. Thread-safe.</summary>
internal sealed class PutTurns
{
    private readonly ConcurrentDictionary<BlockId, TaskCompletionSource> _putting = new();

    /// <param name="id">Of the block.</param>
    /// <param name="put">The put, once no other one of that block is under way. Where the one before it failed, it is tried again.</param>
    /// <param name="cancellation">Gives up waiting; nothing was put then.</param>
    internal async ValueTask<PutResult> RunAsync(
        BlockId id,
        Func<ValueTask<PutResult>> put,
        CancellationToken cancellation
    )
    {
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        while (_putting.GetOrAdd(id, mine) is var first && first != mine)
        {
            // Theirs may have been put before this one's hold began: it is looked for again.
            await first.Task.WaitAsync(cancellation);
        }

        try
        {
            return await put();
        }
        finally
        {
            _putting.TryRemove(id, out _);
            mine.SetResult();
        }
    }
}
