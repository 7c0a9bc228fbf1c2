using System.Globalization;
using System.Text;

namespace Backup.WebUI.Frame;

/// <summary>Metrics as Prometheus reads them: the text format, version 0.0.4. Samples of one metric stand together, behind its help and type.</summary>
public sealed class PrometheusText
{
    public const string MediaType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly Dictionary<string, StringBuilder> _metrics = new(StringComparer.Ordinal);

    /// <summary>A value that goes up and down.</summary>
    /// <param name="name">With its unit at its end.</param>
    /// <param name="help">One sentence.</param>
    /// <param name="value">Null: it is not known, and left out.</param>
    /// <param name="labels">Names and values.</param>
    public void Gauge(string name, string help, double? value, params (string Name, string Value)[] labels) =>
        Add(name, "gauge", help, value, labels);

    /// <summary>A value that only goes up, until the process starts anew.</summary>
    /// <param name="name">Ends in <c>_total</c>.</param>
    /// <param name="help">One sentence.</param>
    /// <param name="value">Since the start.</param>
    public void Counter(string name, string help, double value) => Add(name, "counter", help, value, []);

    public override string ToString() => string.Concat(_metrics.Values);

    private void Add(string name, string type, string help, double? value, (string Name, string Value)[] labels)
    {
        if (value is not { } known)
        {
            return;
        }

        if (!_metrics.TryGetValue(name, out var text))
        {
            text = _metrics[name] = new StringBuilder($"# HELP {name} {help}\n# TYPE {name} {type}\n");
        }

        text.Append(name);
        if (labels.Length > 0)
        {
            text.Append('{')
                .AppendJoin(',', labels.Select(static one => $"{one.Name}=\"{Escape(one.Value)}\""))
                .Append('}');
        }

        text.Append(' ').Append(known.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
    }

    private static string Escape(string value) =>
        value
            .Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal);
}
