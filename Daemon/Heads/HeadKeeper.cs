using System.Threading.Channels;
using Backup.Daemon.Cuts;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Metadata;

namespace Backup.Daemon.Heads;

/// <summary>
/// Keeps the head of one replica set: waits for its sync, builds it, follows the oplog, takes the snapshots asked for. One loop, one
/// owner: everything that touches the head happens in it. What can pass is tried again with growing pauses; what cannot stops
/// the replica set with its numbered error, and everything stored stays as it is.
/// </summary>
internal sealed class HeadKeeper : IAsyncDisposable
{
    private static readonly TimeSpan IdleWait = TimeSpan.FromSeconds(1);
    private const double HeadsThatLookInASecond = 250;
    private static readonly string[] ForeignRooms = ["BK7", "BK8", "BK95"];
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly HeadServices _services;
    private readonly string _replicaSetId;
    private readonly SnapshotTaker _snapshots;
    private readonly Channel<SnapshotRequest> _requests = Channel.CreateBounded<SnapshotRequest>(64);
    private readonly List<SnapshotRequest> _pending = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private ReplicaSetState? _state;
    private BackupException? _stoppedBy;
    private string? _syncId;
    private DateTimeOffset? _undecidedSince;
    private StopPoint? _stopPoint;
    private volatile HeadBell.Line? _line;
    private ulong _live;

    internal HeadKeeper(HeadServices services, string replicaSetId)
    {
        _services = services;
        _replicaSetId = replicaSetId;
        _snapshots = new SnapshotTaker(services, replicaSetId);
        _loop = Task.Run(() => KeepAsync(_stop.Token));
    }

    /// <summary>What the head holds now, beyond its last checkpoint too; null before it holds anything.</summary>
    internal Optime? Live => Volatile.Read(ref _live) is var live and not 0 ? Optime.FromTimestamp(live) : null;

    /// <summary>What it is being tried again for; null while all is well.</summary>
    internal Exception? Trouble { get; private set; }

    /// <summary>Asks for a snapshot; it is taken as soon as the head holds what it is to hold.</summary>
    internal async ValueTask RequestAsync(SnapshotRequest request, CancellationToken cancellation)
    {
        await _requests.Writer.WriteAsync(request, cancellation);
        _line?.Ring();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _requests.Writer.TryComplete();
        CollectRequests();
        _pending.ForEach(request => request.Cancel());
        _stop.Dispose();
    }

