using Backup.Blockstore;

namespace Backup.Snapshots.Blocks;

/// <summary>Where things stand in a block of records, and how large it gets. Keep in sync with docs/formats/run.md.</summary>
public static class BlockLayout
{
    /// <summary><c>BKRB</c>, little-endian.</summary>
    internal const uint Magic = 0x4252_4B42;
    internal const ushort Version = 1;

    internal const int MagicOffset = 0;
    internal const int VersionOffset = 4;
    internal const int ReservedOffset = 6;
    internal const int CountOffset = 8;
    internal const int HeaderLength = 12;

    /// <summary>No block ends before this, except the last of a run and one before a block that is re-used.</summary>
    public const int MinLength = 64 * 1024;

    /// <summary>What stands on average behind the minimum, so that blocks are 256 KiB on average.</summary>
    public const int MeanBeyondMin = 192 * 1024;

    /// <summary>No block grows beyond this unless one record alone is larger.</summary>
    public const int MaxLength = 1024 * 1024;

    /// <summary>The largest record that fits into a block of the store.</summary>
    public const int MaxRecordLength = IBlockStore.MaxRawLength - HeaderLength;

    /// <summary>
    /// Whether a block ends after a record: with a probability of its length to <see cref="MeanBeyondMin"/>, decided by the hash of its key. So blocks
    /// have one average size whether records are small or large. See docs/decisions/0001-block-boundaries.md.
    /// </summary>
    public static bool EndsAfter(ulong keyHash, int recordLength) =>
        recordLength >= MeanBeyondMin || keyHash < ulong.MaxValue / MeanBeyondMin * (ulong)recordLength;
}
