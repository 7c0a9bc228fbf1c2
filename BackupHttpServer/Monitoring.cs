using Backup.BackupHttpServer.Measuring;
using Backup.Foundation.Contracts;
using Backup.Metadata;

namespace Backup.BackupHttpServer;

/// <summary>How sources' servers are and were: samples of a minute, spans of 5 minutes and of an hour, and what happened to members.</summary>
public static class Monitoring
{
    /// <summary>How long samples of a minute are kept.</summary>
    public static readonly TimeSpan Keep = TimeSpan.FromDays(2);

    /// <summary>How long spans of 5 minutes are kept.</summary>
    public static readonly TimeSpan KeepShort = TimeSpan.FromDays(14);

    /// <summary>How long spans of an hour are kept.</summary>
    public static readonly TimeSpan KeepLong = TimeSpan.FromDays(366);

    internal const int ShortMinutes = 5;
    internal const int LongMinutes = 60;

    /// <summary>The sample before a span is not further back.</summary>
    internal static readonly TimeSpan LookBack = TimeSpan.FromMinutes(5);

    /// <summary>Stores a sample under the minute in which it came, with what happened since the one before.</summary>
    public static async Task AddAsync(
        IMetadataStore metadata,
        string deploymentId,
        MonitoringSample sample,
        DateTimeOffset now,
        CancellationToken cancellation = default
    )
    {
        var before = await metadata.Monitoring.NewestAsync(deploymentId, cancellation);
        await metadata.Monitoring.AddAsync(
            MonitoringContent.Write(deploymentId, now, sample),
            Keep,
            HostChanges.Between(
                deploymentId,
                before is null ? null : MonitoringContent.ReadSample(before),
                sample,
                now
            ),
            cancellation
        );
    }

    /// <summary>The deployment's samples from that moment on, oldest first.</summary>
    /// <param name="metadata">The catalogue.</param>
    /// <param name="deploymentId">Whose.</param>
    /// <param name="from">Since when.</param>
    /// <param name="most">At most so many, as far from each other as can be, the newest among them; 2 or more.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Foundation.Errors.BackupException">1002 where a stored sample is damaged.</exception>
    public static async Task<IReadOnlyList<MonitoringSample>> ListAsync(
        IMetadataStore metadata,
        string deploymentId,
        DateTimeOffset from,
        int most = int.MaxValue,
        CancellationToken cancellation = default
    )
    {
        var stored = await metadata.Monitoring.ListAsync(deploymentId, from, cancellation: cancellation);
        // Only what is shown is decompressed.
        return [.. Thinned(stored, most).Select(MonitoringContent.ReadSample)];
    }

    /// <summary>
    /// How it was, in spans of equal length, oldest first: of what is kept so far back, as fine as <paramref name="most"/> allows. A span in which nothing was told is left out.
    /// </summary>
    /// <param name="metadata">The catalogue.</param>
    /// <param name="deploymentId">Whose.</param>
    /// <param name="from">Since when.</param>
    /// <param name="now">Up to now.</param>
    /// <param name="most">At most so many; 2 or more.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Foundation.Errors.BackupException">1002 where something stored is damaged.</exception>
    public static async Task<IReadOnlyList<MonitoringSpan>> HistoryAsync(
        IMetadataStore metadata,
        string deploymentId,
        DateTimeOffset from,
        DateTimeOffset now,
        int most,
        CancellationToken cancellation = default
    )
    {
        var grain =
            from >= now - Keep ? 1
            : from >= now - KeepShort ? ShortMinutes
            : LongMinutes;
        var spans = new List<MonitoringSpan>();
        var next = from;
        // What is not summed up yet is taken of what is finer.
        foreach (var minutes in new[] { LongMinutes, ShortMinutes }.Where(one => one <= grain))
        {
            var rows = await metadata.Monitoring.SpansAsync(deploymentId, minutes, next, now, cancellation);
            spans.AddRange(rows.Select(MonitoringContent.ReadSpan));
            next = rows.Count == 0 ? next : rows[^1].From.AddMinutes(minutes);
        }

        spans.AddRange(await MinutesAsync(metadata, deploymentId, next, cancellation));
        var width = Math.Max(1, Math.Ceiling((now - from).TotalMinutes / most / grain)) * grain;
        return
        [
            .. spans
                .GroupBy(one => Math.Floor(one.From.ToUnixTimeSeconds() / 60.0 / width))
                .Select(one =>
                    SpanMaker.Join(
                        DateTimeOffset.FromUnixTimeSeconds((long)(one.Key * width * 60)),
                        TimeSpan.FromMinutes(width),
                        [.. one]
                    )
                ),
        ];
    }

    private static async Task<IEnumerable<MonitoringSpan>> MinutesAsync(
        IMetadataStore metadata,
        string deploymentId,
        DateTimeOffset from,
        CancellationToken cancellation
    )
    {
        var rows = await metadata.Monitoring.ListAsync(deploymentId, from - LookBack, cancellation: cancellation);
        var samples = rows.Select(static one => (one.At, Sample: MonitoringContent.ReadSample(one))).ToList();
        return samples
            .Index()
            .Where(one => one.Item.At >= from)
            .Select(one =>
                SpanMaker.Of(
                    one.Item.At,
                    TimeSpan.FromMinutes(1),
                    one.Index == 0 ? null : samples[one.Index - 1].Sample,
                    [one.Item.Sample]
                )
            );
    }

    private static IEnumerable<MonitoringRecord> Thinned(IReadOnlyList<MonitoringRecord> all, int most) =>
        all.Count <= most
            ? all
            : Enumerable.Range(0, most).Select(n => all[(int)((long)n * (all.Count - 1) / (most - 1))]);
}
