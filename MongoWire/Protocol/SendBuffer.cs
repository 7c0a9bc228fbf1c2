using System.Buffers;
using System.Buffers.Binary;
using Backup.Foundation.Streams;

namespace Backup.MongoWire.Protocol;

/// <summary>
/// Where a message is put together before it is sent. It grows as needed and lets a large buffer go at
/// <see cref="Clear"/>. A stream only so that a compressor can write into it.
/// </summary>
internal sealed class SendBuffer : WriteOnlyStream
{
    private const int Keep = 256 * 1024;
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(4096);
    private int _length;

    internal int Count => _length;

    internal ReadOnlyMemory<byte> Memory => _bytes.AsMemory(0, _length);

    internal Span<byte> Bytes => _bytes.AsSpan(0, _length);

    internal void Clear()
    {
        _length = 0;
        if (_bytes.Length > Keep)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = ArrayPool<byte>.Shared.Rent(4096);
        }
    }

    internal Span<byte> Reserve(int count)
    {
        var needed = checked(_length + count);
        if (needed > _bytes.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, Math.Min(_bytes.Length * 2, Keep)));
            Bytes.CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = larger;
        }

        return _bytes.AsSpan(_length);
    }

    internal void Advance(int count) => _length += count;

    internal void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        _length += bytes.Length;
    }

    internal void AppendByte(byte value)
    {
        Reserve(1)[0] = value;
        _length++;
    }

    internal void AppendInt32(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(Reserve(4), value);
        _length += 4;
    }

    internal void PatchInt32(int offset, int value) => BinaryPrimitives.WriteInt32LittleEndian(Bytes[offset..], value);

    public override long Length => _length;

    public override void Write(ReadOnlySpan<byte> buffer) => Append(buffer);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Append(buffer.Span);
        return ValueTask.CompletedTask;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && _bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = [];
            _length = 0;
        }

        base.Dispose(disposing);
    }
}
