using System.Text.Json;
using Backup.Foundation.Errors;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;
using Shouldly;
using Xunit.Abstractions;

namespace Backup.Tests.MongoWire.Client;

/// <summary>The driver specifications "server selection" and "max staleness", from a checkout of them.</summary>
public class SelectionSpecTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Threshold = TimeSpan.FromMilliseconds(15);

    [SpecificationFact]
    public void Every_case_of_the_specifications_holds()
    {
        var failures = new List<string>();
        var (run, skipped) = (0, 0);
        foreach (var folder in new[] { "server-selection/tests/server_selection", "max-staleness/tests" })
        {
            foreach (var (name, test) in SpecificationCheckout.Cases(folder))
            {
                if (TypeOf(test) == "LoadBalanced")
                {
                    skipped++;
                    continue;
                }

                run++;
                if (Fault(test) is { } fault)
                {
                    failures.Add($"{name}: {fault}");
                }
            }
        }

        output.WriteLine($"{run} cases, {skipped} skipped (loadBalanced=true is refused).");
        failures.ShouldBeEmpty();
        run.ShouldBeGreaterThan(100);
    }

    private static string TypeOf(JsonElement test) =>
        test.GetProperty("topology_description").GetProperty("type").GetString()!;

    private static string? Fault(JsonElement test)
    {
        var isError = test.TryGetProperty("error", out var error) && error.GetBoolean();
        try
        {
            var heartbeat = test.TryGetProperty("heartbeatFrequencyMS", out var given) ? given.GetInt32() : 10_000;
            var avoided = test.TryGetProperty("deprioritized_servers", out var list)
                ? list.EnumerateArray().Select(server => Describe(server).Address).ToHashSet()
                : [];
            var found = ServerSelector
                .Fitting(
                    Topology(test),
                    Target(test),
                    new SelectionRules(TimeSpan.FromMilliseconds(heartbeat), Threshold, avoided)
                )
                .Select(server => server.Address)
                .ToHashSet();
            if (isError)
            {
                return "no error";
            }

            var expected = test.GetProperty("in_latency_window").EnumerateArray().Select(one => Describe(one).Address);
            return found.SetEquals(expected)
                ? null
                : $"{string.Join(' ', found)} instead of {string.Join(' ', expected)}";
        }
        catch (BackupException refusal)
        {
            return isError ? null : refusal.Message;
        }
    }

    private static TopologyDescription Topology(JsonElement test) =>
        new()
        {
            Type = Enum.Parse<TopologyType>(TypeOf(test)),
            Servers = test.GetProperty("topology_description")
                .GetProperty("servers")
                .EnumerateArray()
                .Select(Describe)
                .ToDictionary(server => server.Address),
        };

    private static ReadTarget Target(JsonElement test)
    {
        var preference = test.GetProperty("read_preference");
        if (test.TryGetProperty("operation", out var operation) && operation.GetString() == "write")
        {
            return ReadTarget.Primary;
        }

        return new ReadTarget
        {
            Mode = preference.TryGetProperty("mode", out var mode)
                ? Enum.Parse<ReadPreferenceMode>(mode.GetString()!, ignoreCase: true)
                : ReadPreferenceMode.Primary,
            TagSets = preference.TryGetProperty("tag_sets", out var sets)
                ? [.. sets.EnumerateArray().Select(Tags)]
                : [],
            MaxStaleness =
                preference.TryGetProperty("maxStalenessSeconds", out var seconds) && seconds.GetInt32() >= 0
                    ? TimeSpan.FromSeconds(seconds.GetInt32())
                    : null,
        };
    }

    private static ServerDescription Describe(JsonElement server) =>
        new()
        {
            Address = HostAddress.Parse(server.GetProperty("address").GetString()!),
            Type = Enum.TryParse<ServerType>(
                server.GetProperty("type").GetString()!.Replace("RS", "", StringComparison.Ordinal),
                out var type
            )
                ? type
                : ServerType.Unknown,
            RoundTrip = TimeSpan.FromMilliseconds(
                server.TryGetProperty("avg_rtt_ms", out var trip) ? trip.GetDouble() : 0
            ),
            UpdatedAt = TimeSpan.FromMilliseconds(
                server.TryGetProperty("lastUpdateTime", out var updated) ? updated.GetInt64() : 0
            ),
            LastWriteDate = server.TryGetProperty("lastWrite", out var write)
                ? long.Parse(write.GetProperty("lastWriteDate").GetProperty("$numberLong").GetString()!)
                : 0,
            Tags = server.TryGetProperty("tags", out var tags) ? Tags(tags) : new Dictionary<string, string>(),
        };

    private static Dictionary<string, string> Tags(JsonElement tags) =>
        tags.EnumerateObject().ToDictionary(tag => tag.Name, tag => tag.Value.GetString()!);
}
