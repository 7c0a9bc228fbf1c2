namespace Backup.Blockstore.Grooming;

/// <summary>A block that is referred to by something durable.</summary>
/// <param name="Id">It, and what it refers to, stays.</param>
/// <param name="Name">What refers to it, for people.</param>
/// <param name="IsHold">Somebody holds what he reads, and may have come too late: where a block of it is not there any more, that ends no groom.</param>
public readonly record struct BlockRoot(BlockId Id, string Name, bool IsHold = false);

/// <summary>Tells a groom what is still needed. The store knows bytes only; who wrote them knows which block refers to which.</summary>
public interface IBlockRoots
{
    /// <summary>Everything durable that refers to blocks, as of one moment during the call.</summary>
    Task<IReadOnlyList<BlockRoot>> ListAsync(CancellationToken cancellation = default);

    /// <summary>
    /// Marks a root and whatever can be reached from it, once each: what was entered before is not gone through again. So all that can be read is gone
    /// through, and only then is told of what cannot.
    /// </summary>
    /// <exception cref="Foundation.Errors.BackupException">A block that refers to others cannot be read: the first of them.</exception>
    Task TraceAsync(BlockId root, IBlockMarks marks, CancellationToken cancellation = default);
}

/// <summary>Where blocks are marked that stay. Thread-safe.</summary>
public interface IBlockMarks
{
    /// <summary>Marks a block that refers to no other.</summary>
    void Keep(BlockId id);

    /// <summary>Marks a block that refers to others.</summary>
    /// <returns>Whether this is the first time: the others are to be marked then.</returns>
    bool Enter(BlockId id);
}
