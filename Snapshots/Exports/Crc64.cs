using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Backup.Snapshots.Exports;

/// <summary>
/// CRC-64/XZ (reflected ECMA-182 polynomial), as mongodump archives carry it (Go's hash/crc64 with the ECMA table). Where the processor multiplies without
/// carries, 64 bytes a step are folded into one another; else eight bytes a step by tables. Both come to the same.
/// </summary>
/// <remarks>
/// Folding: V. Gopal and others, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction" (Intel, 2009). What is left of it, 16 bytes that
/// have the same remainder as all before them, goes through the tables.
/// </remarks>
public struct Crc64
{
    private const ulong Polynomial = 0xC96C_5795_D787_0F42;

    /// <summary>Folded at a time: four vectors.</summary>
    private const int Stride = 64;

    private static readonly ulong[] Tables = MakeTables();

    // A vector's halves times these are what it comes to 512 and 128 bits later; one power less, as a product of reflected halves is a bit too far.
    private static readonly Vector128<ulong> By512 = Vector128.Create(PowerOf(512 + 64 - 1), PowerOf(512 - 1));
    private static readonly Vector128<ulong> By128 = Vector128.Create(PowerOf(128 + 64 - 1), PowerOf(128 - 1));

    private ulong _state;

    /// <summary>Of all bytes so far; 0 before the first.</summary>
    public readonly ulong Value => _state;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        var crc = ~_state;
        if (Pclmulqdq.IsSupported && BitConverter.IsLittleEndian && bytes.Length >= 2 * Stride)
        {
            var folded = bytes.Length / Stride * Stride;
            crc = Fold(crc, bytes[..folded]);
            bytes = bytes[folded..];
        }

        _state = ~ByTables(crc, bytes);
    }

    // Code of vectors is not compiled beforehand, and what is compiled in haste is many times slower.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ulong Fold(ulong crc, ReadOnlySpan<byte> bytes)
    {
        var (a, b, c, d) = (Load(bytes, 0), Load(bytes, 16), Load(bytes, 32), Load(bytes, 48));
        a ^= Vector128.Create(crc, 0);
        for (bytes = bytes[Stride..]; bytes.Length > 0; bytes = bytes[Stride..])
        {
            a = Times(a, By512) ^ Load(bytes, 0);
            b = Times(b, By512) ^ Load(bytes, 16);
            c = Times(c, By512) ^ Load(bytes, 32);
            d = Times(d, By512) ^ Load(bytes, 48);
        }

        var rest = Times(Times(Times(a, By128) ^ b, By128) ^ c, By128) ^ d;
        Span<byte> last = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(last, rest[0]);
        BinaryPrimitives.WriteUInt64LittleEndian(last[8..], rest[1]);
        return ByTables(0, last);
    }

    private static Vector128<ulong> Load(ReadOnlySpan<byte> bytes, int offset) =>
        Vector128.Create(bytes.Slice(offset, 16)).AsUInt64();

    private static Vector128<ulong> Times(Vector128<ulong> vector, Vector128<ulong> powers) =>
        Pclmulqdq.CarrylessMultiply(vector, powers, 0x00) ^ Pclmulqdq.CarrylessMultiply(vector, powers, 0x11);

    /// <summary>x to that power, modulo the polynomial, reflected.</summary>
    private static ulong PowerOf(int power)
    {
        var value = 1UL << 63;
        for (; power > 0; power--)
        {
            value = (value & 1) != 0 ? (value >> 1) ^ Polynomial : value >> 1;
        }

        return value;
    }

    private static ulong ByTables(ulong crc, ReadOnlySpan<byte> bytes)
    {
        var tables = Tables;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            crc ^= BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            crc =
                tables[(7 * 256) + (byte)crc]
                ^ tables[(6 * 256) + (byte)(crc >> 8)]
                ^ tables[(5 * 256) + (byte)(crc >> 16)]
                ^ tables[(4 * 256) + (byte)(crc >> 24)]
                ^ tables[(3 * 256) + (byte)(crc >> 32)]
                ^ tables[(2 * 256) + (byte)(crc >> 40)]
                ^ tables[256 + (byte)(crc >> 48)]
                ^ tables[(byte)(crc >> 56)];
        }

        foreach (var one in bytes)
        {
            crc = tables[(byte)crc ^ one] ^ (crc >> 8);
        }

        return crc;
    }

    private static ulong[] MakeTables()
    {
        var tables = new ulong[8 * 256];
        for (var i = 0; i < 256; i++)
        {
            var crc = (ulong)i;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ Polynomial : crc >> 1;
            }

            tables[i] = crc;
        }

        for (var i = 256; i < tables.Length; i++)
        {
            tables[i] = tables[(byte)tables[i - 256]] ^ (tables[i - 256] >> 8);
        }

        return tables;
    }
}
