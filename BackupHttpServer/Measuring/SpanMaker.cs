using Backup.Foundation.Contracts;

namespace Backup.BackupHttpServer.Measuring;

/// <summary>Makes spans of samples, and longer spans of shorter ones: plain arithmetic, the same for what is stored and what is shown.</summary>
internal static class SpanMaker
{
    /// <summary>Between samples that are further apart nothing is said of counters.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    /// <param name="from">The span's begin.</param>
    /// <param name="length">How long it is.</param>
    /// <param name="before">The sample before the first of them: counters are measured from there; null where there is none.</param>
    /// <param name="samples">Of the span, oldest first; at least one.</param>
    public static MonitoringSpan Of(
        DateTimeOffset from,
        TimeSpan length,
        MonitoringSample? before,
        IReadOnlyList<MonitoringSample> samples
    )
    {
        var pairs = samples.Prepend(before ?? samples[0]).Zip(samples).ToList();
        return new MonitoringSpan(
            from,
            (long)length.TotalSeconds,
            samples.Count,
            [
                .. samples
                    .SelectMany(static one => one.Hosts.Select(static host => host.Host))
                    .Distinct()
                    .Order(StringComparer.Ordinal)
                    .Select(host => HostOf(host, samples, pairs)),
            ],
            [
                .. samples
                    .SelectMany(static one => one.Members.Select(static member => member.Name))
                    .Distinct()
                    .Order(StringComparer.Ordinal)
                    .Select(name => MemberOf(name, samples)),
            ],
            Gauge(samples.Select(static one => one.Oplog?.WindowSeconds)),
            Gauge(samples.Select(static one => Sum(one, static each => each.DataBytes))),
            Gauge(samples.Select(static one => Sum(one, static each => each.StorageBytes + each.IndexBytes)))
        );
    }

    /// <summary>Joins spans into a longer one.</summary>
    /// <param name="from">Its begin.</param>
    /// <param name="length">How long it is.</param>
    /// <param name="spans">In it, oldest first; at least one.</param>
    public static MonitoringSpan Join(DateTimeOffset from, TimeSpan length, IReadOnlyList<MonitoringSpan> spans) =>
        spans is [{ } only] && only.From == from && only.Seconds == (long)length.TotalSeconds
            ? only
            : new MonitoringSpan(
                from,
                (long)length.TotalSeconds,
                spans.Sum(static one => one.Samples),
                [
                    .. spans
                        .SelectMany(static one => one.Hosts)
                        .GroupBy(static one => one.Host, StringComparer.Ordinal)
                        .OrderBy(static one => one.Key, StringComparer.Ordinal)
                        .Select(static one => Join([.. one])),
                ],
                [
                    .. spans
                        .SelectMany(static one => one.Members)
                        .GroupBy(static one => one.Name, StringComparer.Ordinal)
                        .OrderBy(static one => one.Key, StringComparer.Ordinal)
                        .Select(static one => new MemberSpan(
                            one.Key,
                            one.Last().State,
                            one.Sum(static each => each.Unreached),
                            Join(one.Select(static each => each.LagSeconds))
                        )),
                ],
                Join(spans.Select(static one => one.OplogWindow)),
                Join(spans.Select(static one => one.DataBytes)),
                Join(spans.Select(static one => one.StorageBytes))
            );

    private static HostSpan HostOf(
        string host,
        IReadOnlyList<MonitoringSample> samples,
        List<(MonitoringSample Before, MonitoringSample Now)> pairs
    )
    {
        var own = samples.Select(one => Find(one, host)).OfType<HostSample>().ToList();
        var steps = pairs
            .Select(one => (Before: Find(one.Before, host), Now: Find(one.Now, host), Time: one.Now.At - one.Before.At))
            .Where(static one => one.Before is not null && one.Now is not null && one.Time > TimeSpan.Zero)
            .Select(static one => new Step(one.Before!, one.Now!, one.Time))
            .ToList();
        var whole = steps.Where(static one => !one.IsRestart && one.Time <= Longest).ToList();
        return new HostSpan(
            host,
            own[^1].Version,
            steps.Count(static one => one.IsRestart),
            own.SelectMany(static one => one.Operations.Keys)
                .Distinct()
                .Select(kind =>
                    (
                        Kind: kind,
                        Rate: Rate(whole, one => one.Operations.TryGetValue(kind, out var count) ? count : null)
                    )
                )
                .Where(static one => one.Rate is not null)
                .ToDictionary(static one => one.Kind, static one => one.Rate!, StringComparer.Ordinal),
            Gauge(own.Select(static one => one.Connections)),
            Gauge(own.Select(static one => one.ResidentMegabytes * 1024 * 1024)),
            Gauge(own.Select(static one => one.CacheBytes)),
            own[^1].CacheMaxBytes,
            Rate(whole, static one => one.NetworkInBytes),
            Rate(whole, static one => one.NetworkOutBytes)
        )
        {
            Queued = Gauge(own.Select(static one => one.Queued)),
            DiskUsedBytes = Gauge(own.Select(static one => one.DiskUsedBytes)),
            DiskTotalBytes = own[^1].DiskTotalBytes,
        };
    }

