namespace Backup.Blockstore.Packs;

/// <summary>Where a block stands, in a published pack or in one that is being written.</summary>
/// <param name="Pack">In which pack.</param>
/// <param name="Offset">Bytes from its start.</param>
/// <param name="StoredLength">Bytes that it takes, header included.</param>
internal readonly record struct PlacedBlock(PackState Pack, long Offset, int StoredLength);
