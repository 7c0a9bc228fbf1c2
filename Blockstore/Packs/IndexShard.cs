using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Backup.Foundation.Memory;

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
/// the hash's. Nothing wraps around: behind the places there is room for what is pushed over the end. The slots are outside the garbage collector's heap, which
/// would keep every table that was outgrown for a while.
/// </remarks>
internal sealed class IndexShard : IDisposable
{
    private const int Smallest = 16;
    private const int Tail = 32;
    private const double MostFull = 0.9;
    private const double Growth = 1.125;

    private NativeBuffer _memory;
    private int _places;

    internal IndexShard()
        : this([]) { }

    /// <param name="sorted">Slots, in the order of their ids; empty ones are passed over.</param>
    internal IndexShard(ReadOnlySpan<IndexSlot> sorted) =>
        (_memory, _places, Count) = Filled(sorted, (int)(sorted.Length / MostFull) + Smallest);

    internal int Count { get; private set; }

    private Span<IndexSlot> Slots => MemoryMarshal.Cast<byte, IndexSlot>(_memory.GetSpan());

    public void Dispose() => _memory.Free();

    internal bool TryFind(ulong high, ulong low, out BlockLocation location)
    {
        var slots = Slots;
        for (var at = Home(high, _places); ; at++)
        {
            ref readonly var slot = ref slots[at];
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
        var slots = Slots;
        var at = Place(slots, high, low);
        if (!slots[at].IsEmpty && slots[at].CompareTo(high, low) == 0)
        {
            slots[at] = set;
            return;
        }

        var gap = at;
        while (!slots[gap].IsEmpty)
        {
            gap++;
        }

        // The last slot stays empty: whoever looks ends there.
        if (Count + 1 > _places * MostFull || gap >= slots.Length - 1)
        {
            Grow();
            Set(high, low, location);
            return;
        }

        slots[at..gap].CopyTo(slots[(at + 1)..]);
        slots[at] = set;
        Count++;
    }

    internal void Remove(ulong high, ulong low)
    {
        var slots = Slots;
        var at = Place(slots, high, low);
        if (slots[at].IsEmpty || slots[at].CompareTo(high, low) != 0)
        {
            return;
        }

        // Those behind it move up, each as far as its own place.
        for (; !slots[at + 1].IsEmpty && Home(slots[at + 1].High, _places) <= at; at++)
        {
            slots[at] = slots[at + 1];
        }

        slots[at] = default;
        Count--;
    }

    /// <summary>All slots, in the order of their ids.</summary>
    /// <param name="to">As long as <see cref="Count"/>.</param>
    internal void CopyTo(Span<IndexSlot> to)
    {
        var next = 0;
        foreach (ref readonly var slot in Slots)
        {
            if (!slot.IsEmpty)
            {
                to[next++] = slot;
            }
        }
    }

    /// <summary>Where the block stands, or would.</summary>
    private int Place(ReadOnlySpan<IndexSlot> slots, ulong high, ulong low)
    {
        var at = Home(high, _places);
        while (!slots[at].IsEmpty && slots[at].CompareTo(high, low) < 0)
        {
            at++;
        }

        return at;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Home(ulong high, int places) => (int)Math.BigMul(high, (ulong)places, out _);

    private void Grow()
    {
        var outgrown = _memory;
        (_memory, _places, Count) = Filled(Slots, Math.Max(_places + Smallest, (int)(_places * Growth)));
        outgrown.Free();
    }

    private static (NativeBuffer Memory, int Places, int Count) Filled(ReadOnlySpan<IndexSlot> sorted, int places)
    {
        while (true)
        {
            var memory = new NativeBuffer(IndexSlot.Length * (places + Tail + (places / 256)));
            if (TryFill(MemoryMarshal.Cast<byte, IndexSlot>(memory.GetSpan()), sorted, places, out var count))
            {
                return (memory, places, count);
            }

            // Too many of them belong to the end.
            memory.Free();
            places += Math.Max(Smallest, places / 8);
        }
    }

    private static bool TryFill(Span<IndexSlot> slots, ReadOnlySpan<IndexSlot> sorted, int places, out int count)
    {
        slots.Clear();
        count = 0;
        var at = 0;
        foreach (ref readonly var slot in sorted)
        {
            if (slot.IsEmpty)
            {
                continue;
            }

            at = Math.Max(at, Home(slot.High, places));
            if (at >= slots.Length - 1)
            {
                return false;
            }

            slots[at++] = slot;
            count++;
        }

        return true;
    }
}
