using System.Buffers.Binary;
using System.Numerics;

namespace Backup.Blockstore.Packs;

/// <summary>CRC-32C (Castagnoli), reflected, initial and final value all ones (RFC 3720, appendix B.4), by the processor's instruction.</summary>
internal static class Crc32C
{
    internal static uint Of(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        while (bytes.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (var one in bytes)
        {
            crc = BitOperations.Crc32C(crc, one);
        }

        return ~crc;
    }
}
