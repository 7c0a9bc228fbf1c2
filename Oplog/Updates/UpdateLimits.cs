using System.Buffers.Text;

namespace Backup.Oplog.Updates;

/// <summary>What no update of a real server exceeds.</summary>
internal static class UpdateLimits
{
    /// <summary>Levels of nesting. The server allows 180 to users and 200 to itself.</summary>
    internal const int Depth = 200;

    /// <summary>Elements of an array: 16 MiB + 16 KiB of nulls, at 9 bytes each, are fewer.</summary>
    internal const int ArrayLength = 2_000_000;

    /// <summary>An array index as the server reads one: decimal digits alone.</summary>
    internal static bool TryIndex(ReadOnlySpan<byte> text, out int index)
    {
        index = -1;
        if (text.IsEmpty || text.IndexOfAnyExceptInRange((byte)'0', (byte)'9') >= 0)
        {
            return false;
        }

        if (!Utf8Parser.TryParse(text, out index, out _) || index > ArrayLength)
        {
            index = int.MaxValue;
        }

        return true;
    }
}
