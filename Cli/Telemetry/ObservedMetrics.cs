using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Backup.WebUI.Frame;

namespace Backup.Cli.Telemetry;

/// <summary>What <c>/metrics</c> says, as instruments: one for each metric, made when it is first seen. Their values are those of the last look.</summary>
internal sealed class ObservedMetrics : IDisposable
{
    internal const string MeterName = "Backup";

    private static readonly ILookup<string, MetricSample> Nothing = Array
        .Empty<MetricSample>()
        .ToLookup(static one => one.Name);

    private readonly Meter _meter = new(MeterName);
    private readonly ConcurrentDictionary<string, Instrument> _instruments = new(StringComparer.Ordinal);
    private volatile ILookup<string, MetricSample> _latest = Nothing;

    /// <summary>From now on these are observed. Called by one thread at a time.</summary>
    internal void Show(IReadOnlyList<MetricSample> samples)
    {
        _latest = samples.ToLookup(static one => one.Name, StringComparer.Ordinal);
        foreach (var metric in _latest)
        {
            _ = _instruments.GetOrAdd(
                metric.Key,
                static (_, made) => made.Item1.Make(made.Item2),
                (this, metric.First())
            );
        }
    }

    public void Dispose() => _meter.Dispose();

    private Instrument Make(MetricSample first) =>
        first.IsCounter
            ? _meter.CreateObservableCounter(first.Name, () => Measure(first.Name), unit: null, first.Help)
            : _meter.CreateObservableGauge(first.Name, () => Measure(first.Name), unit: null, first.Help);

    private IEnumerable<Measurement<double>> Measure(string name) =>
        _latest[name]
            .Select(static one => new Measurement<double>(
                one.Value,
                one.Labels.Select(static label => KeyValuePair.Create(label.Name, (object?)label.Value))
            ));
}
