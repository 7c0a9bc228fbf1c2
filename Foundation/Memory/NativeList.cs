using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Backup.Foundation.Memory;

/// <summary>
/// A growing list of plain values outside the garbage collector's heap. Growing moves pages where the system can, instead of copying them, and what
/// is reserved and not used yet takes no memory; all of it is given back at once when it is disposed. One owner. Not thread-safe.
/// </summary>
/// <typeparam name="T">A value without references.</typeparam>
public sealed unsafe class NativeList<T> : IDisposable
    where T : unmanaged
{
    private const int FirstCapacity = 16;

    private T* _items;
    private int _capacity;

    public int Count { get; private set; }

    /// <summary>Bytes that the values take; nothing for room that is only reserved.</summary>
    public long Bytes => (long)Count * sizeof(T);

    /// <summary>Valid until the next <see cref="Add"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such value; nor is there one after it is disposed.</exception>
    public ref T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
            return ref _items[index];
        }
    }

    /// <returns>The value's index.</returns>
    public int Add(T value)
    {
        if (Count == _capacity)
        {
            Grow();
        }

        _items[Count] = value;
        return Count++;
    }

    public void Dispose()
    {
        NativeMemory.Free(_items);
        _items = null;
        (_capacity, Count) = (0, 0);
    }

    private void Grow()
    {
        var capacity = _capacity == 0 ? FirstCapacity : checked(_capacity * 2);
        _items = (T*)NativeMemory.Realloc(_items, checked((nuint)capacity * (nuint)sizeof(T)));
        _capacity = capacity;
    }
}
