namespace Backup.Blockstore.Grooming;

/// <summary>A store that can give back the room of blocks that nobody needs.</summary>
public interface IGroomable
{
    /// <summary>
    /// Removes blocks that neither the roots nor a hold needs, while puts and reads go on. Killed at any moment, or cancelled, it has lost no block
    /// that is needed; what it has not come to goes with the next one. A damaged block is kept, with its pack, and named.
    /// </summary>
    /// <param name="roots">What is needed.</param>
    /// <param name="options">How far it goes.</param>
    /// <param name="progress">Told now and then.</param>
    /// <param name="cancellation">Stops between two packs.</param>
    /// <exception cref="Foundation.Errors.BackupException">
    /// 5013 where a block that refers to others cannot be read: nothing is removed then, since what is below it is not known. 5014 where one is under
    /// way already. 1003 where there is no room for copies.
    /// </exception>
    Task<GroomReport> GroomAsync(
        IBlockRoots roots,
        GroomOptions? options = null,
        IProgress<GroomProgress>? progress = null,
        CancellationToken cancellation = default
    );
}

/// <summary>How far a groom goes.</summary>
public sealed record GroomOptions
{
    /// <summary>
    /// Packs are compacted, those with the largest dead part first, until no more than this part of the store is dead; 0 to 1, 0.05 unless set.
    /// </summary>
    public double MaxDeadShare { get; init; } = 0.05;

    /// <summary>Copies take at most this part of the store beside what they replace (but always one pack's room); 0 to 1, 0.05 unless set.</summary>
    public double ExtraSpaceShare { get; init; } = 0.05;

    /// <summary>A pack with a smaller dead part is left as it is; 0 to 1, 0.1 unless set.</summary>
    public double MinPackDeadShare { get; init; } = 0.1;

    /// <summary>Marks and counts, and changes nothing.</summary>
    public bool DryRun { get; init; }
}

/// <param name="Phase">For people.</param>
/// <param name="Share">0 to 1.</param>
public readonly record struct GroomProgress(string Phase, double Share);

/// <summary>What a groom found and did.</summary>
public sealed record GroomReport
{
    /// <summary>Published packs when it began.</summary>
    public int Packs { get; init; }

    /// <summary>Bytes of these packs.</summary>
    public long PackBytes { get; init; }

    /// <summary>Blocks that are needed, and their bytes.</summary>
    public long LiveBlocks { get; init; }

    public long LiveBytes { get; init; }

    /// <summary>Blocks that nobody needs, and their bytes.</summary>
    public long DeadBlocks { get; init; }

    public long DeadBytes { get; init; }

    /// <summary>Bytes of blocks that nothing durable refers to and that may still be in work.</summary>
    public long HeldBytes { get; init; }

    /// <summary>Of the dead bytes, those that this groom was to give back.</summary>
    public long ReclaimableBytes { get; init; }

    /// <summary>Packs that held nothing that is needed, removed.</summary>
    public int RemovedPacks { get; init; }

    /// <summary>Packs whose live blocks were copied into others, removed.</summary>
    public int CompactedPacks { get; init; }

    public long CopiedBytes { get; init; }

    /// <summary>Bytes that the packs take less than before.</summary>
    public long FreedBytes { get; init; }

    /// <summary>Blocks that are referred to and that no pack has.</summary>
    public long MissingBlocks { get; init; }

    /// <summary>Damages in packs, which were kept for them; at most 1,000.</summary>
    public IReadOnlyList<StoreFinding> Findings { get; init; } = [];
}
