using Backup.AlertService.Watch;
using Backup.Metadata;

namespace Backup.AlertService;

/// <summary>When a disk will be full, by how it has grown in the last week: what the alert <c>store-forecast</c> is judged by.</summary>
public static class DiskOutlook
{
    /// <summary>Days.</summary>
    private const int Few = 5;

    /// <param name="settings">Where its history stands.</param>
    /// <param name="disk">As it is now.</param>
    /// <param name="now">The time.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Days, whole ones where there are more than a few: what is told again and again is to change seldom. Null where it does not grow, or is watched for less than a day.</returns>
    public static async Task<double?> DaysLeftAsync(
        ISettings settings,
        DiskFacts disk,
        DateTimeOffset now,
        CancellationToken cancellation
    ) =>
        (await DiskHistory.ReadForecastAsync(settings, disk, now, cancellation)) is { } forecast
            ? Math.Round(forecast.Days, forecast.Days < Few ? 1 : 0)
            : null;
}
