using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Daemon.Heads;
using Backup.Daemon.PointInTime;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Metadata;

namespace Backup.Daemon.Cuts;

/// <summary>
/// Brings the head of a cluster's set to the time of the cluster's cut, exactly, and has it give its part of the snapshot there. From when the
/// cut's tokens are being written until its time is known the head holds; then it goes on to that time and not beyond before its part
/// is recorded: so whenever the daemon is killed, the head begins again at or before the time. What goes wrong beside the head
/// fails the cut alone; a head that cannot be read stops, as ever. Used by the head's keeper alone, in its loop.
/// </summary>
/// <param name="services">Stores, options, clock.</param>
/// <param name="snapshots">Of the head.</param>
/// <param name="replicaSetId">Of the head.</param>
internal sealed class CutKeeper(HeadServices services, SnapshotTaker snapshots, string replicaSetId) : IAsyncDisposable
{
    private readonly PartBuilder _builder = new(services, snapshots);
    private Optime? _lastPart;
    private CutRecord? _cut;
    private string? _over;
    private Work? _work;

    /// <summary>
    /// Whether the head may be changed by something else than the oplog where it stands: not while a cut wants what it holds, and not before it has
    /// passed its newest part, which could not be told from a base behind that change.
    /// </summary>
    internal bool AllowsSeam(HeadFollower head) => _cut is null && head.Applied > _lastPart;

    /// <summary>
    /// How far the head may go. To be asked after the next stored slices were listed, and before any of them is applied: what was listed before the
    /// tokens were being written is older than every token.
    /// </summary>
    internal async Task<CutBound> LookAsync(HeadFollower head, CancellationToken cancellation)
    {
        var cut = await OpenCutAsync(cancellation);
        // After it: a cut that was complete before that look has its parts among the snapshots.
        _lastPart ??= await NewestPartAsync(cancellation);
        if (_cut is not null && _cut.Id != cut?.Id)
        {
            await ForgetAsync();
        }

        if (cut is null || cut.Id == _over || cut.State < CutState.Marking)
        {
            return CutBound.Free;
        }

        if (cut.State == CutState.Marking)
        {
            _cut = cut;
            return CutBound.Held;
        }

        var parts = await services.Metadata.Clusters.PartsAsync(cut.Id, cancellation);
        if (parts.Any(part => part.ReplicaSetId == replicaSetId))
        {
            await EndAsync(cut);
            return CutBound.Free;
        }

        if (!CanReach(head, cut.Time))
        {
            // Whoever makes the cut sees it by the head's record, and by its sync.
            if (head.Stored.Optime <= cut.Time && head.IsDirty && head.KnowsTransactions)
            {
                await head.CheckpointAsync(cancellation);
            }

            _over = cut.Id;
            await ForgetAsync();
            return CutBound.Free;
        }

        _cut = cut;
        return new CutBound(false, cut.Time);
    }

    /// <summary>Gives the part, once the head stands at the cut's time.</summary>
    /// <returns>Whether the head may go on at once.</returns>
    internal async Task<bool> StepAsync(HeadFollower head, CancellationToken cancellation)
    {
        if (_cut is not { State: CutState.Settled } cut || head.Through < cut.Time || !head.KnowsTransactions)
        {
            return false;
        }

        if (_work is { Building.IsCompleted: true } done)
        {
            await RecordAsync(cut, done.Building, cancellation);
            return true;
        }

        if (_work is not null)
        {
            return false;
        }

        if (!head.IsConsistent)
        {
            _over = cut.Id;
            await ForgetAsync();
            return true;
        }

        if (head.IsDecided)
        {
            var part = await snapshots.TakePartAsync(head, cut, cancellation);
            await GivenAsync(cut, part);
            return true;
        }

        // What is decided later is waited for beside the head, which stays: so it is never beyond the time before its part is there.
        await head.CheckpointAsync(cancellation);
        if (await PlanAsync(head.Stored, cut, cancellation) is { } plan)
        {
            _work = new Work(
                services.Blocks.Holds.Begin([plan.Manifest]),
                token => _builder.BuildAsync(plan, cut, token)
            );
        }

        return false;
    }

