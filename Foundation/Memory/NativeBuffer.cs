using System.Buffers;
using System.Runtime.InteropServices;

namespace Backup.Foundation.Memory;

/// <summary>
/// A large buffer outside the garbage collector's heap: given back to the system at once when it is disposed, so that a
/// process that moves many megabytes stays as small as what is in flight. One owner; nobody may use its memory afterwards.
/// </summary>
public sealed unsafe class NativeBuffer : MemoryManager<byte>
{
    private readonly nuint _alignment;
    private byte* _start;
    private int _length;

    /// <param name="length">Bytes; not cleared.</param>
    /// <param name="alignment">Its address is a multiple of this, a power of two.</param>
    public NativeBuffer(int length, int alignment = 16)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _alignment = (nuint)alignment;
        _start = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(1, length), _alignment);
        _length = length;
    }

    public int Length => _length;

    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_start is null, this);
        return new Span<byte>(_start, _length);
    }

    /// <summary>Makes the buffer longer; what is in it stays. Spans and memories taken before are void.</summary>
    public void Grow(int length)
    {
        ObjectDisposedException.ThrowIf(_start is null, this);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, _length);
        _start = (byte*)NativeMemory.AlignedRealloc(_start, (nuint)Math.Max(1, length), _alignment);
        _length = length;
    }

    public void Free() => ((IDisposable)this).Dispose();

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ObjectDisposedException.ThrowIf(_start is null, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)_length, nameof(elementIndex));
        return new MemoryHandle(_start + elementIndex);
    }

    public override void Unpin() { }

    protected override void Dispose(bool disposing)
    {
        if (_start is not null)
        {
            NativeMemory.AlignedFree(_start);
            _start = null;
            _length = 0;
        }
    }
}
