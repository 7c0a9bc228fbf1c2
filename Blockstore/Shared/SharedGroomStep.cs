namespace Backup.Blockstore.Shared;

/// <summary>Where a groom of a shared store is.</summary>
internal enum SharedGroomStep
{
    Marked,
    Removing,
    Removed,
}
