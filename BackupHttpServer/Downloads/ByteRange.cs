using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace Backup.BackupHttpServer.Downloads;

/// <summary>What of a download is asked for: one range of bytes (RFC 9110, 14.1.2).</summary>
/// <param name="First">The first byte from 0 on; null where the last <see cref="Last"/> bytes are asked for.</param>
/// <param name="Last">The last byte; null for all to the end.</param>
internal readonly record struct ByteRange(long? First, long? Last)
{
    private const string Unit = "bytes=";

    /// <summary>Null where no range is asked for, or one of another unit, which is answered with everything.</summary>
    /// <exception cref="Foundation.Errors.BackupException">8065 where it is several, or cannot be read: everything instead would cost a use.</exception>
    public static ByteRange? Parse(StringValues header)
    {
        if (header.Count == 0)
        {
            return null;
        }

        var text = header.ToString().Trim();
        if (!text.StartsWith(Unit, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var set = text.AsSpan(Unit.Length).Trim();
        if (set.Contains(','))
        {
            throw BackupHttpServerErrors.Range("several ranges in one request are not served");
        }

        var dash = set.IndexOf('-');
        if (dash < 0 || !TryRead(set[..dash], out var first) || !TryRead(set[(dash + 1)..], out var last))
        {
            throw BackupHttpServerErrors.Range("it is no range of bytes");
        }

        return (first, last) switch
        {
            (null, null) or (null, 0) => throw BackupHttpServerErrors.Range("it is empty"),
            ({ } from, { } to) when from > to => throw BackupHttpServerErrors.Range("its end is before its start"),
            _ => new ByteRange(first, last),
        };
    }

    /// <summary>Whether it is not from the first byte on.</summary>
    public bool IsPart => First != 0;

    /// <summary>The first byte and the one behind the last; null where nothing of it is there.</summary>
    public (long From, long End)? Of(long length)
    {
        var (from, end) = First is { } first
            ? (first, Last is { } last && last < length ? last + 1 : length)
            : (Math.Max(0, length - Last!.Value), length);
        return from < length ? (from, end) : null;
    }

    private static bool TryRead(ReadOnlySpan<char> text, out long? value)
    {
        text = text.Trim();
        value = null;
        if (text.IsEmpty)
        {
            return true;
        }

        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var read))
        {
            return false;
        }

        value = read;
        return true;
    }
}