    private static MemberSpan MemberOf(string name, IReadOnlyList<MonitoringSample> samples)
    {
        var own = samples
            .Select(one => one.Members.FirstOrDefault(each => each.Name == name))
            .OfType<MemberSample>()
            .ToList();
        return new MemberSpan(
            name,
            own[^1].State,
            own.Count(static one => !one.Healthy),
            Gauge(own.Select(static one => one.LagSeconds))
        );
    }

    private static HostSpan Join(IReadOnlyList<HostSpan> spans) =>
        new(
            spans[^1].Host,
            spans[^1].Version,
            spans.Sum(static one => one.Restarts),
            spans
                .SelectMany(static one => one.Operations)
                .GroupBy(static one => one.Key, StringComparer.Ordinal)
                .ToDictionary(
                    static one => one.Key,
                    static one => Join(one.Select(static each => each.Value))!,
                    StringComparer.Ordinal
                ),
            Join(spans.Select(static one => one.Connections)),
            Join(spans.Select(static one => one.ResidentBytes)),
            Join(spans.Select(static one => one.CacheBytes)),
            spans[^1].CacheMaxBytes,
            Join(spans.Select(static one => one.NetworkInBytes)),
            Join(spans.Select(static one => one.NetworkOutBytes))
        )
        {
            Queued = Join(spans.Select(static one => one.Queued)),
            DiskUsedBytes = Join(spans.Select(static one => one.DiskUsedBytes)),
            DiskTotalBytes = spans[^1].DiskTotalBytes,
        };

    /// <summary>Null where nothing was measured.</summary>
    private static SpanValue? Gauge(IEnumerable<long?> values)
    {
        var known = values.OfType<long>().ToList();
        return known.Count == 0 ? null : Value(known.Average(), known.Min(), known.Max(), known.Count);
    }

    /// <summary>What a counter rose by a second: over all of the steps, and in the slowest and the fastest of them.</summary>
    private static SpanValue? Rate(List<Step> steps, Func<HostSample, long?> read)
    {
        var rises = steps
            .Select(one => (Rise: read(one.Now) - read(one.Before), one.Time))
            // A counter that fell began anew.
            .Where(static one => one.Rise >= 0)
            .Select(static one => (Rise: (double)one.Rise!.Value, Seconds: one.Time.TotalSeconds))
            .ToList();
        return rises.Count == 0
            ? null
            : Value(
                rises.Sum(static one => one.Rise) / rises.Sum(static one => one.Seconds),
                rises.Min(static one => one.Rise / one.Seconds),
                rises.Max(static one => one.Rise / one.Seconds),
                rises.Count
            );
    }

    private static SpanValue? Join(IEnumerable<SpanValue?> values)
    {
        var known = values.OfType<SpanValue>().ToList();
        var count = known.Sum(static one => one.Count);
        return count == 0
            ? null
            : Value(
                known.Sum(static one => one.Average * one.Count) / count,
                known.Min(static one => one.Least),
                known.Max(static one => one.Most),
                count
            );
    }

    /// <summary>To a thousandth: more digits than were measured only take room.</summary>
    private static SpanValue Value(double average, double least, double most, int count) =>
        new(Math.Round(average, 3), Math.Round(least, 3), Math.Round(most, 3), count);

    /// <summary>Null where some databases are left out: their sum is not known.</summary>
    private static long? Sum(MonitoringSample sample, Func<DatabaseSample, long> read) =>
        sample.Databases.Count > 0 && sample.DatabasesLeftOut == 0 ? sample.Databases.Sum(read) : null;

    private static HostSample? Find(MonitoringSample sample, string host) =>
        sample.Hosts.FirstOrDefault(one => one.Host == host);

    private sealed record Step(HostSample Before, HostSample Now, TimeSpan Time)
    {
        public bool IsRestart => HostChanges.IsRestart(Before, Now);
    }
}
