namespace Backup.Blockstore;

/// <summary>One block as the store lists it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="RawLength">Bytes of its content.</param>
/// <param name="StoredLength">Bytes it takes in the store, header included.</param>
public readonly record struct StoredBlock(BlockId Id, int RawLength, int StoredLength);

/// <summary>A damage that a check found.</summary>
/// <param name="Id">The block; null where it is not known which block the damaged bytes were.</param>
/// <param name="Where">The pack's file name.</param>
/// <param name="Offset">Bytes from the start of the pack.</param>
/// <param name="What">For people.</param>
public sealed record StoreFinding(BlockId? Id, string Where, long Offset, string What);

/// <summary>What a check has read.</summary>
/// <param name="Blocks">Blocks that are listed.</param>
/// <param name="StoredBytes">Bytes of those that were read.</param>
/// <param name="Findings">Damages.</param>
/// <param name="Locked">Of those that were read, sealed blocks that no key opens: they were checked by their checksums alone.</param>
public sealed record StoreCheck(long Blocks, long StoredBytes, long Findings, long Locked = 0);

/// <summary>How far a check goes.</summary>
public sealed record CheckOptions
{
    /// <summary>The part of the packs whose blocks are read and verified; of the others only what stands around the blocks is. 0 to 1, 1 unless set.</summary>
    public double ReadShare { get; init; } = 1;
}

/// <summary>A store that can be checked in part, and learns from it: what is found damaged is written anew when it is put again.</summary>
public interface ICheckable
{
    /// <summary>As <see cref="IBlockStore.CheckAsync"/>, and looks whether the index has what the packs have; where it does not it is mended.</summary>
    /// <param name="found">Called for each damage, from one thread at a time.</param>
    /// <param name="options">How far it goes.</param>
    /// <param name="progress">Told the part that is done, 0 to 1, and the bytes that were read.</param>
    /// <param name="cancellation">Stops between blocks.</param>
    Task<StoreCheck> CheckAsync(
        Action<StoreFinding> found,
        CheckOptions options,
        Action<double, long>? progress = null,
        CancellationToken cancellation = default
    );
}
