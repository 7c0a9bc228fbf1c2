using System.Diagnostics;
using System.Globalization;
using Backup.BackupHttpServer;
using Backup.BackupHttpServer.Measuring;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Backup.Metadata.Sqlite;
using Backup.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Backup.Tests.Bench;

/// <summary>
/// Monitoring: agents that each report a replica set of three hosts once a minute, over TLS connections of their own, to one server process; what that costs its
/// processor, events and spans included. And what stays on the disk: some deployments through three simulated days, a row of each grain weighed, and all rows of a
/// year counted up. Wanted: 1,000 reports a minute for less than 5 % of a core, and a bound.
/// </summary>
internal static class HostsBench
{
    private const double WantedShare = 0.05;
    private const int WarmUpSeconds = 60;
    private const int Weighed = 4;
    private const int Days = 3;
    private const double RowOverhead = 40;

    /// <param name="arguments"><c>[REPORTS [SECONDS]]</c>: 1,000 a minute, 120 s.</param>
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        var agents = Argument(arguments, 0, 1000);
        var seconds = Argument(arguments, 1, 120);
        var share = await ProcessorAsync(agents, seconds);
        await DiskAsync(agents);
        return share < WantedShare ? 0 : 1;
    }

    private static async Task<double> ProcessorAsync(int agents, int seconds)
    {
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
            await Parallel.ForAsync(
                0,
                agents,
                new ParallelOptions { MaxDegreeOfParallelism = 16 },
                async (n, _) => await all[n].EnrolAsync(tokens[n])
            );
            var begun = Stopwatch.StartNew();
            var reports = Task.WhenAll(all.Select((one, n) => ReportAsync(one, n, agents, WarmUpSeconds + seconds)));
            await Task.Delay(TimeSpan.FromSeconds(WarmUpSeconds));
            var before = server.ProcessorSeconds;
            var watch = Stopwatch.StartNew();
            await Task.Delay(TimeSpan.FromSeconds(seconds));
            var elapsed = watch.Elapsed.TotalSeconds;
            var share = (server.ProcessorSeconds - before) / elapsed;
            await reports;
            Print(
                $"hosts: {agents} reports a minute of 3 hosts each: {share:P1} of a core (wanted: less than {WantedShare:P0}) over {elapsed:0} s, TLS, events and spans included; memory at most {ChildProcess.PeakMemoryOf(server.Id):0} MiB"
            );
            all.ForEach(static one => one.Dispose());
            return share;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Once a minute, each at another moment of it.</summary>
    private static async Task ReportAsync(SimulatedAgent agent, int number, int agents, int seconds)
    {
        await Task.Delay(TimeSpan.FromMinutes((double)number / agents));
        for (var minute = 0; minute * 60 < seconds; minute++)
        {
            var due = Task.Delay(TimeSpan.FromMinutes(1));
            await agent.MonitoringAsync(Sample(number, minute, TimeProvider.System.GetUtcNow()));
            await due;
        }
    }

    private static async Task DiskAsync(int deployments)
    {
        using var folder = new TemporaryFolder();
        var time = new ManualTime();
        await using var metadata = await SqliteMetadataStore.OpenAsync(folder.File("metadata.db"), time);
        await using var roller = new SpanRoller(metadata, time, NullLogger.Instance);
        var group = await metadata.Access.EnsureGroupAsync("bench");
        for (var one = 0; one < Weighed; one++)
        {
            var deployment = new Deployment(
                $"d{one}",
                group.Id,
                $"d{one}",
                "replicaSet",
                $"mongodb://{one}/",
                time.GetUtcNow()
            );
            await metadata.Deployments.EnsureAsync(deployment);
        }

        var begun = time.GetUtcNow();
        for (var minute = 0; minute < Days * 24 * 60; minute++)
        {
            for (var one = 0; one < Weighed; one++)
            {
                await Monitoring.AddAsync(metadata, $"d{one}", Sample(one, minute, time.GetUtcNow()), time.GetUtcNow());
            }

            time.Advance(TimeSpan.FromMinutes(1));
            if (minute % 60 == 0)
            {
                await roller.RoundAsync(CancellationToken.None);
            }
        }

        var now = time.GetUtcNow();
        var minutes = await metadata.Monitoring.ListAsync("d0", begun);
        var shorter = await metadata.Monitoring.SpansAsync("d0", 5, begun, now);
        var longer = await metadata.Monitoring.SpansAsync("d0", 60, begun, now);
        var (row, five, hour) = (
            minutes.Average(static one => one.Content.Length) + RowOverhead,
            shorter.Average(static one => one.Content.Length) + RowOverhead,
            longer.Average(static one => one.Content.Length) + RowOverhead
        );
        var (rows, fives, hours) = (
            Monitoring.Keep.TotalMinutes,
            Monitoring.KeepShort.TotalMinutes / 5,
            Monitoring.KeepLong.TotalHours
        );
        var bytes = (rows * row) + (fives * five) + (hours * hour);
        Print(
            $"hosts: after {Days} days a deployment has {minutes.Count} samples, {shorter.Count} spans of 5 minutes, {longer.Count} of an hour; the database {new FileInfo(folder.File("metadata.db")).Length / 1048576.0 / Weighed:0.0} MiB each"
        );
        Print(
            $"hosts: at most {rows + fives + hours:N0} rows of {row:0}, {five:0} and {hour:0} bytes a deployment: {bytes / 1048576:0.0} MiB, {deployments * bytes / (1L << 30):0.0} GiB of {deployments}, however long it runs; after two days {((rows * row) + (576 * five) + (48 * hour)) / 1048576:0.0} MiB"
        );
    }

    private static MonitoringSample Sample(int number, int minute, DateTimeOffset at)
    {
        var random = new Random((number * 100_003) + minute);
        var hosts = Enumerable.Range(0, 3).Select(n => $"db{n}.set{number}.example.org:27017").ToList();
        var optime = new WireOptime((uint)at.ToUnixTimeSeconds(), 1, 7);
        return new MonitoringSample(
            at,
            [
                .. hosts.Select(
                    (host, n) =>
                        new HostSample(
                            host,
                            "4.2.4",
                            1_000_000 + (minute * 60L),
                            200 + random.Next(50),
                            50_000,
                            new Dictionary<string, long>
                            {
                                ["insert"] = 1_000_000 + (minute * 6000L) + random.Next(6000),
                                ["query"] = 5_000_000 + (minute * 60_000L) + random.Next(60_000),
                                ["update"] = 10_000 + (minute * 600L) + random.Next(600),
                                ["delete"] = 1000 + (minute * 60L) + random.Next(60),
                                ["getmore"] = 90_000 + (minute * 900L) + random.Next(900),
                                ["command"] = 70_000_000 + (minute * 90_000L) + random.Next(90_000),
                            },
                            4000 + random.Next(100),
                            3_000_000_000 + random.Next(100_000_000),
                            4_000_000_000,
                            1_000_000_000 + (minute * 10_000_000L) + random.Next(10_000_000),
                            2_000_000_000 + (minute * 30_000_000L) + random.Next(30_000_000)
                        )
                        {
                            Queued = random.Next(3),
                            DiskUsedBytes = 500_000_000_000 + (minute * 1_000_000L),
                            DiskTotalBytes = 1_000_000_000_000,
                        }
                ),
            ],
            [
                .. hosts.Select(
                    (host, n) =>
                        new MemberSample(
                            host,
                            n == 0 ? "PRIMARY" : "SECONDARY",
                            true,
                            optime,
                            n == 0 ? 0 : random.Next(3)
                        )
                ),
            ],
            [
                .. Enumerable
                    .Range(0, 10)
                    .Select(n => new DatabaseSample(
                        $"database{n}",
                        20,
                        1_000_000 + minute,
                        900_000_000 + minute,
                        400_000_000 + minute,
                        50_000_000
                    )),
            ],
            0,
            new OplogSample(optime with { T = optime.T - 86400 }, optime, 86400)
        );
    }

    private static int Argument(IReadOnlyList<string> arguments, int at, int otherwise) =>
        arguments.Count > at ? int.Parse(arguments[at], CultureInfo.InvariantCulture) : otherwise;

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
