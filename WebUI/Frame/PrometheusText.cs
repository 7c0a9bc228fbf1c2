using System.Globalization;
using System.Text;

namespace Backup.WebUI.Frame;

/// <summary>Metrics as Prometheus reads them: the text format, version 0.0.4. Samples of one metric stand together, behind its help and type.</summary>
public sealed class PrometheusText
{
    public const string MediaType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly List<MetricSample> _samples = [];

    /// <summary>As they were added.</summary>
    public IReadOnlyList<MetricSample> Samples => _samples;

    /// <summary>A value that goes up and down.</summary>
    /// <param name="name">With its unit at its end.</param>
    /// <param name="help">One sentence.</param>
    /// <param name="value">Null: it is not known, and left out.</param>
    /// <param name="labels">Names and values.</param>
    public void Gauge(string name, string help, double? value, params (string Name, string Value)[] labels) =>
        Add(name, help, isCounter: false, value, labels);

    /// <summary>A value that only goes up, until the process starts anew.</summary>
    /// <param name="name">Ends in <c>_total</c>.</param>
    /// <param name="help">One sentence.</param>
    /// <param name="value">Since the start.</param>
    public void Counter(string name, string help, double value) => Add(name, help, isCounter: true, value, []);

    public override string ToString()
    {
        var text = new StringBuilder();
        // GroupBy keeps the order in which metrics were met first.
        foreach (var metric in _samples.GroupBy(static one => one.Name, StringComparer.Ordinal))
        {
            var first = metric.First();
            text.Append(CultureInfo.InvariantCulture, $"# HELP {metric.Key} {first.Help}\n")
                .Append(
                    CultureInfo.InvariantCulture,
                    $"# TYPE {metric.Key} {(first.IsCounter ? "counter" : "gauge")}\n"
                );
            foreach (var sample in metric)
            {
                Append(text, sample);
            }
        }

        return text.ToString();
    }

    private void Add(string name, string help, bool isCounter, double? value, (string Name, string Value)[] labels)
    {
        if (value is { } known)
        {
            _samples.Add(new MetricSample(name, help, isCounter, known, labels));
        }
    }

    private static void Append(StringBuilder text, MetricSample sample)
    {
        text.Append(sample.Name);
        if (sample.Labels.Count > 0)
        {
            text.Append('{')
                .AppendJoin(',', sample.Labels.Select(static one => $"{one.Name}=\"{Escape(one.Value)}\""))
                .Append('}');
        }

        text.Append(' ').Append(sample.Value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
    }

    private static string Escape(string value) =>
        value
            .Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal);
}
