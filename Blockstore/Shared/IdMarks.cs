using Backup.Blockstore.Grooming;

namespace Backup.Blockstore.Shared;

/// <summary>
/// Blocks that are needed, told apart by their first eight bytes: about 16 bytes of memory each. Where two have the same, one more is kept than is
/// needed; blocks that refer to others are told apart whole, since one that was taken for another would not be gone through. Thread-safe.
/// </summary>
internal sealed class IdMarks : IBlockMarks
{
    private const int FirstSlots = 1 << 10;

    private readonly Lock _gate = new();
    private readonly HashSet<BlockId> _entered = [];

    // Open addressing; 0 is an empty slot.
    private ulong[] _slots = new ulong[FirstSlots];
    private int _count;

    internal int Count => _count;

    internal bool Has(BlockId id)
    {
        lock (_gate)
        {
            return _slots[Slot(_slots, KeyOf(id))] != 0;
        }
    }

    public void Keep(BlockId id)
    {
        lock (_gate)
        {
            Add(KeyOf(id));
        }
    }

    public bool Enter(BlockId id)
    {
        lock (_gate)
        {
            Add(KeyOf(id));
            return _entered.Add(id);
        }
    }

    private static ulong KeyOf(BlockId id) => id.Prefix == 0 ? 1 : id.Prefix;

    private static int Slot(ulong[] slots, ulong key)
    {
        var at = (int)(key & (ulong)(slots.Length - 1));
        while (slots[at] != 0 && slots[at] != key)
        {
            at = (at + 1) & (slots.Length - 1);
        }

        return at;
    }

    private void Add(ulong key)
    {
        var at = Slot(_slots, key);
        if (_slots[at] != 0)
        {
            return;
        }

        _slots[at] = key;
        if (++_count > _slots.Length / 2)
        {
            var larger = new ulong[_slots.Length * 2];
            foreach (var one in _slots)
            {
                if (one != 0)
                {
                    larger[Slot(larger, one)] = one;
                }
            }

            _slots = larger;
        }
    }
}
