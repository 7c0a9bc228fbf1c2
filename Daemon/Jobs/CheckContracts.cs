namespace Backup.Daemon.Jobs;

/// <param name="ReadShare">The part of the packs whose blocks are read, 0 to 1; of the others only the lists are.</param>
public sealed record CheckArguments(double ReadShare = 1);

/// <summary>What a check of the block store found.</summary>
/// <param name="Blocks">Listed by the packs.</param>
/// <param name="ReadBytes">Of blocks that were read and verified.</param>
/// <param name="Findings">How many damages.</param>
/// <param name="MissingBlocks">Blocks that are needed and in no pack.</param>
/// <param name="Hit">What needs a block that is damaged or missing: <c>snapshot ID</c>, <c>head of SET</c>.</param>
/// <param name="First">The first damages.</param>
public sealed record CheckResult(
    long Blocks,
    long ReadBytes,
    long Findings,
    long MissingBlocks,
    IReadOnlyList<string> Hit,
    IReadOnlyList<GroomFinding> First
)
{
    /// <summary>Nothing is wrong with what was looked at.</summary>
    public bool IsWhole => Findings == 0 && MissingBlocks == 0 && Hit.Count == 0;
}
