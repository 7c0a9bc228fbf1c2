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
public sealed record StoreCheck(long Blocks, long StoredBytes, long Findings);
