using System.Globalization;

namespace Backup.Foundation;

/// <summary>
/// A position in a replica set's oplog: the BSON timestamp <c>(T, I)</c> of an entry and the election term it
/// was written in. Ordered by <c>(T, I)</c> alone; the term proves continuity, it does not order.
/// </summary>
/// <param name="T">Seconds since 1970-01-01 UTC.</param>
/// <param name="I">Ordinal within the second, from 1; 0 is before the first entry of that second.</param>
/// <param name="Term">Election term, or -1 where it is not known (entries of protocol version 0).</param>
public readonly record struct Optime(uint T, uint I, long Term = -1) : IComparable<Optime>
{
    /// <summary>Before every entry.</summary>
    public static readonly Optime Zero = new(0, 0);

    /// <summary>Seconds in the high 32 bits, ordinal in the low: the BSON timestamp as a number that sorts.</summary>
    public ulong Timestamp => ((ulong)T << 32) | I;

    public bool IsZero => Timestamp == 0;

    public DateTimeOffset WallClock => DateTimeOffset.FromUnixTimeSeconds(T);

    public static Optime FromTimestamp(ulong timestamp, long term = -1) =>
        new((uint)(timestamp >> 32), (uint)timestamp, term);

    public int CompareTo(Optime other) => Timestamp.CompareTo(other.Timestamp);

    public static bool operator <(Optime left, Optime right) => left.Timestamp < right.Timestamp;

    public static bool operator >(Optime left, Optime right) => left.Timestamp > right.Timestamp;

    public static bool operator <=(Optime left, Optime right) => left.Timestamp <= right.Timestamp;

    public static bool operator >=(Optime left, Optime right) => left.Timestamp >= right.Timestamp;

    /// <summary>As users write it: <c>1700000000,3</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{T},{I}");

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Optime optime)
    {
        optime = default;
        var comma = text.IndexOf(',');
        if (
            comma < 0
            || !uint.TryParse(text[..comma].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var t)
            || !uint.TryParse(text[(comma + 1)..].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var i)
        )
        {
            return false;
        }

        optime = new Optime(t, i);
        return true;
    }
}
