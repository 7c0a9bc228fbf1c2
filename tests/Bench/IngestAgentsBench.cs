using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Backup.Tests.Bench;

/// <summary>
/// Many agents, each of which sends a slice of its oplog and a heartbeat a second over TLS connections of its own, to one server process on
/// SQLite and files. A slice's time runs from the moment at which it was due, so that a server that makes agents wait is not measured the
/// better for it. The first seconds do not count: the server's code is compiled in them, which an appliance's is beforehand. Wanted with 500
/// agents: the 99th percentile under a second, and no error.
/// </summary>
internal static class IngestAgentsBench
{
    private const double WantedSeconds = 1;
    private const int Entries = 20;
    private const int WarmUpSeconds = 10;

    /// <param name="arguments"><c>[AGENTS [SECONDS [BYTES]]]</c>: 500 agents, 30 s, slices of 20 KB raw.</param>
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        var agents = Argument(arguments, 0, 500);
        var seconds = Argument(arguments, 1, 30);
        var filler = new byte[Math.Max(1, Argument(arguments, 2, 20_000) / Entries)];
        Random.Shared.NextBytes(filler.AsSpan(filler.Length / 2));
        var folder = Directory.CreateTempSubdirectory("backup-bench-").FullName;
        try
        {
            using var server = new ChildProcess(
                Environment.ProcessPath!,
                ["ingest-serve", $"{agents}", folder],
                ("DOTNET_TieredPGO", "0")
            );
            var port = int.Parse(server.ReadLine()!, CultureInfo.InvariantCulture);
            var all = Enumerable.Range(0, agents).Select(n => new SimulatedAgent(n, port)).ToList();
            var tokens = all.Select(_ => server.ReadLine()!).ToList();
            server.Drain();
            var begun = Stopwatch.StartNew();
            await Parallel.ForAsync(
                0,
                agents,
                new ParallelOptions { MaxDegreeOfParallelism = 32 },
                async (n, _) => await all[n].BeginAsync(tokens[n])
            );
            Print($"{agents} agents enrolled, syncs begun and ended in {begun.Elapsed.TotalSeconds:0.0} s");

            var warmUp = new Results();
            await Task.WhenAll(all.Select((agent, n) => RunAsync(agent, n, agents, WarmUpSeconds, filler, warmUp)));
            Print(
                $"first {WarmUpSeconds} s       p99 {warmUp.Percentile(0.99) * 1000:0} ms, sent away {warmUp.TimesSentAway} times"
            );
            var before = (Server: server.ProcessorSeconds, Own: Own());
            var watch = Stopwatch.StartNew();
            var results = new Results();
            await Task.WhenAll(all.Select((agent, n) => RunAsync(agent, n, agents, seconds, filler, results)));
            var elapsed = watch.Elapsed.TotalSeconds;
            Report(results, elapsed);
            Print(
                $"processor      server {(server.ProcessorSeconds - before.Server) / elapsed:0.00} of a core, agents {(Own() - before.Own) / elapsed:0.00}; server's memory at most {ChildProcess.PeakMemoryOf(server.Id):0} MiB"
            );
            all.ForEach(agent => agent.Dispose());
            return warmUp.Errors.IsEmpty && results.Errors.IsEmpty && results.Percentile(0.99) < WantedSeconds ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task RunAsync(
        SimulatedAgent agent,
        int number,
        int agents,
        int seconds,
        byte[] filler,
        Results results
    )
    {
        // Spread over the second, as agents are.
        var due = Stopwatch.StartNew();
        var offset = TimeSpan.FromSeconds((double)number / agents);
        var beats = Task.CompletedTask;
        for (var second = 0; second < seconds; second++)
        {
            var at = offset + TimeSpan.FromSeconds(second);
            if (at > due.Elapsed)
            {
                await Task.Delay(at - due.Elapsed);
            }

            try
            {
                await beats;
                beats = agent.HeartbeatAsync();
                results.SentAway(await agent.SendAsync(filler, Entries));
                results.Acknowledged.Add((due.Elapsed - at).TotalSeconds);
            }
            catch (Exception failure) when (failure is HttpRequestException or InvalidOperationException)
            {
                results.Errors.Add(failure.Message);
            }
        }

        await beats.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static void Report(Results results, double elapsed)
    {
        var slices = results.Acknowledged.Count;
        Print($"slices         {slices} acknowledged in {elapsed:0.0} s, {slices / elapsed:0} a second");
        Print(
            $"acknowledged   p50 {results.Percentile(0.5) * 1000:0} ms, p99 {results.Percentile(0.99) * 1000:0} ms, longest {results.Percentile(1) * 1000:0} ms (wanted: p99 under {WantedSeconds * 1000:0} ms)"
        );
        Print($"sent away      {results.TimesSentAway} times (429, 503)");
        Print($"errors         {results.Errors.Count} (wanted: none)");
        foreach (var group in results.Errors.GroupBy(error => error).OrderByDescending(group => group.Count()).Take(5))
        {
            Print($"  {group.Count()} x {group.Key}");
        }
    }

    private static double Own() => Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds;

    private static int Argument(IReadOnlyList<string> arguments, int index, int unlessGiven) =>
        arguments.Count > index ? int.Parse(arguments[index], CultureInfo.InvariantCulture) : unlessGiven;

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private sealed class Results
    {
        private int _sentAway;

        /// <summary>Seconds from when each slice was due.</summary>
        public ConcurrentBag<double> Acknowledged { get; } = [];

        public ConcurrentBag<string> Errors { get; } = [];

        public int TimesSentAway => _sentAway;

        public void SentAway(int times) => Interlocked.Add(ref _sentAway, times);

        public double Percentile(double part)
        {
            var sorted = Acknowledged.Order().ToArray();
            return sorted.Length == 0
                ? double.PositiveInfinity
                : sorted[Math.Max(0, (int)Math.Ceiling(part * sorted.Length) - 1)];
        }
    }
}
