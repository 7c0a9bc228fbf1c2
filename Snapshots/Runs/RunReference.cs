using Backup.Blockstore;

namespace Backup.Snapshots.Runs;

/// <summary>What a part of a run holds: sums over its blocks.</summary>
/// <param name="Blocks">Blocks of records; index pages not counted.</param>
/// <param name="Records">Puts, deletes and merges.</param>
/// <param name="Documents">Puts alone.</param>
/// <param name="DocumentBytes">BSON bytes of those puts.</param>
/// <param name="RawBytes">Raw bytes of the blocks.</param>
/// <param name="StoredBytes">Bytes the blocks take in the store.</param>
public readonly record struct RunStatistics(
    long Blocks,
    long Records,
    long Documents,
    long DocumentBytes,
    long RawBytes,
    long StoredBytes
)
{
    public static RunStatistics operator +(RunStatistics left, RunStatistics right) =>
        new(
            left.Blocks + right.Blocks,
            left.Records + right.Records,
            left.Documents + right.Documents,
            left.DocumentBytes + right.DocumentBytes,
            left.RawBytes + right.RawBytes,
            left.StoredBytes + right.StoredBytes
        );
}

/// <summary>A sorted run: the id of its root page stands for the whole of it.</summary>
public sealed record RunReference(BlockId Root, RunStatistics Statistics);
