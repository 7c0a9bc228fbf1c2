namespace Backup.Daemon.Radar;

/// <summary>The last hour, minute by minute: what four of its minutes reached is usual, as long as nothing older is known.</summary>
internal sealed class RecentMinutes
{
    private const int Minutes = 60;
    private const int MinutesToLearn = 4;

    private readonly byte[] _counts = new byte[Minutes];
    private long _minute = -1;
    private long _highest;

    internal long Usual { get; private set; }

    /// <param name="minute">Since 1970-01-01; not before the last one.</param>
    /// <param name="count">What it has so far.</param>
    internal void Note(long minute, long count)
    {
        if (minute != _minute)
        {
            for (var one = Math.Max(_minute + 1, minute - Minutes + 1); one <= minute; one++)
            {
                _counts[one % Minutes] = 0;
            }

            (_minute, _highest) = (minute, 0);
            Span<byte> sorted = stackalloc byte[Minutes];
            _counts.CopyTo(sorted);
            sorted.Sort();
            Usual = LearntPeaks.Decode(sorted[^MinutesToLearn]);
        }

        if (count > _highest)
        {
            _highest = count;
            _counts[minute % Minutes] = LearntPeaks.Encode(count);
        }
    }
}
