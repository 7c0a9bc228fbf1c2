using Backup.Cli.Configuration;

namespace Backup.Cli.Telemetry;

/// <summary>Where a process tells what it does, as OTLP over HTTP with protocol buffers.</summary>
/// <param name="Endpoint">Of a collector; below it stand <c>v1/metrics</c>, <c>v1/traces</c> and <c>v1/logs</c>.</param>
/// <param name="Headers">With each request, as the exporter wants them: NAME=VALUE, with commas between, values escaped as in an address.</param>
/// <param name="Interval">Between two looks at the metrics.</param>
internal sealed record OtlpOptions(Uri Endpoint, string Headers, TimeSpan Interval)
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
            configuration.Text(Settings.OtlpHeadersFile) is { } path ? HeadersOf(path) : "",
            TimeSpan.FromSeconds(configuration.Number(Settings.OtlpSeconds) ?? DefaultSeconds)
        );
    }

    /// <summary>Without what may be secret.</summary>
    public override string ToString() => Endpoint.GetLeftPart(UriPartial.Authority);

    private static string HeadersOf(string path) =>
        string.Join(
            ',',
            SecretLines
                .Read(path)
                .Select(
                    (line, index) =>
                        line.Split('=', 2) is [{ Length: > 0 } name, var value]
                        && name.Trim().All(static one => char.IsAsciiLetterOrDigit(one) || one is '-' or '_')
                            ? $"{name.Trim()}={Uri.EscapeDataString(value.Trim())}"
                            : throw CliErrors.NotAHeader(path, index + 1)
                )
        );
}
