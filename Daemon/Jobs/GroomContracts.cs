using Backup.Blockstore.Grooming;

namespace Backup.Daemon.Jobs;

/// <param name="Trigger"><c>on demand</c>, <c>retention</c> or <c>daily</c>: shown to people.</param>
/// <param name="DryRun">Counts, and changes nothing.</param>
public sealed record GroomArguments(string Trigger, bool DryRun = false)
{
    public const string OnDemand = "on demand";
    public const string Retention = "retention";
    public const string Daily = "daily";
}

/// <summary>What a groom found and did. Bytes are those of stored blocks, unless they say otherwise.</summary>
/// <param name="DryRun">Nothing was changed.</param>
/// <param name="Packs">Packs when it began.</param>
/// <param name="PackBytes">Bytes of these files.</param>
/// <param name="LiveBlocks">Blocks that are needed.</param>
/// <param name="LiveBytes">Their bytes.</param>
/// <param name="DeadBlocks">Blocks that nobody needs.</param>
/// <param name="DeadBytes">Their bytes.</param>
/// <param name="HeldBytes">Bytes that may still be in work.</param>
/// <param name="ReclaimableBytes">Of the dead ones, those that this groom was to give back: a small rest stays until it pays.</param>
/// <param name="RemovedPacks">Packs in which nothing was needed.</param>
/// <param name="CompactedPacks">Packs whose rest was put together.</param>
/// <param name="CopiedBytes">Bytes that were copied for that.</param>
/// <param name="FreedBytes">Bytes that the files take less than before.</param>
/// <param name="MissingBlocks">Blocks that are needed and are not there.</param>
/// <param name="Findings">Damages, the first few; left out where there is none.</param>
public sealed record GroomResult(
    bool DryRun,
    int Packs,
    long PackBytes,
    long LiveBlocks,
    long LiveBytes,
    long DeadBlocks,
    long DeadBytes,
    long HeldBytes,
    long ReclaimableBytes,
    int RemovedPacks,
    int CompactedPacks,
    long CopiedBytes,
    long FreedBytes,
    long MissingBlocks,
    IReadOnlyList<GroomFinding>? Findings
)
{
    private const int MostFindings = 100;

    internal static GroomResult Of(GroomReport report, bool dryRun) =>
        new(
            dryRun,
            report.Packs,
            report.PackBytes,
            report.LiveBlocks,
            report.LiveBytes,
            report.DeadBlocks,
            report.DeadBytes,
            report.HeldBytes,
            report.ReclaimableBytes,
            report.RemovedPacks,
            report.CompactedPacks,
            report.CopiedBytes,
            report.FreedBytes,
            report.MissingBlocks,
            report.Findings.Count == 0
                ? null
                :
                [
                    .. report
                        .Findings.Take(MostFindings)
                        .Select(static one => new GroomFinding(one.Where, one.Offset, one.What)),
                ]
        );
}

/// <param name="Pack">The file's name.</param>
/// <param name="Offset">Bytes from its start.</param>
/// <param name="What">For people.</param>
public sealed record GroomFinding(string Pack, long Offset, string What);
