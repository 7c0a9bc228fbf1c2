using System.Globalization;

namespace Backup.Cli.Commands;

/// <summary>Lengths of time as people type them: a whole number and a unit, <c>90m</c>, <c>6h</c>, <c>2d</c>, <c>4w</c>, <c>3mo</c>, <c>7y</c>; or <c>0</c>.</summary>
internal static class DurationText
{
    /// <summary>A month and a year are the longest that they can be.</summary>
    private static readonly (string Unit, TimeSpan Length)[] Units =
    [
        ("y", TimeSpan.FromDays(366)),
        ("mo", TimeSpan.FromDays(31)),
        ("w", TimeSpan.FromDays(7)),
        ("d", TimeSpan.FromDays(1)),
        ("h", TimeSpan.FromHours(1)),
        ("m", TimeSpan.FromMinutes(1)),
        ("s", TimeSpan.FromSeconds(1)),
    ];

    /// <param name="option">Named in the error.</param>
    /// <param name="text">What was typed.</param>
    /// <exception cref="Foundation.Errors.BackupException">9501.</exception>
    internal static TimeSpan Parse(string option, string text)
    {
        if (text == "0")
        {
            return TimeSpan.Zero;
        }

        foreach (var (unit, length) in Units)
        {
            if (
                text.EndsWith(unit, StringComparison.Ordinal)
                && int.TryParse(
                    text.AsSpan(0, text.Length - unit.Length),
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out var n
                )
                && n <= TimeSpan.MaxValue / length
            )
            {
                return n * length;
            }
        }

        throw CliErrors.Argument(
            $"{option} cannot be '{text}'.",
            "Give a whole number with its unit: s, m, h, d, w, mo (31 days) or y (366 days); for example 15m, 6h, 2d."
        );
    }

    /// <summary>In the largest unit that fits: <c>6h</c>, <c>2d</c>; not <c>48h</c>, but <c>36h</c>.</summary>
    internal static string Of(TimeSpan length)
    {
        if (length == TimeSpan.Zero)
        {
            return "0";
        }

        // Longer units than days are nobody's for a few of them.
        var unit = Units.First(one => one.Length <= TimeSpan.FromDays(1) && length.Ticks % one.Length.Ticks == 0);
        return string.Create(CultureInfo.InvariantCulture, $"{length.Ticks / unit.Length.Ticks}{unit.Unit}");
    }

    /// <summary>About how long, in the largest unit of which there are at least two: <c>47h</c>, <c>3d</c>, <c>90s</c>.</summary>
    internal static string Rough(TimeSpan length)
    {
        var unit = Units.FirstOrDefault(
            one => one.Length <= TimeSpan.FromDays(1) && length >= 2 * one.Length,
            Units[^1]
        );
        return string.Create(CultureInfo.InvariantCulture, $"{length.Ticks / unit.Length.Ticks}{unit.Unit}");
    }
}
