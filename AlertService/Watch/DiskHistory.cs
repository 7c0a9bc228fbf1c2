using System.Text.Json;
using Backup.Foundation.Errors;
using Backup.Metadata;

namespace Backup.AlertService.Watch;

/// <summary>How disks filled: a point an hour for two weeks, from which it is told when they will be full.</summary>
internal sealed class DiskHistory(ISettings settings)
{
    private const string Setting = "alerts.disks";

    private static readonly TimeSpan Step = TimeSpan.FromHours(1);
    private static readonly TimeSpan Kept = TimeSpan.FromDays(14);

    /// <summary>The growth of less than that says nothing.</summary>
    private static readonly TimeSpan Least = TimeSpan.FromHours(24);

    private static readonly TimeSpan LookedBack = TimeSpan.FromDays(7);

    private Dictionary<string, List<Point>>? _points;

    public async Task<IReadOnlyList<DiskForecast>> ForecastAsync(
        IReadOnlyList<DiskFacts> disks,
        DateTimeOffset now,
        CancellationToken cancellation
    )
    {
        _points ??= await ReadAsync(cancellation);
        var isNew = false;
        foreach (var disk in disks)
        {
            var points = _points.TryGetValue(disk.Path, out var known) ? known : _points[disk.Path] = [];
            if (points.Count == 0 || now - points[^1].At >= Step)
            {
                points.Add(new Point(now, disk.TotalBytes - disk.FreeBytes));
                points.RemoveAll(one => now - one.At > Kept);
                isNew = true;
            }
        }

        if (isNew)
        {
            try
            {
                await settings.SetAsync(Setting, JsonSerializer.Serialize(_points), cancellation);
            }
            catch (BackupException)
            {
                // On a full disk, of all times, everything else has to be looked at. It is in memory, and stored with the next point.
            }
        }

        return [.. disks.Select(disk => Forecast(disk, _points[disk.Path], now)).OfType<DiskForecast>()];
    }

    /// <summary>By the line that is nearest to the points of the last week; null where it does not grow, or that is not known yet.</summary>
    internal static DiskForecast? Forecast(DiskFacts disk, IReadOnlyList<Point> points, DateTimeOffset now)
    {
        var last = points.Where(one => now - one.At <= LookedBack).ToList();
        if (last.Count < 2 || last[^1].At - last[0].At < Least)
        {
            return null;
        }

        var (days, bytes) = (last.Average(one => (one.At - now).TotalDays), last.Average(one => (double)one.UsedBytes));
        var spread = last.Sum(one => Math.Pow((one.At - now).TotalDays - days, 2));
        var slope = last.Sum(one => ((one.At - now).TotalDays - days) * (one.UsedBytes - bytes)) / spread;
        return slope <= 0 ? null : new DiskForecast(disk.Path, disk.FreeBytes / slope, slope);
    }

    /// <summary>What was stored so far; nothing is added.</summary>
    internal static async Task<DiskForecast?> ReadForecastAsync(
        ISettings settings,
        DiskFacts disk,
        DateTimeOffset now,
        CancellationToken cancellation
    ) =>
        (await new DiskHistory(settings).ReadAsync(cancellation)).TryGetValue(disk.Path, out var points)
            ? Forecast(disk, points, now)
            : null;

    private async Task<Dictionary<string, List<Point>>> ReadAsync(CancellationToken cancellation) =>
        await settings.FindAsync(Setting, cancellation) is { } stored
            ? JsonSerializer.Deserialize<Dictionary<string, List<Point>>>(stored)!
            : new Dictionary<string, List<Point>>(StringComparer.Ordinal);

    /// <param name="At">When.</param>
    /// <param name="UsedBytes">Of the disk.</param>
    internal sealed record Point(DateTimeOffset At, long UsedBytes);
}
