using Backup.Blockstore.Grooming;

namespace Backup.Blockstore.Shelf;

/// <summary>Reports of several stores as one.</summary>
internal static class ShelfReports
{
    /// <summary>But for blocks that are missing: each store lacks what another one has.</summary>
    internal static GroomReport Sum(GroomReport one, GroomReport other) =>
        new()
        {
            Packs = one.Packs + other.Packs,
            PackBytes = one.PackBytes + other.PackBytes,
            LiveBlocks = one.LiveBlocks + other.LiveBlocks,
            LiveBytes = one.LiveBytes + other.LiveBytes,
            DeadBlocks = one.DeadBlocks + other.DeadBlocks,
            DeadBytes = one.DeadBytes + other.DeadBytes,
            HeldBytes = one.HeldBytes + other.HeldBytes,
            ReclaimableBytes = one.ReclaimableBytes + other.ReclaimableBytes,
            RemovedPacks = one.RemovedPacks + other.RemovedPacks,
            CompactedPacks = one.CompactedPacks + other.CompactedPacks,
            CopiedBytes = one.CopiedBytes + other.CopiedBytes,
            FreedBytes = one.FreedBytes + other.FreedBytes,
            Findings = [.. one.Findings, .. other.Findings],
        };
}
