using System.Globalization;

namespace Backup.Cli.Commands;

/// <summary>Moments as people type them: date, time and zone.</summary>
internal static class InstantText
{
    private static readonly string[] Forms =
    [
        "yyyy-MM-dd'T'HH:mm:ssK",
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
        "yyyy-MM-dd'T'HH:mmK",
        "yyyy-MM-dd HH:mm:ssK",
    ];

    /// <summary>Without a zone nobody knows which moment is meant: refused.</summary>
    internal static bool TryParse(string text, out DateTimeOffset time)
    {
        time = default;
        var hasZone =
            text.EndsWith('Z') || text.LastIndexOfAny(['+', '-']) > text.IndexOf(':', StringComparison.Ordinal);
        return hasZone
            && DateTimeOffset.TryParseExact(
                text,
                Forms,
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal,
                out time
            );
    }

    /// <param name="option">Named in the error.</param>
    /// <param name="text">What was typed.</param>
    /// <exception cref="Foundation.Errors.BackupException">9501.</exception>
    internal static DateTimeOffset Parse(string option, string text) =>
        TryParse(text, out var time)
            ? time
            : throw CliErrors.Argument(
                $"{option} cannot be '{text}', which is no time with a zone.",
                "Write, for example, 2026-11-21T10:00:00Z or 2026-11-21T11:00:00+01:00."
            );
}
