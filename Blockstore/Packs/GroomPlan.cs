using Backup.Blockstore.Grooming;

namespace Backup.Blockstore.Packs;

/// <summary>Which packs go, and what was counted on the way.</summary>
internal sealed class GroomPlan
{
    // Every flush ends a pack: where there are many small ones they are put together.
    private const int SmallPart = 4;
    private const int ManySmall = 16;

    private readonly long _extraSpace;

    private GroomPlan(List<PackMarks> dead, List<PackMarks> compacted, GroomReport report, long extraSpace) =>
        (Dead, Compacted, Report, _extraSpace) = (dead, compacted, report, extraSpace);

    /// <summary>Nothing in them is needed.</summary>
    internal IReadOnlyList<PackMarks> Dead { get; }

    /// <summary>Little in them is needed, or they are small; those with the largest dead part first.</summary>
    internal IReadOnlyList<PackMarks> Compacted { get; }

    /// <summary>What was counted; nothing is done yet.</summary>
    internal GroomReport Report { get; }

    /// <param name="mark">Complete.</param>
    /// <param name="candidates">Of its packs, those that nobody has put to lately.</param>
    /// <param name="options">How far it goes.</param>
    /// <param name="packBytes">A pack is full at that length.</param>
    internal static GroomPlan Make(
        GroomMark mark,
        IReadOnlyCollection<PackMarks> candidates,
        GroomOptions options,
        long packBytes
    )
    {
        var movable = candidates.Where(static pack => pack.IsSound).ToHashSet();
        var total = mark.Packs.Sum(static pack => pack.State.Length);
        var (dead, partly, small) = (
            new List<PackMarks>(),
            new List<(PackMarks Pack, long Dead)>(),
            new List<PackMarks>()
        );
        var report = new GroomReport { Packs = mark.Packs.Count, PackBytes = total };
        foreach (var pack in mark.Packs)
        {
            var (blocks, bytes) = pack.LiveSize();
            var unneeded = pack.BlockBytes - bytes;
            var isMovable = movable.Contains(pack);
            report = report with
            {
                LiveBlocks = report.LiveBlocks + blocks,
                LiveBytes = report.LiveBytes + bytes,
                DeadBlocks = report.DeadBlocks + (isMovable ? pack.Count - blocks : 0),
                DeadBytes = report.DeadBytes + (isMovable ? unneeded : 0),
                HeldBytes = report.HeldBytes + (isMovable ? 0 : unneeded),
            };
            if (!isMovable)
            {
                continue;
            }

            if (blocks == 0)
            {
                dead.Add(pack);
            }
            else if (unneeded > pack.BlockBytes * options.MinPackDeadShare)
            {
                partly.Add((pack, unneeded));
            }
            else if (pack.State.Length < packBytes / SmallPart)
            {
                small.Add(pack);
            }
        }

        var (compacted, compactedDead) = Choose(
            partly,
            report.DeadBytes - dead.Sum(static pack => pack.BlockBytes),
            (long)(total * options.MaxDeadShare)
        );
        if (small.Count >= ManySmall)
        {
            compacted.AddRange(small);
        }

        return new GroomPlan(
            dead,
            compacted,
            report with
            {
                ReclaimableBytes = dead.Sum(static pack => pack.State.Length) + compactedDead,
            },
            Math.Max(packBytes, (long)(total * options.ExtraSpaceShare))
        );
    }

    /// <summary>Groups of them whose live parts together need no more than the extra space; one at least in each.</summary>
    internal IEnumerable<IReadOnlyList<PackMarks>> Rounds()
    {
        var round = new List<PackMarks>();
        var bytes = 0L;
        foreach (var pack in Compacted)
        {
            // Marks may have been added since.
            var live = pack.LiveSize().Bytes;
            if (round.Count > 0 && bytes + live > _extraSpace)
            {
                yield return round;
                (round, bytes) = ([], 0);
            }

            round.Add(pack);
            bytes += live;
        }

        if (round.Count > 0)
        {
            yield return round;
        }
    }

    private static (List<PackMarks> Chosen, long Dead) Choose(
        List<(PackMarks Pack, long Dead)> partly,
        long dead,
        long mayStay
    )
    {
        var chosen = new List<PackMarks>();
        var given = 0L;
        foreach (var (pack, bytes) in partly.OrderByDescending(static one => (double)one.Dead / one.Pack.BlockBytes))
        {
            if (dead - given <= mayStay)
            {
                break;
            }

            chosen.Add(pack);
            given += bytes;
        }

        return (chosen, given);
    }
}
