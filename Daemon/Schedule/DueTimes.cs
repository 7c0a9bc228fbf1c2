using Backup.Metadata;

namespace Backup.Daemon.Schedule;

/// <summary>
/// When snapshots are due: at the same times of every day by the clocks of the policy's zone. Where the clocks are put forward, what would be due in the
/// hour that is left out is due when it ends. Where they are put back, what is due in the hour that comes twice is due the first time, and the second
/// time too where snapshots are no further apart than that hour, so that none of them is late.
/// </summary>
public sealed class DueTimes
{
    // No place's clocks are further from UTC; a day that was left out as a whole is within, too.
    private static readonly TimeSpan East = TimeSpan.FromHours(15);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly SnapshotPolicy _policy;
    private readonly TimeZoneInfo _zone;

    /// <param name="policy">Valid.</param>
    /// <param name="zone">Its zone; null: looked up, or UTC where this machine does not know it: snapshots are taken all the same.</param>
    public DueTimes(SnapshotPolicy policy, TimeZoneInfo? zone = null)
    {
        _policy = policy;
        _zone = zone ?? TimeZones.TryFind(policy.Zone) ?? TimeZoneInfo.Utc;
    }

    /// <summary>The newest due time that is not after <paramref name="now"/>.</summary>
    public DateTimeOffset Last(DateTimeOffset now)
    {
        if (_policy.At is not { } at)
        {
            var intervals = Math.Floor((now - _policy.Reference) / _policy.Interval);
            return _policy.Reference + (intervals * _policy.Interval);
        }

        var today = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(now, _zone).DateTime);
        return Enumerable.Range(-1, 3).SelectMany(day => Of(today.AddDays(day), at)).Where(due => due <= now).Max();
    }

    /// <summary>The due times after <paramref name="now"/>, oldest first.</summary>
    public IReadOnlyList<DateTimeOffset> Next(DateTimeOffset now, int count)
    {
        if (_policy.At is not { } at)
        {
            var last = Last(now);
            return [.. Enumerable.Range(1, count).Select(n => last + (n * _policy.Interval))];
        }

        var due = new SortedSet<DateTimeOffset>();
        var today = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(now, _zone).DateTime);
        // The day after the last one that is needed may begin before that one ends, where clocks are put back at midnight.
        for (var (day, enough) = (-1, false); ; day++)
        {
            due.UnionWith(Of(today.AddDays(day), at).Where(one => one > now));
            if (enough)
            {
                return [.. due.Take(count)];
            }

            enough = due.Count >= count;
        }
    }

    private IEnumerable<DateTimeOffset> Of(DateOnly day, TimeOnly at)
    {
        var midnight = day.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc);
        for (var time = TimeSpan.FromTicks(at.Ticks % _policy.Interval.Ticks); time < Day; time += _policy.Interval)
        {
            foreach (var due in Moments(new DateTimeOffset(midnight + time)))
            {
                yield return due;
            }
        }
    }

    /// <summary>When the clocks show that.</summary>
    /// <param name="shown">As if they showed UTC.</param>
    private IEnumerable<DateTimeOffset> Moments(DateTimeOffset shown)
    {
        var (before, after) = (_zone.GetUtcOffset(shown - East), _zone.GetUtcOffset(shown + East));
        var (first, second) = (shown - before, shown - after);
        var isFirst = _zone.GetUtcOffset(first) == before;
        if (isFirst)
        {
            yield return first;
        }

        if (before == after)
        {
            yield break;
        }

        // Twice: the clocks were put back by that much between the two.
        if (_zone.GetUtcOffset(second) == after && (!isFirst || _policy.Interval <= before - after))
        {
            yield return second;
        }
        else if (!isFirst)
        {
            yield return Change(shown - East, shown + East, before);
        }
    }

    /// <summary>When the clocks are put to another offset, to the second.</summary>
    private DateTimeOffset Change(DateTimeOffset from, DateTimeOffset to, TimeSpan before)
    {
        while (to - from > TimeSpan.FromSeconds(1))
        {
            var middle = from + TimeSpan.FromSeconds(Math.Floor((to - from).TotalSeconds / 2));
            if (_zone.GetUtcOffset(middle) == before)
            {
                from = middle;
            }
            else
            {
                to = middle;
            }
        }

        return to;
    }
}
