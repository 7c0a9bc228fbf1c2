using Backup.Blockstore.Grooming;
using Backup.Blockstore.Packs;
using Backup.Blockstore.Shared;
using Backup.MongoWire.Bson;

namespace Backup.Blockstore.Mongo;

/// <summary>What a groom works on.</summary>
/// <param name="Talk">To the server.</param>
/// <param name="Reads">Of the store.</param>
/// <param name="Large">Blocks in parts.</param>
/// <param name="Session">Of this process.</param>
/// <param name="Settle">Waits until all that was put by now is on the server.</param>
/// <param name="Passed">For tests: told of each step.</param>
internal sealed record GroomGround(
    MongoTalk Talk,
    BlockReads Reads,
    LargeBlocks Large,
    StoreSession Session,
    Func<CancellationToken, Task> Settle,
    Func<SharedGroomStep, Task>? Passed
);

/// <summary>
/// One groom of a store on MongoDB: marks what is needed, then goes through all documents and removes those that are not marked and carry an epoch older
/// than all work that goes on; the server compares the epoch once more as it removes. Killed at any line it has removed nothing else.
/// </summary>
internal sealed class MongoGroom(
    GroomGround ground,
    GroomTurn turn,
    GroomOptions options,
    IProgress<GroomProgress>? progress
)
{
    private const int MostFindings = 1000;
    private const int RemovedAtOnce = 1000;
    private const double MarkingShare = 0.6;

    private readonly IdMarks _marks = new();
    private readonly List<StoreFinding> _findings = [];
    private readonly List<BlockSight> _dead = [];
    private GroomReport _report = new();
    private StoreCount _removed;

    internal async Task<GroomReport> RunAsync(IBlockRoots roots, CancellationToken cancellation)
    {
        await ground.Settle(cancellation);
        await new RootMarking(turn, roots, _marks).RunAsync(
            share => progress?.Report(new GroomProgress(PackGroom.Marking, MarkingShare * share)),
            cancellation
        );
        // What is marked and on its way is on the server before it is looked for there.
        await ground.Settle(cancellation);
        await PassedAsync(SharedGroomStep.Marked);
        var before = ground.Session.Total;
        var counted = await SweepAsync(before.Blocks, cancellation);
        CorrectCount(before, counted);
        if (!options.DryRun)
        {
            // Parts of what was removed just now, and of what was never completed.
            await ground.Large.RemoveOrphansAsync(turn.Limit, cancellation);
        }

        return _report with
        {
            PackBytes = counted.Bytes,
            ReclaimableBytes = _report.DeadBytes,
            MissingBlocks = Math.Max(0, _marks.Count - _report.LiveBlocks),
            Findings = _findings,
        };
    }

    /// <returns>What was there.</returns>
    private async Task<StoreCount> SweepAsync(long expected, CancellationToken cancellation)
    {
        var counted = default(StoreCount);
        await foreach (var sight in ground.Reads.SightsAsync(cancellation))
        {
            counted += new StoreCount(1, sight.StoredLength);
            Sort(sight);
            if (_dead.Count == RemovedAtOnce)
            {
                await RemoveAsync(cancellation);
                Report(counted.Blocks, expected);
            }
        }

        await RemoveAsync(cancellation);
        return counted;
    }

    private void Sort(BlockSight sight)
    {
        if (_marks.Has(sight.Id))
        {
            _report = _report with
            {
                LiveBlocks = _report.LiveBlocks + 1,
                LiveBytes = _report.LiveBytes + sight.StoredLength,
            };
            if (sight.IsDamaged && _findings.Count < MostFindings)
            {
                _findings.Add(new StoreFinding(sight.Id, ground.Reads.Where, 0, "a block that is needed is damaged"));
            }
        }
        else if (sight.Epoch >= turn.Limit)
        {
            _report = _report with { HeldBytes = _report.HeldBytes + sight.StoredLength };
        }
        else
        {
            _report = _report with
            {
                DeadBlocks = _report.DeadBlocks + 1,
                DeadBytes = _report.DeadBytes + sight.StoredLength,
            };
            _dead.Add(sight);
        }
    }

    private async Task RemoveAsync(CancellationToken cancellation)
    {
        List<BlockSight> dead = [.. _dead];
        _dead.Clear();
        if (dead.Count == 0 || options.DryRun)
        {
            return;
        }

        await PassedAsync(SharedGroomStep.Removing);
        using var writer = new BsonWriter(dead.Count * 128);
        foreach (var sight in dead)
        {
            BlockDocuments.Remove(writer, sight.Id, turn.Limit);
        }

        var removed = await ground.Talk.DeleteAsync(BlockDocuments.Blocks, writer.WrittenMemory, cancellation);
        // Where some were put again meanwhile it is not known which: the next groom counts.
        var gone = new StoreCount(removed, dead.Sum(static one => (long)one.StoredLength) * removed / dead.Count);
        _removed += gone;
        ground.Session.Count(default(StoreCount) - gone);
        _report = _report with { FreedBytes = _removed.Bytes };
        await PassedAsync(SharedGroomStep.Removed);
    }

    /// <summary>What killed processes have not told of, or told twice: the count is brought to where it can have been while it was counted.</summary>
    private void CorrectCount(StoreCount before, StoreCount counted)
    {
        var now = ground.Session.Total + _removed;
        ground.Session.Count(
            new StoreCount(Off(counted.Blocks, before.Blocks, now.Blocks), Off(counted.Bytes, before.Bytes, now.Bytes))
        );
    }

    private static long Off(long counted, long before, long now) =>
        counted - Math.Clamp(counted, Math.Min(before, now), Math.Max(before, now));

    private void Report(long done, long expected) =>
        progress?.Report(
            new GroomProgress(
                "removing blocks",
                MarkingShare + ((1 - MarkingShare) * Math.Min(1, done / (double)Math.Max(1, expected)))
            )
        );

    private Task PassedAsync(SharedGroomStep step) => ground.Passed?.Invoke(step) ?? Task.CompletedTask;
}