    private async Task KeepAsync(CancellationToken cancellation)
    {
        var pause = TimeSpan.FromSeconds(1);
        while (!cancellation.IsCancellationRequested)
        {
            var started = _services.Time.GetTimestamp();
            try
            {
                if (_stoppedBy is null)
                {
                    await RunAsync(cancellation);
                }
                else
                {
                    // Not where it was caught: what fails while it is told and waited for, which may take days, is tried again as everything is.
                    await TellStopAsync(_stoppedBy, cancellation);
                    await WaitForOtherSyncAsync(_stoppedBy, cancellation);
                    _stoppedBy = null;
                }
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (BackupException failure) when (!failure.IsTransient && _stoppedBy is null)
            {
                _stoppedBy = failure;
                HeadLog.Stopped(_services.Logger, _replicaSetId, failure.Code, failure.Message, failure.Hint);
                continue;
            }
            catch (Exception failure)
            {
                Trouble = failure;
                HeadLog.Pause(_services.Logger, _replicaSetId, pause.TotalSeconds, failure);
            }

            pause = _services.Time.GetElapsedTime(started) > LongestPause ? TimeSpan.FromSeconds(1) : pause;
            await Task.Delay(pause, _services.Time, cancellation)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    /// <summary>A stopped head begins again with the next initial sync (or the next start of the daemon).</summary>
    private async Task WaitForOtherSyncAsync(BackupException stoppedBy, CancellationToken cancellation)
    {
        var deployments = _services.Metadata.Deployments;
        // The one that it stopped with, which need not be the one that is stored by now.
        _syncId ??= (await deployments.FindReplicaSetAsync(_replicaSetId, cancellation))?.SyncId;
        while ((await deployments.FindReplicaSetAsync(_replicaSetId, cancellation))?.SyncId == _syncId)
        {
            Trouble = null;
            Refuse(stoppedBy);
            await _services.Metadata.WaitForChangeAsync(IdleWait, cancellation);
        }
    }

    private void Refuse(BackupException stoppedBy)
    {
        CollectRequests();
        _pending.ForEach(request => request.Fail(stoppedBy));
        _pending.Clear();
    }

    /// <summary>From the sync at hand to its replacement by another.</summary>
    private async Task RunAsync(CancellationToken cancellation)
    {
        (_stopPoint, _syncId) = (null, null);
        var (set, sync) = await WaitForSyncAsync(cancellation);
        _syncId = sync.Id;
        var stored = await _services.Metadata.Heads.FindAsync(_replicaSetId, cancellation);
        if (stored?.SyncId != sync.Id)
        {
            stored = await BuildAsync(set, sync, cancellation);
            if (stored is null)
            {
                return;
            }
        }

        // Built, the sync has an end.
        sync = await _services.Metadata.Syncs.FindAsync(sync.Id, cancellation) ?? sync;
        await using var head = await HeadFollower.OpenAsync(_services, sync, stored, cancellation);
        Volatile.Write(ref _live, head.Applied.Timestamp);
        await SetStateAsync(ReplicaSetState.CatchingUp, cancellation);
        await FollowAsync(head, sync, cancellation);
    }

    private async Task<(ReplicaSetRecord Set, SyncRecord Sync)> WaitForSyncAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var set = await _services.Metadata.Deployments.FindReplicaSetAsync(_replicaSetId, cancellation);
            if (
                set?.SyncId is { } syncId
                && await _services.Metadata.Syncs.FindAsync(syncId, cancellation)
                    is { State: not SyncState.Abandoned } sync
            )
            {
                return (set, sync);
            }

            await SetStateAsync(ReplicaSetState.Waiting, cancellation);
            CollectRequests();
            await _services.Metadata.WaitForChangeAsync(IdleWait, cancellation);
        }
    }

    private async Task<HeadRecord?> BuildAsync(ReplicaSetRecord set, SyncRecord sync, CancellationToken cancellation)
    {
        await SetStateAsync(ReplicaSetState.InitialSync, cancellation);
        HeadLog.Building(_services.Logger, set.Name, sync.Id);
        var builder = new SyncBuilder(
            _services.Metadata,
            _services.Blocks,
            _services.Objects,
            _services.HeadOptions,
            _services.Options.BuildParallelism,
            _services.Time
        );
        return await builder.BuildAsync(set, sync, cancellation);
    }

    private async Task FollowAsync(HeadFollower head, SyncRecord sync, CancellationToken cancellation)
    {
        _stopPoint = new StopPoint(_services, _replicaSetId, sync.Id);
        await using var partials = new PartialSyncKeeper(_services, _snapshots, sync);
        await using var cuts = new CutKeeper(_services, _snapshots, _replicaSetId);
        var filters = new FilterKeeper(_services, _snapshots, sync);
        using var line = _services.Bell?.Open(sync.Id);
        _line = line;
        while (true)
        {
            var (seen, news) = (_services.Metadata.ChangeCount, line?.Seen ?? default);
            _services.RequireKeys();
            var slices = await head.NextAsync(cancellation);
            // After the slices were listed, never before.
            var bound = await cuts.LookAsync(head, cancellation);
            var waits = _pending.Count > 0 || partials.IsReady;
            await ApplyAsync(head, bound.Holds ? [] : slices, waits, bound.UpTo, cancellation);
            Trouble = null;
            await head.WatchAsync(cancellation);
            await _stopPoint.PassAsync(head.Applied, cancellation);
            CollectRequests();
            var more = await cuts.StepAsync(head, cancellation);
            if (bound.IsFree)
            {
                await ServeAsync(head, cancellation);
            }
            else
            {
                // What decides comes after the cut.
                _undecidedSince = null;
            }

            more |= await partials.StepAsync(head, () => MayBeChanged(head, cuts), cancellation);
            if (
                head.IsDirty
                && _services.Time.GetUtcNow() - head.LastCheckpoint >= _services.Options.CheckpointInterval
            )
            {
                await head.CheckpointAsync(cancellation);
            }

            var set = await _services.Metadata.Deployments.FindReplicaSetAsync(_replicaSetId, cancellation);
            if (set?.SyncId != sync.Id)
            {
                return;
            }

            await filters.StepAsync(head, set.DeploymentId, () => MayBeChanged(head, cuts), cancellation);
            if (bound.IsFree)
            {
                // The server for agents writes states too: what is there decides, not what was written last.
                _state = set.State;
                await TellStateAsync(head, slices, cancellation);
            }

            if (!more && (slices.Count == 0 || bound.Holds || head.Through >= bound.UpTo))
            {
                // What is not about slices comes seldom, and is waited for by those alone that are in the midst of it.
                var waitsForOthers = !bound.IsFree || partials.IsAtWork || _pending.Count > 0 || !head.IsConsistent;
                await (
                    line is null || waitsForOthers
                        ? _services.Metadata.WaitForChangeAsync(seen, IdleWait, cancellation)
                        : line.WaitAsync(news, IdleWaitOf(_services.Bell!.Count), _services.Time, cancellation)
                );
            }
        }
    }

    /// <summary>What concerns no slice is noticed within a second by hundreds of heads, and by thousands within some seconds.</summary>
    private static TimeSpan IdleWaitOf(int heads) =>
        TimeSpan.FromSeconds(Math.Max(IdleWait.TotalSeconds, heads / HeadsThatLookInASecond));

    private async Task ApplyAsync(
        HeadFollower head,
        IReadOnlyList<OplogSlice> slices,
        bool waits,
        Optime? upTo,
        CancellationToken cancellation
    )
    {
        try
        {
            await head.ApplyAsync(slices, waits && !head.IsDecided, upTo, cancellation);
        }
        finally
        {
            Volatile.Write(ref _live, head.Applied.Timestamp);
        }
    }

    private bool MayBeChanged(HeadFollower head, CutKeeper cuts) => cuts.AllowsSeam(head) && IsComplete(head);

    private async Task TellStateAsync(
        HeadFollower head,
        IReadOnlyList<OplogSlice> slices,
        CancellationToken cancellation
    )
    {
        if (HeadFollower.IsBehind(slices))
        {
            await SetStateAsync(ReplicaSetState.CatchingUp, cancellation);
        }
        else if (head.IsConsistent)
        {
            var isNew = _state != ReplicaSetState.Tailing;
            await SetStateAsync(ReplicaSetState.Tailing, cancellation);
            if (isNew && _state == ReplicaSetState.Tailing)
            {
                _services.OnTailing?.Invoke();
            }
        }
    }

    private void CollectRequests()
    {
        while (_requests.Reader.TryRead(out var request))
        {
            _pending.Add(request);
        }
    }

    private async Task ServeAsync(HeadFollower head, CancellationToken cancellation)
    {
        if (!head.IsConsistent || _pending.Count == 0 || !IsComplete(head))
        {
            return;
        }

        var set = await _services.Metadata.Deployments.FindReplicaSetAsync(_replicaSetId, cancellation);
        var stored = set is null ? null : await StoredAtPauseAsync(set, cancellation);
        var due = _pending.Where(request => set is not null && IsDue(request, set, head.Applied, stored)).ToList();
        foreach (var request in due)
        {
            _pending.Remove(request);
            try
            {
                var snapshot = await _snapshots.TakeAsync(head, request, cancellation);
                HeadLog.Snapshot(
                    _services.Logger,
                    snapshot.Id,
                    set!.Name,
                    snapshot.Documents,
                    snapshot.DurationSeconds
                );
                request.Complete(snapshot);
            }
            catch (Exception failure)
            {
                request.Fail(failure);
                throw;
            }
        }
    }

    /// <summary>
    /// A snapshot waits for the decision on prepared transactions, but not for ever: then its manifest names them, and a restore to its moment
    /// through the oplog completes it.
    /// </summary>
    private bool IsComplete(HeadFollower head)
    {
        if (head.IsDecided)
        {
            _undecidedSince = null;
            return true;
        }

        _undecidedSince ??= _services.Time.GetUtcNow();
        return head.KnowsTransactions
            && _services.Time.GetUtcNow() - _undecidedSince > _services.Options.DecisionPatience;
    }

    /// <summary>The newest entry that is stored, where an operator paused the reading of the source: nothing more comes. Null where it goes on.</summary>
    private async Task<Optime?> StoredAtPauseAsync(ReplicaSetRecord set, CancellationToken cancellation)
    {
        var deployment = await _services.Metadata.Deployments.FindAsync(set.DeploymentId, cancellation);
        return deployment is { Source.PausedAt: not null } && set.SyncId is { } sync
            ? (await _services.Metadata.OplogSlices.NewestAsync(sync, cancellation))?.Last ?? Optime.Zero
            : null;
    }

    /// <summary>
    /// The head must hold what the source had committed when the snapshot was asked for: what the agent has read of it since. Where nothing is
    /// heard of the source, or it is paused, what is stored will do.
    /// </summary>
    private bool IsDue(SnapshotRequest request, ReplicaSetRecord set, Optime applied, Optime? storedAtPause)
    {
        if (request.RequestedAt is not { } requestedAt)
        {
            return true;
        }

        return storedAtPause is { } stored ? applied >= stored
            : set.SourceSeenAt is { } seen && seen > requestedAt ? applied >= set.SourceOptime
            : _services.Time.GetUtcNow() - requestedAt > _services.Options.SourcePatience;
    }

    /// <summary>May be done again: it says the same each time.</summary>
    private async Task TellStopAsync(BackupException failure, CancellationToken cancellation)
    {
        Refuse(failure);
        _state = ReplicaSetState.Stopped;
        if (_stopPoint is not null && Live is { } live)
        {
            await _stopPoint.RecordAsync(live, failure, cancellation);
        }

        await _services.Metadata.Deployments.SetStateAsync(
            _replicaSetId,
            ReplicaSetState.Stopped,
            failure.Code,
            failure.Message,
            failure.Hint,
            cancellation
        );
    }

    private async Task SetStateAsync(ReplicaSetState state, CancellationToken cancellation)
    {
        if (_state == state)
        {
            return;
        }

        var set = await _services.Metadata.Deployments.FindReplicaSetAsync(_replicaSetId, cancellation);
        if (set is null || IsStoppedFromOutside(set))
        {
            return;
        }

        await _services.Metadata.Deployments.SetStateAsync(_replicaSetId, state, cancellation: cancellation);
        _state = state;
    }

    /// <summary>A hole in the oplog (found by the agent or the server for agents), or a source that is gone, is not undone by a head that goes on.</summary>
    private static bool IsStoppedFromOutside(ReplicaSetRecord set) =>
        set is { State: ReplicaSetState.Stopped, StopCode: { } code }
        && ForeignRooms.Any(room => code.StartsWith(room, StringComparison.Ordinal));
}
