using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Backup.Blockstore.Files;
using Backup.Blockstore.Packs;
using Backup.Cli.Appliance;
using Backup.Cli.Configuration;
using Backup.Metadata;
using Backup.Metadata.Sqlite;
using Backup.WebUI;

namespace Backup.Tests.Bench;

/// <summary>
/// How fast what the pages ask is answered, with many deployments and a year of snapshots: every GET over HTTP, with a session, from an appliance that
/// is opened to be read. Before each one something is written, as agents do it several times a second, so that nothing is answered from memory that
/// an appliance at work would not have. Wanted: the 95th percentile of each under 100 ms.
/// </summary>
internal static class PagesBench
{
    private const double WantedMilliseconds = 100;
    private const int WarmUps = 5;

    /// <summary>Of everything, before anything is measured: an appliance is compiled beforehand, the bench while it runs.</summary>
    private const int FirstRounds = 40;
    private const string Password = "seven quiet herons at dusk";

    /// <param name="arguments"><c>[DEPLOYMENTS [ROUNDS]]</c>, 200 and 100 unless given.</param>
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        var deployments = arguments.Count > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 200;
        var rounds = arguments.Count > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 100;
        var kept = Environment.GetEnvironmentVariable("BACKUP_BENCH_PAGES");
        var folder = kept ?? Directory.CreateTempSubdirectory("backup-bench-").FullName;
        try
        {
            return await MeasureAsync(folder, deployments, rounds);
        }
        finally
        {
            if (kept is null)
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private static async Task<int> MeasureAsync(string folder, int deployments, int rounds)
    {
        var data = Path.Combine(folder, "data");
        if (!DataFolder.HoldsAppliance(data))
        {
            var watch = Stopwatch.StartNew();
            await FillAsync(data, deployments);
            Print(
                $"filled         {watch.Elapsed.TotalSeconds:0} s, catalogue of {new FileInfo(Path.Combine(data, "metadata.db")).Length / 1e6:0} MB"
            );
        }

        await using var appliance = await Appliance.OpenAsync(
            data,
            new ApplianceOptions
            {
                Configuration = ApplianceConfiguration.Load(option: null),
                Role = ApplianceRole.Offline,
            },
            CancellationToken.None
        );
        await using var web = await WebUIHost.StartAsync(
            new WebUIOptions { Port = 0 },
            appliance.Api,
            CancellationToken.None
        );
        using var client = new HttpClient(new SocketsHttpHandler { CookieContainer = new CookieContainer() })
        {
            BaseAddress = web.Address,
        };
        client.DefaultRequestHeaders.Add("X-Backup-Request", "1");
        await EnterAsync(client, appliance.Metadata);
        var group = (await GetAsync(client, "session")).GetProperty("groups")[0].GetProperty("id").GetString()!;
        var routes = await PagesRoutes.OfAsync(appliance.Metadata, $"groups/{group}");
        foreach (var route in routes)
        {
            _ = await TimesAsync(client, appliance.Metadata, route, FirstRounds);
        }

        var results = new List<Result>();
        foreach (var route in routes)
        {
            results.Add(await TimesAsync(client, appliance.Metadata, route, rounds));
        }

        return Report(results);
    }

    private static async Task FillAsync(string data, int deployments)
    {
        using var folder = await DataFolder.OpenAsync(data, CancellationToken.None);
        await using var metadata = await SqliteMetadataStore.OpenAsync(folder.Metadata, TimeProvider.System);
        Directory.CreateDirectory(folder.Slices);
        await using var blocks = await PackBlockStore.OpenAsync(folder.Blocks);
        var objects = new FileObjectStore(folder.Slices);
        await new PagesCatalogue(metadata, blocks, objects, TimeProvider.System.GetUtcNow()).FillAsync(deployments);
    }

    private static async Task EnterAsync(HttpClient client, IMetadataStore metadata)
    {
        var token = await new PeopleOperations(metadata, TimeProvider.System).NewSetupTokenAsync(
            CancellationToken.None
        );
        var (email, name) = ("ada@example.com", "Ada");
        using var response = token is null
            ? await client.PostAsJsonAsync("api/v1/session", new { email, password = Password })
            : await client.PostAsJsonAsync(
                "api/v1/setup",
                new
                {
                    token,
                    email,
                    name,
                    password = Password,
                }
            );
        Require(
            response.IsSuccessStatusCode,
            $"log-in: {response.StatusCode} {await response.Content.ReadAsStringAsync()}"
        );
    }

    private static async Task<Result> TimesAsync(
        HttpClient client,
        IMetadataStore metadata,
        PageRoute route,
        int rounds
    )
    {
        var (times, bytes, processor) = (new List<double>(), 0L, TimeSpan.Zero);
        for (var n = -WarmUps; n < rounds; n++)
        {
            await metadata.Settings.SetAsync("bench", $"{Guid.NewGuid()}");
            var path = $"api/v1/{route.Paths[(n + WarmUps) % route.Paths.Count]}";
            var watch = Stopwatch.StartNew();
            using var response = await client.GetAsync(path);
            var body = await response.Content.ReadAsByteArrayAsync();
            var elapsed = watch.Elapsed.TotalMilliseconds;
            Require(
                response.IsSuccessStatusCode,
                $"{path}: {response.StatusCode} {System.Text.Encoding.UTF8.GetString(body)}"
            );
            bytes = Math.Max(bytes, body.Length);
            if (n == 0)
            {
                processor = Environment.CpuUsage.TotalTime;
            }

            if (n >= 0)
            {
                times.Add(elapsed);
            }
        }

        times.Sort();
        processor = Environment.CpuUsage.TotalTime - processor;
        return new Result(route.Name, times, processor.TotalMilliseconds / Math.Max(1, rounds - 1), bytes);
    }

    private static int Report(List<Result> results)
    {
        Print($"{"", -44} {"p50", 7} {"p95", 7} {"p99", 7}  ms {"cpu ms", 7} {"KB", 7}");
        foreach (var one in results.OrderByDescending(static one => one.At(0.95)))
        {
            Print(
                $"{one.Name, -44} {one.At(0.5), 7:0.0} {one.At(0.95), 7:0.0} {one.At(0.99), 7:0.0}     {one.Processor, 7:0.0} {one.Bytes / 1e3, 7:0}"
            );
        }

        var worst = results.Max(static one => one.At(0.95));
        Print($"slowest p95    {worst:0} ms; wanted {WantedMilliseconds:0}");
        return worst < WantedMilliseconds ? 0 : 1;
    }

    private static async Task<JsonElement> GetAsync(HttpClient client, string path) =>
        await client.GetFromJsonAsync<JsonElement>($"api/v1/{path}");

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new InvalidOperationException(otherwise);
        }
    }

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    /// <param name="Name">Of the route.</param>
    /// <param name="Milliseconds">Sorted.</param>
    /// <param name="Processor">Of both sides for one, in milliseconds.</param>
    /// <param name="Bytes">Of the longest answer, not compressed.</param>
    private sealed record Result(string Name, List<double> Milliseconds, double Processor, long Bytes)
    {
        internal double At(double share) =>
            Milliseconds[Math.Min(Milliseconds.Count - 1, (int)(Milliseconds.Count * share))];
    }
}
