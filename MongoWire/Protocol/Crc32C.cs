using System.Buffers.Binary;
using System.Numerics;

namespace Backup.MongoWire.Protocol;

/// <summary>CRC-32C (Castagnoli), as OP_MSG and iSCSI (RFC 3720) use it; the processor's instruction where it has one.</summary>
internal static class Crc32C
{
    internal static uint Compute(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        while (bytes.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }

        foreach (var value in bytes)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return ~crc;
    }
}
