using System.Globalization;
using System.Text;

namespace Backup.Snapshots.Exports;

/// <summary>
/// What stands before a file's content in a tar: a ustar header, and before that a pax header where the name or the length does not fit. Every byte follows
/// from the arguments, so that a tar that is made again is the same (the framework's own writer puts the process's number into it). Source:
/// POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block".
/// </summary>
public static class TarHeader
{
    public const int BlockLength = 512;
    private const int NameLength = 100;
    private const int LengthAt = 124;
    private const int ChecksumAt = 148;
    private const long LongestLength = 0x1_FFFF_FFFF; // eleven octal digits

    /// <param name="path">Printable, with <c>/</c>, at least one character; what is not ASCII stands in a pax header as UTF-8.</param>
    /// <param name="length">Of the content, bytes.</param>
    /// <param name="modified">To the second.</param>
    public static byte[] Of(string path, long length, DateTimeOffset modified)
    {
        var records = new StringBuilder();
        if (path.Length > NameLength || !Ascii.IsValid(path))
        {
            records.Append(Record("path", path));
        }

        if (length > LongestLength)
        {
            records.Append(Record("size", length.ToString(CultureInfo.InvariantCulture)));
        }

        var name = path.Length > NameLength ? path[..NameLength] : path;
        var header = Block(name, Math.Min(length, LongestLength), modified, '0');
        if (records.Length == 0)
        {
            return header;
        }

        var extended = Encoding.UTF8.GetBytes(records.ToString());
        return
        [
            .. Block("pax-header", extended.Length, modified, 'x'),
            .. extended,
            .. new byte[Padding(extended.Length)],
            .. header,
        ];
    }

    /// <summary>Bytes from the end of the content to that of its last block.</summary>
    public static int Padding(long length) => (int)((BlockLength - (length % BlockLength)) % BlockLength);

    private static byte[] Block(string name, long length, DateTimeOffset modified, char type)
    {
        var block = new byte[BlockLength];
        Encoding.ASCII.GetBytes(name, block);
        Octal(block.AsSpan(100, 8), 0b110_000_000);
        Octal(block.AsSpan(108, 8), 0);
        Octal(block.AsSpan(116, 8), 0);
        Octal(block.AsSpan(LengthAt, 12), length);
        Octal(block.AsSpan(136, 12), Math.Max(0, modified.ToUnixTimeSeconds()));
        block[156] = (byte)type;
        "ustar\000"u8.CopyTo(block.AsSpan(257));
        Octal(block.AsSpan(329, 8), 0);
        Octal(block.AsSpan(337, 8), 0);

        // The sum counts its own field as blanks.
        block.AsSpan(ChecksumAt, 8).Fill((byte)' ');
        var sum = 0;
        foreach (var one in block)
        {
            sum += one;
        }

        Octal(block.AsSpan(ChecksumAt, 7), sum);
        return block;
    }

    /// <summary>Digits up to a closing NUL.</summary>
    private static void Octal(Span<byte> field, long value)
    {
        field[^1] = 0;
        for (var i = field.Length - 2; i >= 0; i--)
        {
            field[i] = (byte)('0' + (value & 7));
            value >>= 3;
        }
    }

    /// <summary>The record's length counts its own digits.</summary>
    private static string Record(string key, string value)
    {
        var rest = key.Length + Encoding.UTF8.GetByteCount(value) + 3;
        var length = rest + 1;
        while (length.ToString(CultureInfo.InvariantCulture).Length + rest != length)
        {
            length++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{length} {key}={value}\n");
    }
}
