using Backup.Cli.Configuration;

namespace Backup.Cli.Telemetry;

/// <summary>Where a process tells what it does, as OTLP over HTTP with protocol buffers.</summary>
/// <param name="Endpoint">Of a collector; below it stand <c>v1/metrics</c>, <c>v1/traces</c> and <c>v1/logs</c>.</param>
/// <param name="Headers">With each request: names and values.</param>
/// <param name="Interval">Between two looks at the metrics.</param>
internal sealed record OtlpOptions(Uri Endpoint, IReadOnlyList<(string Name, string Value)> Headers, TimeSpan Interval)
{
    internal const int DefaultSeconds = 60;

    /// <returns>Null where nothing is to be told.</returns>
    /// <exception cref="Foundation.Errors.BackupException">9673 the file of headers cannot be read, or others may read it; 9723 a line of it is no header.</exception>
    internal static OtlpOptions? Read(ApplianceConfiguration configuration)
    {
        if (configuration.Text(Settings.OtlpEndpoint) is not { Length: > 0 } endpoint)
        {
            return null;
        }

        return new OtlpOptions(
            new Uri(endpoint.TrimEnd('/') + "/"),
            configuration.Text(Settings.OtlpHeadersFile) is { } path ? HeadersOf(path) : [],
            TimeSpan.FromSeconds(configuration.Number(Settings.OtlpSeconds) ?? DefaultSeconds)
        );
    }

    /// <summary>Without what may be secret.</summary>
    public override string ToString() => Endpoint.GetLeftPart(UriPartial.Authority);

    private static IReadOnlyList<(string Name, string Value)> HeadersOf(string path) =>
        [
            .. SecretLines
                .Read(path)
                .Select((line, index) => HeaderOf(line) ?? throw CliErrors.NotAHeader(path, index + 1)),
        ];

    private static (string Name, string Value)? HeaderOf(string line)
    {
        var parts = line.Split('=', 2, StringSplitOptions.TrimEntries);
        return
            parts is [{ Length: > 0 } name, var value]
            && name.All(static one => char.IsAsciiLetterOrDigit(one) || one is '-' or '_')
            && value.All(static one => one is >= ' ' and <= '~')
            ? (name, value)
            : null;
    }
}
