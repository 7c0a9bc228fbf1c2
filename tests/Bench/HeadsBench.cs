using System.Diagnostics;
using System.Globalization;
using Backup.Blockstore;
using Backup.Blockstore.Packs;
using Backup.Daemon;
using Backup.Foundation;
using Backup.Metadata;
using Backup.Metadata.Sqlite;
using Backup.MongoWire.Bson;
using Backup.Tests.Daemon;
using Backup.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Backup.Tests.Bench;

/// <summary>
/// Thousands of heads in one daemon, each of which gets a slice a second. Shown is the processor time that the daemon takes beside that of storing the slices, which is measured alone
/// first, the memory of each head, and how long a slice waits until its head holds it. Wanted: the work of a head does not grow with their number (at most half as much again), and
/// 99 of 100 slices are held within two seconds.
/// </summary>
internal static class HeadsBench
{
    private const double WantedGrowth = 1.5;
    private const double WantedLag = 2;
    private const int Few = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <param name="arguments"><c>[HEADS [SECONDS]]</c>: 1,000 and 20 unless given.</param>
    /// <returns>0 where what is wanted is met.</returns>
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        var many = arguments.Count > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 1_000;
        var seconds = arguments.Count > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 20;
        var few = await MeasureAsync(Few, seconds);
        var found = await MeasureAsync(many, seconds);
        var growth = found.BusyOfHead / few.BusyOfHead;
        Print(
            $"heads          {growth:0.00} times the work for each of {many} heads of that for each of {Few} (wanted: {WantedGrowth} or less)"
        );
        return growth <= WantedGrowth && found.Lag <= WantedLag ? 0 : 1;
    }

    private static async Task<(double BusyOfHead, double Lag)> MeasureAsync(int heads, int seconds)
    {
        using var folder = new TemporaryFolder();
        await using var metadata = await SqliteMetadataStore.OpenAsync(folder.File("metadata.db"));
        await using var blocks = await PackBlockStore.OpenAsync(folder.File("blocks"));
        var objects = new MemoryObjectStore();
        var all = await RegisterAsync(metadata, objects, heads);

        // Storing alone: what the daemon is not to blame for.
        var storing = await ShipAsync(all, seconds, from: 10, static _ => null);
        var before = Memory();
        await using var daemon = DaemonHost.Start(
            metadata,
            blocks,
            objects,
            new DaemonOptions { SpillFolder = folder.File("spill") },
            keepsHeads: true,
            TimeProvider.System,
            NullLoggerFactory.Instance
        );
        var watch = Stopwatch.StartNew();
        while (all.FirstOrDefault(one => daemon.LiveOptime(one.Set.Id)?.Timestamp != one.Last.Timestamp) is { } behind)
        {
            if (watch.Elapsed > Patience)
            {
                throw new TimeoutException($"{behind.Set.Name} is not there: {daemon.Trouble(behind.Set.Id)}");
            }

            await Task.Delay(100);
        }

        var opened = watch.Elapsed;
        var memory = Memory() - before;
        // Each has its first snapshot then, and that is not what is measured.
        while ((await metadata.Snapshots.TotalAsync()).Count < heads && watch.Elapsed < Patience)
        {
            await Task.Delay(100);
        }

        await Task.Delay(TimeSpan.FromSeconds(5));
        var idleFrom = Environment.CpuUsage.TotalTime;
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        var idle = (Environment.CpuUsage.TotalTime - idleFrom).TotalSeconds / seconds;
        var busy = await ShipAsync(all, seconds, from: 10 + seconds, one => daemon.LiveOptime(one.Set.Id));
        var lag = busy.Lags.Order().ElementAt((int)(busy.Lags.Count * 0.99));
        var own = busy.Cores - storing.Cores;
        Print(
            $"heads          {heads}: built and opened in {opened.TotalSeconds:0.0} s, {memory / heads >> 10} KiB each; idle {idle:P0} of a core, with a slice a second each {own:P0} beside {storing.Cores:P0} for storing them; 99 of 100 slices held within {lag:0.00} s"
        );
        return (Math.Max(own, 0.01) / heads, lag);
    }

    private static async Task<List<StoredSource>> RegisterAsync(
        IMetadataStore metadata,
        IObjectStore objects,
        int heads
    )
    {
        var group = await metadata.Access.EnsureGroupAsync("default");
        var all = new List<StoredSource>();
        for (var n = 0; n < heads; n++)
        {
            var deployment = await metadata.Deployments.EnsureAsync(
                new Deployment(
                    $"d{n}",
                    group.Id,
                    $"rs{n}",
                    "replicaSet",
                    "mongodb://localhost/",
                    TimeProvider.System.GetUtcNow()
                )
            );
            var source = new StoredSource(metadata, objects, TimeProvider.System);
            await source.RegisterAsync($"r{n}", deployment.Id, $"rs{n}", $"{n:x24}");
            source.Lists("db.c", Uuid(n));
            await source.BeginAsync($"sync{n}", At(1));
            await source.ShipAsync(Entry(n, 1));
            await source.CopyAsync(Uuid(n), StoredSource.Document(0, "first"));
            await source.DoneAsync(Uuid(n));
            await source.CopiedAsync(At(1));
            all.Add(source);
        }

        return all;
    }

    /// <summary>A slice a second for each, spread over the second.</summary>
    private static async Task<(double Cores, List<double> Lags)> ShipAsync(
        List<StoredSource> all,
        int seconds,
        int from,
        Func<StoredSource, Optime?> live
    )
    {
        var lags = new List<double>();
        var before = Environment.CpuUsage.TotalTime;
        var watch = Stopwatch.StartNew();
        for (var second = 0; second < seconds; second++)
        {
            // A tenth of them at a time.
            foreach (var (at, some) in all.Chunk(Math.Max(1, all.Count / 10)).Index())
            {
                var due = TimeSpan.FromSeconds(second + (at / 10.0));
                await Task.Delay(TimeSpan.FromSeconds(Math.Max(0, (due - watch.Elapsed).TotalSeconds)));
                var sent = watch.Elapsed;
                await Task.WhenAll(some.Select(one => one.ShipAsync(Entry(all.IndexOf(one), (uint)(from + second)))));
                if (live(some[^1]) is not null)
                {
                    while (
                        live(some[^1])?.Timestamp != some[^1].Last.Timestamp
                        && watch.Elapsed - sent < TimeSpan.FromSeconds(60)
                    )
                    {
                        await Task.Delay(10);
                    }

                    lags.Add((watch.Elapsed - sent).TotalSeconds);
                }
            }
        }

        return ((Environment.CpuUsage.TotalTime - before).TotalSeconds / watch.Elapsed.TotalSeconds, lags);
    }

    private static BsonDocument Entry(int head, uint second) =>
        StoredSource.Insert(At(second), "db.c", Uuid(head), StoredSource.Document((int)second, "a little text"));

    private static Optime At(uint second) => new(second, 1, 1);

    private static Guid Uuid(int head) => new(head + 1, 0, 0, new byte[8]);

    private static long Memory()
    {
        GC.Collect();
        return Environment.WorkingSet;
    }

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
