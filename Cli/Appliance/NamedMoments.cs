using System.Globalization;
using Backup.Daemon.PointInTime;
using Backup.Foundation;

namespace Backup.Cli.Appliance;

/// <summary>How requests name a moment: an optime, up to and including; or a second, before which it is; or neither, for a snapshot.</summary>
internal static class NamedMoments
{
    /// <param name="optime"><c>T,I</c>.</param>
    /// <param name="second">Seconds since 1970.</param>
    /// <exception cref="Foundation.Errors.BackupException">9501 where neither names a moment.</exception>
    internal static RestorePoint PointOf(string? optime, string? second) =>
        Optime.TryParse(optime, out var at) ? RestorePoint.UpTo(at)
        : uint.TryParse(second, NumberStyles.None, CultureInfo.InvariantCulture, out var before) && before > 0
            ? RestorePoint.Before(DateTimeOffset.FromUnixTimeSeconds(before))
        : throw CliErrors.Argument("The request names no moment.", "Give an optime or a second.");

    /// <summary>Null where neither is given.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9501 where what is given names no moment.</exception>
    internal static RestorePoint? MomentOf(string? optime, string? second) =>
        optime is null && second is null ? null : PointOf(optime, second);

    /// <summary>For people, and for the audit.</summary>
    internal static string What(string? snapshot, RestorePoint? moment) =>
        moment is { } point ? $"at {point.Text}"
        : string.IsNullOrEmpty(snapshot) ? "newest snapshot"
        : $"snapshot {snapshot}";
}
