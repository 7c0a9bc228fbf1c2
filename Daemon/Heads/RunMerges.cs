using Backup.Blockstore;
using Backup.Snapshots.Heads;

namespace Backup.Daemon.Heads;

/// <summary>
/// Merges the runs of a head beside what is applied to it, so that following the oplog does not wait for it. One merge at a time; what it has
/// made is lasting with the head's next flush, and what a crash takes of it is merged again. Belongs to whoever owns the head.
/// </summary>
/// <param name="head">Its runs.</param>
/// <param name="blocks">Where they are.</param>
/// <param name="maxRuns">As of <see cref="HeadOptions.MaxRuns"/>. Flushes wait for the merge where it falls behind so far that a collection has twice as many.</param>
internal sealed class RunMerges(Head head, IBlockStore blocks, int maxRuns) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task<long> _merging = Task.FromResult(0L);
    private long _counted;

    /// <summary>To be called before each flush: takes note of what was merged, and waits for it only where it falls behind.</summary>
    /// <returns>Bytes that are new in the store by the merge that came to its end since the last call; 0 where none did.</returns>
    /// <exception cref="Foundation.Errors.BackupException">What ended the merge.</exception>
    internal async Task<long> CollectAsync(CancellationToken cancellation)
    {
        if (!_merging.IsCompleted && head.MostRuns <= 2 * maxRuns)
        {
            return 0;
        }

        var bytes = await _merging.WaitAsync(cancellation) - _counted;
        _merging = Task.FromResult(0L);
        _counted = 0;
        return Math.Max(0, bytes);
    }

    /// <summary>To be called after each flush: merges what is too much. Where one is under way already it does that.</summary>
    /// <param name="flushed">Bytes that are new in the store by the flush: those beside a merge are not to be counted as the merge's too.</param>
    internal void Start(long flushed)
    {
        if (!_merging.IsCompleted)
        {
            _counted += flushed;
        }
        else if (_merging is { IsCompletedSuccessfully: true, Result: 0 } && head.MostRuns > maxRuns)
        {
            _merging = Task.Run(MergeAsync);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await ((Task)_merging).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task<long> MergeAsync()
    {
        var before = blocks.Statistics.NewBytes;
        await head.MergeAsync(_stop.Token);
        return blocks.Statistics.NewBytes - before;
    }
}
