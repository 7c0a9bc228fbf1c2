using System.Diagnostics;
using System.Globalization;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;
using Backup.Tests.Support;

namespace Backup.Tests.Bench;

/// <summary>
/// A steady stream of inserts into a real mongod, and an appliance that follows it. The lag of each batch runs from when it was sent to the source until
/// the head holds it. Wanted: 99 of 100 batches within a second; the agent in less than 100 MiB and half a core for 10,000 entries a second.
/// </summary>
internal static class TailLagBench
{
    private const double WantedSeconds = 1;
    private const double WantedMemory = 100;
    private const double WantedCores = 0.5;

    /// <summary>Of the stream that <see cref="WantedCores"/> is meant for.</summary>
    private const double EntriesOfCores = 10_000;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <param name="arguments"><c>[RATE [SECONDS]]</c>: inserts a second, 20,000 unless given, for 600 s.</param>
    /// <returns>0 where all that is wanted is met; 2 where no mongod is there.</returns>
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        var rate = arguments.Count > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 20_000;
        var seconds = arguments.Count > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 600;
        if (RealMongo.Binary is null)
        {
            Console.Error.WriteLine("No mongod was found: see docs/benchmarks.md where it is looked for.");
            return 2;
        }

        await using var source = await RealMongo.StartAsync();
        using var appliance = new ApplianceUnderTest(source.ConnectionString);
        _ = await appliance.FirstSnapshotAsync(Limit);
        var before = appliance.ProcessorSeconds;
        var watch = Stopwatch.StartNew();
        var sent = new Sent();
        using var stop = new CancellationTokenSource();
        var following = FollowAsync(appliance, watch, sent, stop.Token);
        var inserted = await InsertAsync(source.ConnectionString, rate, TimeSpan.FromSeconds(seconds), watch, sent);
        var elapsed = watch.Elapsed;
        await sent.EmptyAsync(Limit);
        await stop.CancelAsync();
        await following;
        return Report(sent.Lags, inserted / elapsed.TotalSeconds, elapsed.TotalSeconds, before, appliance);
    }

    private static int Report(
        List<double> lags,
        double rate,
        double seconds,
        (double Appliance, double Agent) before,
        ApplianceUnderTest appliance
    )
    {
        var (own, agent) = appliance.ProcessorSeconds;
        var cores = (agent - before.Agent) / seconds;
        var scaled = cores * EntriesOfCores / rate;
        var (memory, agentMemory) = appliance.PeakMemory;
        lags.Sort();
        var p99 = lags[(int)(lags.Count * 0.99)];
        Print($"inserts        {rate:N0} a second for {seconds:0} s");
        Print(
            $"lag            p50 {lags[lags.Count / 2] * 1000:0} ms, p99 {p99 * 1000:0} ms, longest {lags[^1] * 1000:0} ms (wanted: p99 under {WantedSeconds * 1000:0} ms)"
        );
        Print(
            $"agent          {agentMemory:0} MiB (wanted: less than {WantedMemory:0}), {cores:0.00} of a core, {scaled:0.00} for {EntriesOfCores:N0} entries a second (wanted: {WantedCores:0.0})"
        );
        Print($"appliance      {memory:0} MiB, {(own - before.Appliance) / seconds:0.00} of a core");
        return p99 < WantedSeconds && agentMemory < WantedMemory && scaled <= WantedCores ? 0 : 1;
    }

    /// <summary>As many as are due at each tick, so that a source that hangs is made up for, and its delay counts.</summary>
    private static async Task<long> InsertAsync(string uri, int rate, TimeSpan whole, Stopwatch watch, Sent sent)
    {
        await using var client = await MongoClient.OpenAsync(
            ConnectionString.Parse(uri),
            new MongoClientOptions(),
            CancellationToken.None
        );
        var next = 0L;
        var begun = watch.Elapsed;
        while (watch.Elapsed - begun < whole)
        {
            var due = (long)((watch.Elapsed - begun).TotalSeconds * rate);
            if (due > next)
            {
                var at = watch.Elapsed;
                var count = (int)Math.Min(due - next, 5000);
                using var reply = await client.RunCommandAsync(
                    "bench",
                    Insert(next, count),
                    ReadTarget.Primary,
                    CancellationToken.None
                );
                sent.Add(at, reply.View["operationTime"u8].AsTimestamp);
                next += count;
            }

            await Task.Delay(Tick);
        }

        return next;
    }

    private static BsonDocument Insert(long first, int count) =>
        BsonDocument.Build(w =>
        {
            w.String("insert"u8, "stream").Boolean("ordered"u8, true).BeginArray("documents"u8);
            for (var i = 0; i < count; i++)
            {
                w.BeginDocument(System.Text.Encoding.ASCII.GetBytes(i.ToString(CultureInfo.InvariantCulture)))
                    .Int64("_id"u8, first + i)
                    .String("customer"u8, $"customer {(first + i) % 9973}")
                    .Double("total"u8, (first + i) % 100_003 / 100.0)
                    .String("state"u8, (first + i) % 3 == 0 ? "shipped" : "ordered")
                    .EndDocument();
            }

            w.EndArray();
        });

    private static async Task FollowAsync(
        ApplianceUnderTest appliance,
        Stopwatch watch,
        Sent sent,
        CancellationToken cancellation
    )
    {
        while (!cancellation.IsCancellationRequested)
        {
            if (await appliance.HeadAsync() is { } head)
            {
                sent.Reached(head.Timestamp, watch.Elapsed);
            }

            await Task.Delay(Look, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    /// <summary>Batches on their way from the source to the head.</summary>
    private sealed class Sent
    {
        private readonly Lock _lock = new();
        private readonly Queue<(TimeSpan At, ulong Timestamp)> _batches = new();

        /// <summary>Seconds.</summary>
        internal List<double> Lags { get; } = [];

        internal void Add(TimeSpan at, ulong timestamp)
        {
            lock (_lock)
            {
                _batches.Enqueue((at, timestamp));
            }
        }

        internal void Reached(ulong timestamp, TimeSpan now)
        {
            lock (_lock)
            {
                while (_batches.TryPeek(out var batch) && batch.Timestamp <= timestamp)
                {
                    Lags.Add((now - batch.At).TotalSeconds);
                    _batches.Dequeue();
                }
            }
        }

        internal async Task EmptyAsync(TimeSpan limit)
        {
            var watch = Stopwatch.StartNew();
            while (true)
            {
                lock (_lock)
                {
                    if (_batches.Count == 0)
                    {
                        return;
                    }
                }

                if (watch.Elapsed > limit)
                {
                    throw new TimeoutException("The head does not reach the end of the stream.");
                }

                await Task.Delay(Look);
            }
        }
    }
}
