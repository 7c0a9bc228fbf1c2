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

    private PooledBytes(byte[] array, int length)
    {
        _array = array;
        _length = length;
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

    /// <summary>Takes over an array rented from the shared pool.</summary>
    internal static PooledBytes Take(byte[] rented, int length) => new(rented, length);

    public void Dispose()
    {
        var array = Interlocked.Exchange(ref _array, null);
        if (array is not null)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }
}
