using System.Buffers.Binary;

namespace Backup.MongoWire.Protocol;

/// <summary>The 16 bytes that every message starts with: four little-endian int32.</summary>
/// <param name="Length">Bytes of the whole message, these 16 included.</param>
/// <param name="RequestId">The sender's number of this message.</param>
/// <param name="ResponseTo">On a reply: the number of the request.</param>
internal readonly record struct MessageHeader(int Length, int RequestId, int ResponseTo, OpCode OpCode)
{
    internal const int Size = 16;

    /// <summary>Reads and judges a header, before anything is allocated for its message.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2010, 2011 or 2013.</exception>
    internal static MessageHeader Read(ReadOnlySpan<byte> bytes, int maxLength)
    {
        var header = new MessageHeader(
            BinaryPrimitives.ReadInt32LittleEndian(bytes),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]),
            (OpCode)BinaryPrimitives.ReadInt32LittleEndian(bytes[12..])
        );
        if (header.OpCode is not (OpCode.Msg or OpCode.Compressed or OpCode.Query or OpCode.Reply))
        {
            throw MongoWireErrors.Unknown($"operation code {(int)header.OpCode}");
        }

        if (header.Length < Size)
        {
            throw MongoWireErrors.BadMessage($"length {header.Length}");
        }

        return header.Length <= maxLength ? header : throw MongoWireErrors.TooLarge(header.Length, maxLength);
    }

    internal void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteInt32LittleEndian(destination, Length);
        BinaryPrimitives.WriteInt32LittleEndian(destination[4..], RequestId);
        BinaryPrimitives.WriteInt32LittleEndian(destination[8..], ResponseTo);
        BinaryPrimitives.WriteInt32LittleEndian(destination[12..], (int)OpCode);
    }
}
