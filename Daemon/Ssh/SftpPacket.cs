using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Backup.Daemon.Ssh;

/// <summary>A request being put together in a rented buffer; its length stands in front. Dispose gives the buffer back.</summary>
internal sealed class SftpPacket : IDisposable
{
    private byte[] _buffer;
    private int _length = 4;

    /// <param name="type">Of the message.</param>
    /// <param name="expected">Bytes that come; it grows where they are more.</param>
    internal SftpPacket(byte type, int expected = 256)
    {
        _buffer = ArrayPool<byte>.Shared.Rent(expected);
        Byte(type);
    }

    internal SftpPacket Byte(byte value)
    {
        Room(1)[0] = value;
        return this;
    }

    internal SftpPacket UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(Room(4), value);
        return this;
    }

    internal SftpPacket UInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(Room(8), value);
        return this;
    }

    internal SftpPacket String(ReadOnlySpan<byte> value)
    {
        UInt32((uint)value.Length);
        value.CopyTo(Room(value.Length));
        return this;
    }

    internal SftpPacket String(string value) => String(Encoding.UTF8.GetBytes(value));

    /// <summary>As it goes out.</summary>
    internal ReadOnlyMemory<byte> Finished()
    {
        BinaryPrimitives.WriteUInt32BigEndian(_buffer, (uint)(_length - 4));
        return _buffer.AsMemory(0, _length);
    }

    /// <summary>The buffer is not used again: somebody may still read from it.</summary>
    internal void Abandon() => _buffer = [];

    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }

    private Span<byte> Room(int count)
    {
        if (_buffer.Length < _length + count)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _length + count));
            _buffer.AsSpan(0, _length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        var room = _buffer.AsSpan(_length, count);
        _length += count;
        return room;
    }
}

/// <summary>Reads a reply field by field; every length is checked against what there is.</summary>
internal ref struct SftpReply(ReadOnlySpan<byte> content)
{
    private ReadOnlySpan<byte> _rest = content;

    internal byte Byte() => Take(1)[0];

    internal uint UInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    internal ulong UInt64() => BinaryPrimitives.ReadUInt64BigEndian(Take(8));

    internal ReadOnlySpan<byte> String()
    {
        var length = UInt32();
        return length <= (uint)_rest.Length
            ? Take((int)length)
            : throw new SftpBrokenException("a text in a reply is longer than the reply", isNonsense: true);
    }

    internal string Text() => Encoding.UTF8.GetString(String());

    internal readonly bool IsAtEnd => _rest.IsEmpty;

    internal SftpAttributes Attributes()
    {
        var flags = UInt32();
        long? size = (flags & SftpMessages.HasSize) != 0 ? Length(UInt64()) : null;
        if ((flags & SftpMessages.HasOwner) != 0)
        {
            _ = UInt64();
        }

        uint? permissions = (flags & SftpMessages.HasPermissions) != 0 ? UInt32() : null;
        if ((flags & SftpMessages.HasTimes) != 0)
        {
            _ = UInt64();
        }

        return new SftpAttributes(size, permissions);
    }

    private static long Length(ulong value) =>
        value <= long.MaxValue
            ? (long)value
            : throw new SftpBrokenException($"a file of {value} bytes in a reply", isNonsense: true);

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
        {
            throw new SftpBrokenException("a reply ends in the middle of a field", isNonsense: true);
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
