using System.Buffers;
using Backup.Foundation.Memory;

namespace Backup.Blockstore;

/// <summary>
/// A buffer seen exactly as long as asked for; given back once, when disposed. Small ones come from the shared pool, large ones are
/// taken from the system and go back to it at once: a pool would round them up to a power of two and keep them.
/// </summary>
public sealed class PooledBytes : IMemoryOwner<byte>
{
    private const int LargestPooled = 1 << 20;

    private int _length;
    private byte[]? _array;
    private NativeBuffer? _native;

    /// <param name="length">Bytes; not cleared.</param>
    public PooledBytes(int length)
    {
        _length = length;
        if (length <= LargestPooled)
        {
            _array = ArrayPool<byte>.Shared.Rent(length);
        }
        else
        {
            _native = new NativeBuffer(length);
        }
    }

    public int Length => _length;

    public Memory<byte> Memory =>
        _array is { } array ? array.AsMemory(0, _length)
        : _native is { } native ? native.Memory[.._length]
        : throw new ObjectDisposedException(nameof(PooledBytes));

    public Span<byte> Span =>
        _array is { } array ? array.AsSpan(0, _length)
        : _native is { } native ? native.GetSpan()[.._length]
        : throw new ObjectDisposedException(nameof(PooledBytes));

    public static PooledBytes CopyOf(ReadOnlySpan<byte> bytes)
    {
        var copy = new PooledBytes(bytes.Length);
        bytes.CopyTo(copy.Span);
        return copy;
    }

    /// <summary>Shows only the first bytes from now on.</summary>
    public void Shorten(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)_length, nameof(length));
        _length = length;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _array, null) is { } array)
        {
            ArrayPool<byte>.Shared.Return(array);
        }

        Interlocked.Exchange(ref _native, null)?.Free();
    }
}
