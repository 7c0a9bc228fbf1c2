namespace Backup.Snapshots.Heads;

/// <summary>How much a head holds in memory and how its runs are kept few.</summary>
public sealed record HeadOptions
{
    /// <summary>Bytes of the memtable from which on <see cref="Head.IsFull"/>; 1 MiB to 1 GiB, 64 MiB unless set.</summary>
    public long MemtableBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>The most runs a collection has after <see cref="Head.MergeAsync"/>; 2 to 64, 8 unless set.</summary>
    public int MaxRuns { get; init; } = 8;

    /// <summary>Blocks compressed at a time while a run is written; 1 to 64, the number of processors (at least 2) unless set.</summary>
    public int WriteConcurrency { get; init; } = Math.Clamp(Environment.ProcessorCount, 2, 16);
}

/// <summary>Where a head stands: written into its manifest by <see cref="Head.FlushAsync"/>.</summary>
/// <param name="Optime">Everything up to and including this entry is applied.</param>
/// <param name="ReplayFrom">Where to start reading again to have every open transaction whole; at most <paramref name="Optime"/>.</param>
/// <param name="Consistent">False until the end of the initial sync is passed.</param>
/// <param name="Begin">Of the initial sync: the oplog is replayed from here.</param>
/// <param name="End">Of the initial sync: consistent from here on; zero while not known.</param>
public readonly record struct HeadPosition(
    Foundation.Optime Optime,
    Foundation.Optime ReplayFrom,
    bool Consistent,
    Foundation.Optime Begin,
    Foundation.Optime End
);

/// <summary>What a flush wrote.</summary>
/// <param name="Manifest">The manifest's block: open the head or a snapshot by it.</param>
/// <param name="Collections">Collections that got a new run.</param>
/// <param name="NewBlocks">Blocks that the store did not have before, pages and manifest included.</param>
/// <param name="NewBytes">Bytes those take in the store.</param>
public sealed record FlushResult(Blockstore.BlockId Manifest, int Collections, long NewBlocks, long NewBytes);
