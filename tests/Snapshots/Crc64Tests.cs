using System.Text;
using Backup.Snapshots.Exports;
using Shouldly;
using Xunit;

namespace Backup.Tests.Snapshots;

/// <summary>The checksum of archives: its published check value, and the fast way beside the plain one.</summary>
public sealed class Crc64Tests
{
    [Fact]
    public void The_check_value_of_CRC_64_XZ_comes_out()
    {
        var crc = default(Crc64);
        crc.Append(Encoding.ASCII.GetBytes("123456789"));
        crc.Value.ShouldBe(0x995D_C9BB_DF19_39FAUL);
    }

    [Fact]
    public void However_long_and_however_cut_it_is_what_it_comes_to_bit_by_bit()
    {
        var random = new Random(7);
        var bytes = new byte[5000];
        random.NextBytes(bytes);
        for (var round = 0; round < 500; round++)
        {
            var from = random.Next(bytes.Length);
            var part = bytes.AsSpan(from, random.Next(bytes.Length - from));
            var cut = random.Next(part.Length + 1);
            var crc = default(Crc64);
            crc.Append(part[..cut]);
            crc.Append(part[cut..]);
            crc.Value.ShouldBe(BitByBit(part), $"{part.Length} bytes cut at {cut}");
        }
    }

    private static ulong BitByBit(ReadOnlySpan<byte> bytes)
    {
        var crc = ulong.MaxValue;
        foreach (var one in bytes)
        {
            crc ^= one;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xC96C_5795_D787_0F42 : crc >> 1;
            }
        }

        return ~crc;
    }
}
