using System.Globalization;

namespace Backup.Metadata.Alerting;

/// <summary>How long the moment before a mass change is kept, of the appliance as a whole.</summary>
public static class RadarSettings
{
    public static readonly TimeSpan Default = TimeSpan.FromDays(7);
    public static readonly TimeSpan Least = TimeSpan.FromHours(1);
    public static readonly TimeSpan Most = TimeSpan.FromDays(90);

    private const string Setting = "radar.kept-seconds";

    public static async Task<TimeSpan> KeptAsync(ISettings settings, CancellationToken cancellation = default) =>
        long.TryParse(
            await settings.FindAsync(Setting, cancellation),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var seconds
        )
            ? TimeSpan.FromSeconds(seconds)
            : Default;

    /// <summary>It counts for what is noticed from then on.</summary>
    /// <exception cref="Foundation.Errors.BackupException">6211 where it is not from <see cref="Least"/> to <see cref="Most"/>.</exception>
    public static Task SetKeptAsync(ISettings settings, TimeSpan kept, CancellationToken cancellation = default) =>
        kept >= Least && kept <= Most
            ? settings.SetAsync(Setting, ((long)kept.TotalSeconds).ToString(CultureInfo.InvariantCulture), cancellation)
            : throw MetadataErrors.RadarKept();
}
