namespace Backup.Daemon.Radar;

/// <summary>
/// What is usual: the highest count of a span in each of the last 24 hours, and of the last 28 days. Usual is what was reached in four of these hours or on
/// three of these days: something that comes every minute is learnt in half a day, a nightly job in three nights, a weekly one in three weeks, and an accident
/// never. Counts are kept in a byte each, rounded up by a tenth at most.
/// </summary>
internal sealed class LearntPeaks
{
    /// <summary>Bytes of <see cref="Write"/>.</summary>
    internal const int Length = Hours + Days;

    private const int Hours = 24;
    private const int Days = 28;
    private const int HoursToLearn = 4;
    private const int DaysToLearn = 3;
    private const int StepsPerOctave = 7;

    private readonly byte[] _peaks = new byte[Length];
    private long _hour = -1;
    private long _highest;

    /// <summary>In counts of the span; 0 where nothing is known.</summary>
    internal long Usual { get; private set; }

    /// <summary>Forgets what is too old; what was learnt up to then is usual from then on.</summary>
    /// <param name="hour">Since 1970-01-01; what is before the last one changes nothing.</param>
    /// <returns>Whether it is another hour.</returns>
    internal bool Advance(long hour)
    {
        if (hour <= _hour)
        {
            return false;
        }

        if (_hour >= 0)
        {
            Clear(_hour, hour, Hours, 0);
            Clear(_hour / Hours, hour / Hours, Days, Hours);
        }

        _hour = hour;
        _highest = 0;
        Learn();
        return true;
    }

    /// <summary>A span of the current hour had that many so far.</summary>
    internal void Note(long count)
    {
        if (count > _highest)
        {
            _highest = count;
            var peak = Encode(count);
            Raise(ref _peaks[_hour % Hours], peak);
            Raise(ref _peaks[Hours + (_hour / Hours % Days)], peak);
        }
    }

    internal void Write(Span<byte> target) => _peaks.CopyTo(target);

    /// <param name="source">What <see cref="Write"/> wrote.</param>
    /// <param name="hour">The last one that it was told of then.</param>
    internal void Read(ReadOnlySpan<byte> source, long hour)
    {
        source[..Length].CopyTo(_peaks);
        (_hour, _highest) = (hour, 0);
        Learn();
    }

    private void Learn() =>
        Usual = Math.Max(
            Decode(Nth(_peaks.AsSpan(0, Hours), HoursToLearn)),
            Decode(Nth(_peaks.AsSpan(Hours), DaysToLearn))
        );

    private static void Raise(ref byte slot, byte peak) => slot = Math.Max(slot, peak);

    private void Clear(long from, long to, int slots, int at)
    {
        for (var one = Math.Max(from + 1, to - slots + 1); one <= to; one++)
        {
            _peaks[at + (one % slots)] = 0;
        }
    }

    private static byte Nth(ReadOnlySpan<byte> peaks, int nth)
    {
        Span<byte> sorted = stackalloc byte[peaks.Length];
        peaks.CopyTo(sorted);
        sorted.Sort();
        return sorted[^nth];
    }

    internal static byte Encode(long count) =>
        count <= 0 ? (byte)0 : (byte)Math.Min(255, 1 + (int)Math.Ceiling(Math.Log2(count) * StepsPerOctave));

    internal static long Decode(byte peak) =>
        peak == 0 ? 0 : (long)Math.Ceiling(Math.Pow(2, (peak - 1) / (double)StepsPerOctave));
}
