namespace Backup.WebUI.Frame;

/// <summary>One value of a metric at a moment.</summary>
/// <param name="Name">Of the metric, with its unit at its end.</param>
/// <param name="Help">One sentence, the same for all samples of a metric.</param>
/// <param name="IsCounter">It only goes up, until the process starts anew; else it goes up and down.</param>
/// <param name="Value">As it is.</param>
/// <param name="Labels">Names and values, which tell samples of a metric apart.</param>
public sealed record MetricSample(
    string Name,
    string Help,
    bool IsCounter,
    double Value,
    IReadOnlyList<(string Name, string Value)> Labels
);
