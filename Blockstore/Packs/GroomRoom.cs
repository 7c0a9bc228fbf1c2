namespace Backup.Blockstore.Packs;

/// <summary>What of the open store a groom works with.</summary>
/// <param name="Folder">Where packs are.</param>
/// <param name="PackBytes">A pack is full at that length.</param>
/// <param name="NewPack">Makes a pack for copies, apart from the one that is put to.</param>
/// <param name="IsBeingWritten">Whether a block stands in a pack that is not published.</param>
/// <param name="ThrowIfUnusable">Refuses where the store takes no more.</param>
/// <param name="Passed">Called after each step that a killed process may not have come past.</param>
internal sealed record GroomRoom(
    string Folder,
    long PackBytes,
    Func<OpenPack> NewPack,
    Func<BlockId, bool> IsBeingWritten,
    Action ThrowIfUnusable,
    Action<GroomStep> Passed
);

/// <summary>Where a groom is with some packs.</summary>
internal enum GroomStep
{
    Copied,
    Published,
    Found,
    Condemned,
    Forgotten,
    Deleted,
}
