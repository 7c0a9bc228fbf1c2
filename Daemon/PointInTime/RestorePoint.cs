using System.Globalization;
using Backup.Foundation;

namespace Backup.Daemon.PointInTime;

/// <summary>The moment to restore: everything up to and including a position in the oplog.</summary>
/// <param name="AtMost">The last position that belongs to it; an entry need not be there.</param>
/// <param name="Text">As the user named it.</param>
public readonly record struct RestorePoint(Optime AtMost, string Text)
{
    /// <summary>Up to and including that entry.</summary>
    public static RestorePoint UpTo(Optime optime) => new(optime, $"optime {optime}");

    /// <summary>Before that second: every entry whose <c>ts.t</c> is smaller. A fraction of a second is left out.</summary>
    /// <param name="second">1970-01-01T00:00:01Z to 2106-02-07T06:28:15Z, the seconds that an optime can hold.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is another.</exception>
    public static RestorePoint Before(DateTimeOffset second)
    {
        var seconds = second.ToUnixTimeSeconds();
        ArgumentOutOfRangeException.ThrowIfLessThan(seconds, 1, nameof(second));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(seconds, uint.MaxValue, nameof(second));
        return new(new Optime((uint)seconds - 1, uint.MaxValue), Time(second.UtcDateTime));
    }

    /// <summary>An optime with its wall-clock second, as messages name it.</summary>
    internal static string Describe(Optime optime) => $"{optime} ({Time(optime.WallClock.UtcDateTime)})";

    /// <summary>The nearest of these before and after this point, as messages name them; empty where there is none.</summary>
    internal string Near(IReadOnlyCollection<Optime> moments)
    {
        var atMost = AtMost;
        var parts = new List<string>(2);
        if (moments.Where(one => one < atMost).Select(static one => (Optime?)one).Max() is { } earlier)
        {
            parts.Add($"{Describe(earlier)} before it");
        }

        if (moments.Where(one => one > atMost).Select(static one => (Optime?)one).Min() is { } later)
        {
            parts.Add($"{Describe(later)} after it");
        }

        return string.Join(", ", parts);
    }

    private static string Time(DateTime utc) => utc.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
