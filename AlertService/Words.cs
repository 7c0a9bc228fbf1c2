using System.Globalization;

namespace Backup.AlertService;

/// <summary>Numbers as people read them.</summary>
internal static class Words
{
    private const double Kibi = 1024;

    /// <summary>By the second, in UTC: who reads it may be anywhere.</summary>
    public static string At(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    public static string Span(TimeSpan span) =>
        span.TotalSeconds < 120 ? Of(span.TotalSeconds, "s")
        : span.TotalMinutes < 120 ? Of(span.TotalMinutes, "min")
        : span.TotalHours < 48 ? Of(span.TotalHours, "h")
        : Of(span.TotalDays, "days");

    public static string Bytes(double bytes)
    {
        var unit = 0;
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        while (bytes >= Kibi && unit < units.Length - 1)
        {
            (bytes, unit) = (bytes / Kibi, unit + 1);
        }

        return string.Create(CultureInfo.InvariantCulture, $"{bytes:0.#} {units[unit]}");
    }

    private static string Of(double value, string unit) =>
        string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(value):0} {unit}");
}
