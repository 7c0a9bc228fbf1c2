namespace Backup.Blockstore.Shelf;

/// <summary>A store that consists of several.</summary>
internal interface ISeveralStores
{
    IReadOnlyList<IBlockStore> Parts { get; }
}
