using Backup.Blockstore.Grooming;

namespace Backup.Blockstore.Packs;

/// <summary>
/// Which blocks are needed, of all packs that were published when it was made. The index says where a block is, so each is marked in one place alone:
/// a second copy of it is not needed.
/// </summary>
internal sealed class GroomMark : IBlockMarks
{
    private readonly PackCatalogue _catalogue;
    private readonly Dictionary<int, PackMarks> _packs = [];

    // Pages in packs that are newer than this: few.
    private readonly HashSet<BlockId> _enteredElsewhere = [];
    private readonly Func<BlockId, bool> _isBeingWritten;
    private long _missing;

    /// <param name="catalogue">Its packs are read: footers, or all of it where a footer is damaged.</param>
    /// <param name="isBeingWritten">Whether a block stands in a pack that is not published.</param>
    /// <param name="found">Told of damages.</param>
    /// <param name="progress">Told how far the reading is, 0 to 1.</param>
    /// <param name="cancellation">Stops between packs.</param>
    internal GroomMark(
        PackCatalogue catalogue,
        Func<BlockId, bool> isBeingWritten,
        Action<StoreFinding> found,
        Action<double> progress,
        CancellationToken cancellation
    )
    {
        _catalogue = catalogue;
        _isBeingWritten = isBeingWritten;
        var states = catalogue.Packs;
        foreach (var (n, state) in states.Index())
        {
            cancellation.ThrowIfCancellationRequested();
            if (Read(state, found) is { } marks)
            {
                _packs.Add(state.Number, marks);
            }

            progress((n + 1.0) / states.Count);
        }
    }

    internal IReadOnlyCollection<PackMarks> Packs => _packs.Values;

    /// <summary>Blocks that are needed and that no pack has.</summary>
    internal long Missing => Interlocked.Read(ref _missing);

    /// <summary>A block was put that stands there already.</summary>
    internal void Hit(int pack, long offset) => _ = Set(pack, offset, out _);

    public void Keep(BlockId id)
    {
        if (_catalogue.TryFind(id, out var location))
        {
            Hit(location.Pack, location.Offset);
        }
        else if (!_isBeingWritten(id) && !_catalogue.TryFind(id, out _))
        {
            Interlocked.Increment(ref _missing);
        }
    }

    public bool Enter(BlockId id)
    {
        if (_catalogue.TryFind(id, out var location) && Set(location.Pack, location.Offset, out var block) is { } marks)
        {
            return marks.Enter(block);
        }

        lock (_enteredElsewhere)
        {
            return _enteredElsewhere.Add(id);
        }
    }

    /// <returns>Null where the pack is newer than this.</returns>
    private PackMarks? Set(int pack, long offset, out int block)
    {
        block = -1;
        if (!_packs.TryGetValue(pack, out var marks) || (block = marks.Find(offset)) < 0)
        {
            return null;
        }

        marks.Keep(block);
        return marks;
    }

    private PackMarks? Read(PackState state, Action<StoreFinding> found)
    {
        var isWhole = true;
        try
        {
            using var reader = new PackReader(_catalogue.PathOf(state.Number));
            isWhole = reader.Length == state.Length;
            var entries = reader.Entries(
                (offset, what) =>
                {
                    isWhole = false;
                    found(new StoreFinding(null, reader.Name, offset, what));
                }
            );
            return new PackMarks(state, entries, isWhole);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            found(new StoreFinding(null, Path.GetFileName(_catalogue.PathOf(state.Number)), 0, failure.Message));
            return null;
        }
    }
}
