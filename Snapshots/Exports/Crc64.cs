namespace Backup.Snapshots.Exports;

/// <summary>CRC-64/XZ (reflected ECMA-182 polynomial), as mongodump archives carry it (Go's hash/crc64 with the ECMA table). Eight bytes a step.</summary>
public struct Crc64
{
    private const ulong Polynomial = 0xC96C_5795_D787_0F42;
    private static readonly ulong[] Tables = MakeTables();

    private ulong _state;

    /// <summary>Of all bytes so far; 0 before the first.</summary>
    public readonly ulong Value => _state;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        var crc = ~_state;
        var tables = Tables;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            crc ^= System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes);
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

        _state = ~crc;
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
