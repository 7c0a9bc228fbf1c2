using Backup.Blockstore.Grooming;

namespace Backup.Blockstore.Packs;

/// <summary>
/// One groom of a pack store: marks what is needed, chooses packs, removes those in which nothing is needed, and puts together what is left of others.
/// </summary>
/// <remarks>
/// Why no block is lost that somebody needs:
/// <list type="number">
/// <item>A pack is a candidate only where its stamp is older than all work that goes on: whatever such work has put, new or not, is in others.</item>
/// <item>Before stamps are read, the mark is shown to writers: a block that is put again from then on is marked by its writer, in any pack.</item>
/// <item>Roots are asked of holds first, then of what is durable: what passes from a hold to something durable is seen in one of them. What passes
/// the other way, from something durable to a hold, does so under a look; looks are waited for, and what is held by then, or was until then, is
/// marked before anything is removed.</item>
/// <item>A pack is condemned before it goes: whoever puts a block of it from then on writes it anew. Marks set before that are read after it, and
/// what they mark is copied too.</item>
/// <item>A copy carries the stamp of where it was copied from, read after the index was changed; whoever claims a block looks for it once more after
/// that, and claims it where it is then.</item>
/// <item>A copy is durable before the index says so, and the index says so before the pack goes.</item>
/// <item>What refers to others and cannot be read ends it before anything is removed.</item>
/// </list>
/// Killed at any line it leaves packs that are whole: those of before, and perhaps copies, which are the same blocks once more. The index, which is made
/// again then, takes the newest of them; the next groom removes the others.
/// </remarks>
internal sealed class PackGroom(
    PackCatalogue catalogue,
    BlockHolds holds,
    GroomRoom room,
    GroomOptions options,
    IProgress<GroomProgress>? progress
)
{
    /// <summary>The phase in which roots are gone through.</summary>
    internal const string Marking = "marking what is needed";

    private const int MostFindings = 1000;

    // One fsync of the folder for so many.
    private const int PacksAtOnce = 64;
    private const double ReadingShare = 0.1;
    private const double MarkingShare = 0.6;

    private readonly List<StoreFinding> _findings = [];

    internal async Task<GroomReport> RunAsync(IBlockRoots roots, CancellationToken cancellation)
    {
        using var watch = holds.Watch();
        var mark = new GroomMark(
            catalogue,
            room.IsBeingWritten,
            Found,
            share => Report("reading the packs' lists", share * ReadingShare),
            cancellation
        );
        catalogue.Mark = mark;
        try
        {
            var oldest = holds.Oldest;
            var candidates = mark.Packs.Where(pack => pack.State.Stamp < oldest).ToList();
            await new RootMarking(new OwnHeldRoots(watch, holds), roots, mark).RunAsync(
                share => Report(Marking, ReadingShare + (MarkingShare * share)),
                cancellation
            );
            var plan = GroomPlan.Make(mark, candidates, options, room.PackBytes);
            var report = plan.Report with { MissingBlocks = mark.Missing };
            if (!options.DryRun)
            {
                report = Remove(plan, report, cancellation);
            }

            return report with
            {
                Findings = [.. _findings],
            };
        }
        finally
        {
            catalogue.Mark = null;
        }
    }

    private GroomReport Remove(GroomPlan plan, GroomReport report, CancellationToken cancellation)
    {
        var mover = new PackMover(catalogue, room, Found);
        var total = plan.Dead.Count + plan.Compacted.Count;
        var done = 0;
        foreach (var packs in plan.Dead.Chunk(PacksAtOnce))
        {
            StopIfAsked("removing packs");
            report = report with { RemovedPacks = report.RemovedPacks + mover.Move(packs, cancellation).Removed };
            done += packs.Length;
        }

        foreach (var packs in plan.Rounds())
        {
            StopIfAsked("putting packs together");
            var moved = mover.Move(packs, cancellation);
            report = report with
            {
                CompactedPacks = report.CompactedPacks + moved.Removed,
                CopiedBytes = report.CopiedBytes + moved.CopiedBytes,
            };
            done += packs.Count;
        }

        return report with
        {
            FreedBytes = mover.RemovedBytes - mover.WrittenBytes,
        };

        void StopIfAsked(string phase)
        {
            cancellation.ThrowIfCancellationRequested();
            room.ThrowIfUnusable();
            var share = ReadingShare + MarkingShare;
            Report(phase, share + ((1 - share) * done / Math.Max(total, 1)));
        }
    }

    private void Found(StoreFinding finding)
    {
        if (_findings.Count < MostFindings)
        {
            _findings.Add(finding);
        }
    }

    private void Report(string phase, double share) => progress?.Report(new GroomProgress(phase, share));
}
