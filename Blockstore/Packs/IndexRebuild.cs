namespace Backup.Blockstore.Packs;

/// <summary>The index of a store is made of its packs alone, whatever index there is; what was met on the way.</summary>
/// <param name="progress">Called after each pack: how many are done, of how many.</param>
public sealed class IndexRebuild(Action<int, int>? progress = null)
{
    private readonly List<StoreFinding> _findings = [];

    /// <summary>Blocks that the index of before had; null where there was none, or one that was not as it was left.</summary>
    public long? BlocksBefore { get; private set; }

    /// <summary>Packs that were read.</summary>
    public int Packs { get; private set; }

    /// <summary>Blocks that the index finds.</summary>
    public long Blocks { get; private set; }

    /// <summary>Bytes that they take.</summary>
    public long StoredBytes { get; private set; }

    /// <summary>Packs whose header, list or trailer is damaged: their blocks were found by reading them through.</summary>
    public IReadOnlyList<StoreFinding> Findings => _findings;

    internal void Before(long blocks) => BlocksBefore = blocks;

    internal void Found(string pack, long offset, string what) =>
        _findings.Add(new StoreFinding(null, pack, offset, what));

    internal void Read(int all)
    {
        Packs++;
        progress?.Invoke(Packs, all);
    }

    internal void Ended(long blocks, long storedBytes) => (Blocks, StoredBytes) = (blocks, storedBytes);
}
