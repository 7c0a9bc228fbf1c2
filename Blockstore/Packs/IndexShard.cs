using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Backup.Blockstore.Packs;

/// <summary>
/// One block in the index, 28 bytes: 16 bytes of its id, and where it is. Together with the byte that chooses the shard, 136 bits of the id are
/// compared; two blocks that share them are not to be found, by chance or by intent, and the whole id is verified when a block is read.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal readonly struct IndexSlot(ulong high, ulong low, BlockLocation location)
{
    internal const int Length = 28;

    internal readonly ulong High = high;
    internal readonly ulong Low = low;
    private readonly int _pack = location.Pack;
    private readonly int _storedLength = location.StoredLength;
    private readonly uint _offset = checked((uint)location.Offset);

    /// <summary>Packs are numbered from 1.</summary>
    internal bool IsEmpty => _pack == 0;

    internal BlockLocation Location => new(_pack, _storedLength, _offset);

    internal int CompareTo(ulong high, ulong low) => High != high ? High.CompareTo(high) : Low.CompareTo(low);
}

/// <summary>
/// The blocks whose ids begin with one byte: slots in the order of the ids with gaps between them, each at or after the place that its id's share of all
/// ids gives it. So a look-up begins where the block would be and ends at the first id beyond it. Not thread-safe.
/// </summary>
/// <remarks>
/// This is linear probing with ordered entries, as Amble and Knuth describe it ("Ordered hash tables", 1974): the ids are hashes already, so their order is
/// the hash's. Nothing wraps around: behind the places there is room for what is pushed over the end.
/// </remarks>
internal sealed class IndexShard
{
    private const int Smallest = 16;
    private const double MostFull = 0.9;
    private const double Growth = 1.125;

    private IndexSlot[] _slots = new IndexSlot[WithTail(Smallest)];
    private int _places = Smallest;

    internal int Count { get; private set; }

    internal IndexShard() { }

    /// <param name="sorted">Slots, in the order of their ids.</param>
    internal IndexShard(ReadOnlySpan<IndexSlot> sorted) => Fill(sorted, (int)(sorted.Length / MostFull) + Smallest);

    internal bool TryFind(ulong high, ulong low, out BlockLocation location)
    {
        for (var at = Home(high); ; at++)
        {
            ref readonly var slot = ref _slots[at];
            var order = slot.IsEmpty ? 1 : slot.CompareTo(high, low);
            if (order >= 0)
            {
                location = order == 0 ? slot.Location : default;
                return order == 0;
            }
        }
    }

    internal void Set(ulong high, ulong low, BlockLocation location)
    {
        var set = new IndexSlot(high, low, location);
        var at = Place(high, low);
        if (!_slots[at].IsEmpty && _slots[at].CompareTo(high, low) == 0)
        {
            _slots[at] = set;
            return;
        }

        var gap = at;
        while (!_slots[gap].IsEmpty)
        {
            gap++;
        }

        // The last slot stays empty: whoever looks ends there.
        if (Count + 1 > _places * MostFull || gap >= _slots.Length - 1)
        {
            Grow();
            Set(high, low, location);
            return;
        }

        Array.Copy(_slots, at, _slots, at + 1, gap - at);
        _slots[at] = set;
        Count++;
    }

    internal void Remove(ulong high, ulong low)
    {
        var at = Place(high, low);
        if (_slots[at].IsEmpty || _slots[at].CompareTo(high, low) != 0)
        {
            return;
        }

        // Those behind it move up, each as far as its own place.
        for (; !_slots[at + 1].IsEmpty && Home(_slots[at + 1].High) <= at; at++)
        {
            _slots[at] = _slots[at + 1];
        }

        _slots[at] = default;
        Count--;
    }

    /// <summary>All slots, in the order of their ids.</summary>
    /// <param name="to">As long as <see cref="Count"/>.</param>
    internal void CopyTo(Span<IndexSlot> to)
    {
        var next = 0;
        foreach (ref readonly var slot in _slots.AsSpan())
        {
            if (!slot.IsEmpty)
            {
                to[next++] = slot;
            }
        }
    }

    /// <summary>Where the block stands, or would.</summary>
    private int Place(ulong high, ulong low)
    {
        var at = Home(high);
        while (!_slots[at].IsEmpty && _slots[at].CompareTo(high, low) < 0)
        {
            at++;
        }

        return at;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Home(ulong high) => (int)Math.BigMul(high, (ulong)_places, out _);

    private void Grow()
    {
        var sorted = new IndexSlot[Count];
        CopyTo(sorted);
        Fill(sorted, Math.Max(_places + Smallest, (int)(_places * Growth)));
    }

    private void Fill(ReadOnlySpan<IndexSlot> sorted, int places)
    {
        while (!TryFill(sorted, places))
        {
            places += Math.Max(Smallest, places / 8);
        }
    }

    private bool TryFill(ReadOnlySpan<IndexSlot> sorted, int places)
    {
        var slots = new IndexSlot[WithTail(places)];
        _places = places;
        var at = 0;
        foreach (var slot in sorted)
        {
            at = Math.Max(at, Home(slot.High));
            if (at >= slots.Length - 1)
            {
                return false;
            }

            slots[at++] = slot;
        }

        (_slots, Count) = (slots, sorted.Length);
        return true;
    }

    private static int WithTail(int places) => places + 32 + (places / 256);
}
