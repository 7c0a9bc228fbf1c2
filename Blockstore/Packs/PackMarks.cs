namespace Backup.Blockstore.Packs;

/// <summary>
/// Which blocks of one published pack are needed: four bytes and two bits a block. Bits are only ever set, from any thread; a full fence stands behind
/// each.
/// </summary>
internal sealed class PackMarks
{
    private const int BitsPerWord = 64;

    private readonly uint[] _offsets;
    private readonly ulong[] _live;
    private readonly ulong[] _entered;
    private readonly uint _end;
    private volatile bool _isSound;

    /// <param name="state">Of the pack.</param>
    /// <param name="entries">As its footer lists them, or as a scan found them.</param>
    /// <param name="isWhole">Whether header and footer are as they were written.</param>
    internal PackMarks(PackState state, List<PackEntry> entries, bool isWhole)
    {
        State = state;
        _offsets = [.. entries.Select(static entry => (uint)Math.Min(entry.Offset, uint.MaxValue))];
        _live = new ulong[(entries.Count + BitsPerWord - 1) / BitsPerWord];
        _entered = new ulong[_live.Length];
        var end = PackFormat.HeaderLength;
        var closed = true;
        foreach (var entry in entries)
        {
            closed &= entry.Offset == end;
            end = (int)Math.Min(int.MaxValue, entry.Offset + entry.StoredLength);
        }

        _end = (uint)end;
        _isSound = isWhole && closed && state.Length <= int.MaxValue;
    }

    internal PackState State { get; }

    /// <summary>Nothing is known that speaks against removing it: its footer is whole, lists every byte, and nothing pointed beside its blocks.</summary>
    internal bool IsSound => _isSound;

    internal int Count => _offsets.Length;

    /// <summary>Bytes of all blocks.</summary>
    internal long BlockBytes => _end - PackFormat.HeaderLength;

    /// <summary>It was found damaged: it stays.</summary>
    internal void Distrust() => _isSound = false;

    /// <returns>The block's number in the pack; -1 where none begins there.</returns>
    internal int Find(long offset)
    {
        var found = offset is >= 0 and <= uint.MaxValue ? Array.BinarySearch(_offsets, (uint)offset) : -1;
        if (found < 0)
        {
            // The index says something else than the footer: what it means may stand here.
            Distrust();
        }

        return Math.Max(found, -1);
    }

    internal void Keep(int block) => Interlocked.Or(ref _live[block / BitsPerWord], BitOf(block));

    /// <returns>Whether it had not been entered.</returns>
    internal bool Enter(int block) =>
        (Interlocked.Or(ref _entered[block / BitsPerWord], BitOf(block)) & BitOf(block)) == 0;

    internal bool IsLive(int block) => (Volatile.Read(ref _live[block / BitsPerWord]) & BitOf(block)) != 0;

    /// <summary>The blocks that are needed by now, in order.</summary>
    internal List<int> Live() => [.. Enumerable.Range(0, Count).Where(IsLive)];

    /// <summary>Bytes from the start of the pack.</summary>
    internal long OffsetOf(int block) => _offsets[block];

    internal int LengthOf(int block) => (int)((block + 1 < Count ? _offsets[block + 1] : _end) - _offsets[block]);

    /// <summary>How many blocks are needed by now, and their bytes.</summary>
    internal (long Blocks, long Bytes) LiveSize()
    {
        var (blocks, bytes) = (0L, 0L);
        for (var block = 0; block < Count; block++)
        {
            if (IsLive(block))
            {
                blocks++;
                bytes += LengthOf(block);
            }
        }

        return (blocks, bytes);
    }

    private static ulong BitOf(int block) => 1UL << (block % BitsPerWord);
}
