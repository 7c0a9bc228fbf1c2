using Backup.Blockstore.Grooming;
using Backup.Foundation.Errors;
using Backup.Metadata;

namespace Backup.Daemon.Heads;

/// <summary>
/// Brings partial syncs into a head that goes on following the oplog: builds their copies, lets them catch up in small bites between those of the
/// head, and has the head take them over where both stand at the same entry. One at a time, oldest first. A copy that fails harms nothing: the head
/// keeps what it held. Used by the head's keeper alone, in its loop.
/// </summary>
/// <param name="services">Stores, options, clock.</param>
/// <param name="snapshots">Of the head.</param>
/// <param name="whole">The sync that the head grew from.</param>
internal sealed class PartialSyncKeeper(HeadServices services, SnapshotTaker snapshots, SyncRecord whole)
    : IAsyncDisposable
{
    /// <summary>So many slices are some tens of MB: the head itself never waits long.</summary>
    private const int SlicesAtOnce = 4;

    private static readonly TimeSpan PauseAfterTrouble = TimeSpan.FromSeconds(5);

    private Work? _work;
    private long? _troubledSince;

    /// <summary>Whether a copy is waiting for the head to have no undecided transaction.</summary>
    internal bool IsReady { get; private set; }

    /// <summary>Whether a copy is being built or catches up.</summary>
    internal bool IsAtWork => _work is not null || _troubledSince is not null;

    /// <summary>Does a little.</summary>
    /// <param name="head">Where the copies go.</param>
    /// <param name="isComplete">Whether a snapshot may be taken where the head stands.</param>
    /// <param name="cancellation">What was done in memory is lost.</param>
    /// <returns>Whether there is more to do at once.</returns>
    /// <exception cref="BackupException">The head was changed and could not be stored: it has to be opened again.</exception>
    internal async Task<bool> StepAsync(HeadFollower head, Func<bool> isComplete, CancellationToken cancellation)
    {
        if (_troubledSince is { } since && services.Time.GetElapsedTime(since) < PauseAfterTrouble)
        {
            return false;
        }

        _troubledSince = null;
        var more = await TryAsync(head, isComplete, cancellation);
        if (_work is { IsProven: true } work)
        {
            await TakeOverAsync(head, work, cancellation);
        }

        return more;
    }

    public async ValueTask DisposeAsync() => await ForgetAsync();

    private async Task<bool> TryAsync(HeadFollower head, Func<bool> isComplete, CancellationToken cancellation)
    {
        try
        {
            var more = await WorkAsync(head, cancellation);
            if (IsReady && head.IsConsistent && head.KnowsTransactions && isComplete())
            {
                await _work!.ProveAsync(cancellation);
            }

            return more;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception failure)
        {
            var failed = _work?.Sync;
            await ForgetAsync();
            if (failed is not null && failure is BackupException { IsTransient: false } known)
            {
                HeadLog.CopyFailed(services.Logger, failed.Id, known);
                await services.Metadata.PartialSyncs.AbandonAsync(
                    failed.Id,
                    $"{known.Code} {known.Message}",
                    cancellation
                );
                return true;
            }

            HeadLog.CopyTroubled(services.Logger, failed?.Id ?? "", failure);
            _troubledSince = services.Time.GetTimestamp();
            return false;
        }
    }

    private async Task<bool> WorkAsync(HeadFollower head, CancellationToken cancellation)
    {
        var partials = await services.Metadata.PartialSyncs.ListAsync(whole.Id, cancellation);
        var current = partials.FirstOrDefault(one => one.IsOpen);
        if (current is not { State: SyncState.Copying or SyncState.Copied })
        {
            await ForgetAsync();
            return false;
        }

        if (_work?.Sync.Id != current.Id)
        {
            await ForgetAsync();
            _work = new Work(services, current);
        }

        if (_work.Head is null)
        {
            if (!_work.Building.IsCompleted)
            {
                return false;
            }

            if (await _work.Building is not { } copy)
            {
                await ForgetAsync();
                return false;
            }

            _work.Adopt(new PartialHead(services, head.ReplicaSet, copy));
        }

        var isThere = await _work.Head!.AdvanceAsync(head.Applied, SlicesAtOnce, cancellation);
        IsReady = isThere && _work.Head!.IsConsistent;
        return !isThere;
    }

    private async Task TakeOverAsync(HeadFollower head, Work work, CancellationToken cancellation)
    {
        var taken = head.TakeOver(work.Head!);
        var snapshot = await snapshots.TakeAtSeamAsync(
            head,
            $"copy of {work.Sync.Order}",
            at => PartialSyncEvents.Of(at, work.Sync, taken),
            work.Sync.Id,
            cancellation
        );
        HeadLog.CopyTaken(services.Logger, work.Sync.Id, taken.Count, snapshot.Id);
        await ForgetAsync();
    }

    private async Task ForgetAsync()
    {
        IsReady = false;
        if (_work is { } work)
        {
            _work = null;
            await work.DisposeAsync();
        }
    }

    /// <summary>What there is of one partial sync in memory.</summary>
    private sealed class Work : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly BlockHold _hold;

        internal Work(HeadServices services, SyncRecord sync)
        {
            Sync = sync;
            _hold = services.Blocks.Holds.Begin();
            var builder = new CopyBuilder(
                services.Metadata,
                services.Blocks,
                services.Objects,
                services.HeadOptions,
                services.Options.BuildParallelism,
                services.Time
            );
            Building = Task.Run(() => builder.BuildAsync(sync.Id, _stop.Token));
        }

        internal SyncRecord Sync { get; }

        internal Task<BuiltCopy?> Building { get; }

        internal PartialHead? Head { get; private set; }

        /// <summary>Whether all of it can be read where it stands; it is taken over in the same step.</summary>
        internal bool IsProven { get; private set; }

        /// <summary>It is built: from now on the head holds it.</summary>
        internal void Adopt(PartialHead head)
        {
            Head = head;
            _hold.Dispose();
        }

        /// <summary>Flushes, and reads what lies in several runs: an update without its document is found here, not by the head.</summary>
        internal async Task ProveAsync(CancellationToken cancellation)
        {
            await Head!.FlushAsync(cancellation);
            _ = await Head.Head.OpenReader().MeasureAsync(static _ => true, cancellation);
            IsProven = true;
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await ((Task)Building).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _hold.Dispose();
            Head?.Dispose();
            _stop.Dispose();
        }
    }
}
