using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;
using Backup.Tests.Support;

namespace Backup.Tests.Bench;

/// <summary>
/// How fast a served backup answers: a document by its <c>_id</c> out of a large snapshot, and the first batch of a collection. The yardstick is a ping over the same
/// connection.
/// </summary>
internal static class ServeBench
{
    private const double WantedMilliseconds = 50;

    private static readonly string Program = SourceTree.At(".build", "app", "backup");

    /// <param name="arguments"><c>[MEGABYTES [FINDS]]</c>, 1000 and 2000 unless given.</param>
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        var megabytes = arguments.Count > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 1000;
        var finds = arguments.Count > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 2000;
        using var source = InitialSyncBench.StartSandbox("orders", megabytes * 1_000_000L);
        using var appliance = new ApplianceUnderTest(source.ReadLine()!);
        var (_, snapshot) = await appliance.FirstSnapshotAsync(TimeSpan.FromMinutes(15));
        Print($"snapshot       {snapshot.GetProperty("rawBytes").GetInt64() / 1e6:0} MB");
        var watch = Stopwatch.StartNew();
        using var command = new ChildProcess(
            Program,
            ["serve", "sandbox", "--latest", "--no-tls", "--json", "--data", appliance.Data]
        );
        var served = JsonSerializer.Deserialize<JsonElement>(command.ReadLine()!);
        Print($"command        {watch.Elapsed.TotalMilliseconds:0} ms until it is served");
        var uri = served.GetProperty("uri").GetString()!;
        var password = served.GetProperty("password").GetString()!;
        await using var client = await MongoClient.OpenAsync(
            ConnectionString.Parse(uri.Replace("backup@", $"backup:{password}@", StringComparison.Ordinal)),
            new MongoClientOptions(),
            CancellationToken.None
        );
        var (database, collection, documents) = await LargestAsync(client);
        await AskAsync(client, "admin", static w => w.Int32("ping"u8, 1));
        var ping = await TimesAsync(finds, _ => AskAsync(client, "admin", static w => w.Int32("ping"u8, 1)));
        var random = new Random(1);
        var byId = await TimesAsync(
            finds,
            _ =>
                AskAsync(
                    client,
                    database,
                    w =>
                    {
                        w.String("find"u8, collection).BeginDocument("filter"u8);
                        w.Int64("_id"u8, random.NextInt64(documents)).EndDocument();
                    }
                )
        );
        var first = await TimesAsync(20, _ => AskAsync(client, database, w => w.String("find"u8, collection)));
        Print($"ping           p50 {At(ping, 50):0.00} ms, p99 {At(ping, 99):0.00} ms");
        Print(
            $"find by _id    p50 {At(byId, 50):0.00} ms, p99 {At(byId, 99):0.00} ms (wanted: p99 below {WantedMilliseconds} ms)"
        );
        Print($"first batch    p50 {At(first, 50):0.00} ms, p99 {At(first, 99):0.00} ms (101 documents)");
        Print($"ratio          {At(byId, 50) / At(ping, 50):0.0} of a ping");
        return At(byId, 99) < WantedMilliseconds ? 0 : 1;
    }

    private static async Task<(string Database, string Collection, long Documents)> LargestAsync(MongoClient client)
    {
        using var reply = await client.RunCommandAsync(
            "bench",
            BsonDocument.Build(static w => w.Int32("listCollections"u8, 1)),
            ReadTarget.Primary,
            CancellationToken.None
        );
        var names = new List<string>();
        foreach (var item in reply.View["cursor"u8].AsDocument["firstBatch"u8].AsDocument)
        {
            names.Add(item.AsDocument["name"u8].AsString);
        }

        using var stats = await client.RunCommandAsync(
            "bench",
            BsonDocument.Build(w => w.String("collStats"u8, names[0])),
            ReadTarget.Primary,
            CancellationToken.None
        );
        return ("bench", names[0], stats.View["count"u8].ToInt64());
    }

    private static async Task AskAsync(MongoClient client, string database, Action<BsonWriter> command)
    {
        using var reply = await client.RunCommandAsync(
            database,
            BsonDocument.Build(command),
            ReadTarget.Primary,
            CancellationToken.None
        );
        if (reply.View.TryGet("cursor"u8, out var cursor) && cursor.AsDocument["firstBatch"u8].AsDocument.IsEmpty)
        {
            throw new InvalidOperationException("nothing was found");
        }
    }

    private static async Task<List<double>> TimesAsync(int count, Func<int, Task> action)
    {
        var times = new List<double>();
        for (var i = 0; i < count; i++)
        {
            var watch = Stopwatch.StartNew();
            await action(i);
            times.Add(watch.Elapsed.TotalMilliseconds);
        }

        times.Sort();
        return times;
    }

    private static double At(List<double> sorted, int percent) => sorted[(sorted.Count - 1) * percent / 100];

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
