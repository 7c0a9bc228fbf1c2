using System.Buffers;

namespace Backup.Blockstore;

/// <summary>A buffer of the shared pool, seen exactly as long as asked for; returned to the pool once, when disposed.</summary>
public sealed class PooledBytes : IMemoryOwner<byte>
{
    private readonly int _length;
    private byte[]? _array;

    public PooledBytes(int length)
    {
        _length = length;
        _array = ArrayPool<byte>.Shared.Rent(length);
    }

    public Memory<byte> Memory => Array.AsMemory(0, _length);

    public Span<byte> Span => Array.AsSpan(0, _length);

    private byte[] Array => _array ?? throw new ObjectDisposedException(nameof(PooledBytes));

    public static PooledBytes CopyOf(ReadOnlySpan<byte> bytes)
    {
        var copy = new PooledBytes(bytes.Length);
        bytes.CopyTo(copy.Span);
        return copy;
    }

    public void Dispose()
    {
        var array = Interlocked.Exchange(ref _array, null);
        if (array is not null)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }
}