    public ValueTask DisposeAsync() => new(ForgetAsync());

    private static bool CanReach(HeadFollower head, Optime time) =>
        head.Applied <= time && (head.IsConsistent || head.ConsistentFrom <= time);

    private async Task<CutRecord?> OpenCutAsync(CancellationToken cancellation)
    {
        var set = await services.Metadata.Deployments.FindReplicaSetAsync(replicaSetId, cancellation);
        var deployment = set is null
            ? null
            : await services.Metadata.Deployments.FindAsync(set.DeploymentId, cancellation);
        if (deployment?.Cluster is not { } membership)
        {
            return null;
        }

        var cut = await services.Metadata.Clusters.OpenCutAsync(membership.DeploymentId, cancellation);
        return cut is { Kind: CutKind.Snapshot } && cut.Sets.Contains(replicaSetId) ? cut : null;
    }

    private async Task<RestorePlan?> PlanAsync(HeadRecord stored, CutRecord cut, CancellationToken cancellation)
    {
        var set = await services.Metadata.Deployments.FindReplicaSetAsync(replicaSetId, cancellation);
        return set is not null && BlockId.TryParse(stored.ManifestBlock, out var manifest)
            ? new RestorePlan(
                set,
                stored.SyncId,
                manifest,
                stored.Optime,
                stored.ReplayFrom,
                RestorePoint.UpTo(cut.Time)
            )
            : null;
    }

    private async Task RecordAsync(CutRecord cut, Task<SnapshotRecord> building, CancellationToken cancellation)
    {
        try
        {
            var part = await building;
            var isWanted = await services.Metadata.Clusters.AddPartAsync(cut.Id, part, cancellation);
            await GivenAsync(cut, isWanted ? part : null);
        }
        catch (Exception failure) when (building.IsFaulted)
        {
            var known = failure as BackupException ?? DaemonErrors.Defect(failure);
            CutLog.PartFailed(services.Logger, cut.Id, replicaSetId, failure);
            await services.Metadata.Clusters.FailCutAsync(cut.Id, known.Code, known.Message, known.Hint, cancellation);
            await EndAsync(cut);
        }
    }

    private Task GivenAsync(CutRecord cut, SnapshotRecord? part)
    {
        if (part is not null)
        {
            CutLog.Part(services.Logger, part.Id, replicaSetId, cut.Id, part.Documents, part.DurationSeconds);
        }

        return EndAsync(cut);
    }

    private Task EndAsync(CutRecord cut)
    {
        _over = cut.Id;
        _lastPart = cut.Time > _lastPart ? cut.Time : _lastPart;
        return ForgetAsync();
    }

    private async Task ForgetAsync()
    {
        _cut = null;
        if (_work is { } work)
        {
            _work = null;
            await work.DisposeAsync();
        }
    }

    private async Task<Optime> NewestPartAsync(CancellationToken cancellation)
    {
        var snapshots = await services.Metadata.Snapshots.ListAsync(replicaSetId, cancellation);
        return snapshots.FirstOrDefault(one => one.CutId is not null)?.Optime ?? Optime.Zero;
    }

    /// <summary>A part that is being built beside the head.</summary>
    private sealed class Work : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();

        private readonly BlockHold _hold;

        /// <param name="hold">From the base until the part is recorded.</param>
        /// <param name="build">Builds it.</param>
        internal Work(BlockHold hold, Func<CancellationToken, Task<SnapshotRecord>> build)
        {
            _hold = hold;
            Building = Task.Run(() => build(_stop.Token));
        }

        internal Task<SnapshotRecord> Building { get; }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await ((Task)Building).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _hold.Dispose();
            _stop.Dispose();
        }
    }
}
