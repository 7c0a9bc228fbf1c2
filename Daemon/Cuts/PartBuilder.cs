using Backup.Daemon.Heads;
using Backup.Daemon.PointInTime;
using Backup.Metadata;
using Backup.Snapshots.Heads;

namespace Backup.Daemon.Cuts;

/// <summary>
/// Makes a set's part of a cluster's snapshot out of a base before the cut's time and the stored oplog, where the head itself cannot give it: it
/// holds transactions that were prepared by then and are decided later, or it is somewhere else. The part is complete by itself: what was
/// committed by the cut's time is in it, and nothing after it is needed any more to read it.
/// </summary>
/// <param name="services">Stores, options, clock.</param>
/// <param name="snapshots">Of the same set.</param>
internal sealed class PartBuilder(HeadServices services, SnapshotTaker snapshots)
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>Replays, waits for decisions that are not stored yet, and writes what comes out into the block store.</summary>
    /// <param name="plan">Its moment is the cut's time; the oplog is stored up to there.</param>
    /// <param name="cut">Settled.</param>
    /// <param name="cancellation">Nothing is recorded then; blocks that were written are no harm.</param>
    /// <returns>The part; it is for the caller to record it.</returns>
    /// <exception cref="Foundation.Errors.BackupException">9020 where a transaction stays undecided; 9001, 9007, 3000s, 4000s, 5000s of what is read.</exception>
    internal async Task<SnapshotRecord> BuildAsync(RestorePlan plan, CutRecord cut, CancellationToken cancellation)
    {
        var started = services.Time.GetTimestamp();
        var newBytes = services.Blocks.Statistics.NewBytes;
        await using var hold = await SliceHold.TakeAsync(
            services.Metadata,
            services.Blocks,
            plan,
            services.Time,
            services.Logger,
            cancellation
        );
        var folder = RestoreFolder.Make(services.Options);
        try
        {
            using var head = await Head.OpenAsync(services.Blocks, plan.Manifest, services.HeadOptions, cancellation);
            using var replay = new MomentReplay(plan, head, Path.Combine(folder, "transactions"));
            await ReplayAsync(plan, head, replay, started, cancellation);
            var flushed = await FlushAsync(plan, cut, head, replay, cancellation);
            return await snapshots.DescribePartAsync(
                flushed with
                {
                    NewBytes = services.Blocks.Statistics.NewBytes - newBytes,
                },
                cut,
                started,
                cancellation
            );
        }
        finally
        {
            RestoreFolder.Remove(folder);
        }
    }

    private async Task ReplayAsync(
        RestorePlan plan,
        Head head,
        MomentReplay replay,
        long started,
        CancellationToken cancellation
    )
    {
        // A base that stands at the moment, without a prepared transaction, is the part already.
        if (plan.Point.AtMost <= plan.BaseOptime && head.PreparedTransactions.Count == 0)
        {
            return;
        }

        var slices = new SliceStream(services.Metadata, services.Objects, plan.Set.Name, plan.SyncId);
        while (true)
        {
            var seen = services.Metadata.ChangeCount;
            var from = replay.Read.IsZero ? plan.ReplayFrom : replay.Read;
            await foreach (var slice in slices.ReadAsync(from, cancellation))
            {
                using (slice)
                {
                    if (replay.Apply(slice))
                    {
                        return;
                    }
                }

                if (head.IsFull)
                {
                    await head.MergeAsync(cancellation);
                    await head.FlushAsync(head.Position with { Optime = replay.Optime }, cancellation);
                }
            }

            if (replay.Read < plan.Point.AtMost)
            {
                throw DaemonErrors.MissingEntries(plan.Set.Name, plan.ReplayFrom);
            }

            if (replay.Undecided is not [var oldest, ..])
            {
                return;
            }

            if (services.Time.GetElapsedTime(started) > services.Options.CutDecisionPatience)
            {
                throw DaemonErrors.PartUndecided(
                    plan.Set.Name,
                    RestorePoint.Describe(plan.Point.AtMost),
                    RestorePoint.Describe(oldest.Prepared)
                );
            }

            await services.Metadata.WaitForChangeAsync(seen, Look, cancellation);
        }
    }

    private async Task<HeadRecord> FlushAsync(
        RestorePlan plan,
        CutRecord cut,
        Head head,
        MomentReplay replay,
        CancellationToken cancellation
    )
    {
        head.PreparedTransactions = [];
        head.AppliedAhead = replay.AppliedAhead;
        if (replay.FeatureCompatibilityVersion is { } version)
        {
            head.ReplicaSet = head.ReplicaSet with { FeatureCompatibilityVersion = version };
        }

        // Whoever replays on from here meets the ends of transactions that begin before it.
        var at = cut.Time with
        {
            Term = replay.Optime.Term,
        };
        var replayFrom =
            replay.Read.IsZero ? plan.ReplayFrom
            : replay.OldestOpenTransaction is { } open && open < replay.Optime ? open
            : replay.Optime;
        await head.MergeAsync(cancellation);
        var position = head.Position with { Optime = at, ReplayFrom = replayFrom };
        var flushed = await head.FlushAsync(position, cancellation);
        return new HeadRecord(
            plan.Set.Id,
            plan.SyncId,
            flushed.Manifest.ToString(),
            at,
            replayFrom,
            Consistent: true,
            NewBytes: 0,
            services.Time.GetUtcNow()
        );
    }
}
