using System.Diagnostics;
using System.Globalization;
using Backup.Tests.Support;

namespace Backup.Tests.Bench;

/// <summary>
/// Restores of an appliance beside what others do with the same documents, in alternating rounds of one run: the whole as an archive beside
/// <c>restic restore</c> of a dump and zstd's own decompression; one small collection beside a whole mongorestore; straight into MongoDB beside
/// <c>mongorestore --gzip --archive</c>.
/// </summary>
internal static class RestoreBench
{
    private const double WantedOverRestic = 2;
    private const double WantedOfZstd = 0.8;
    private const double WantedFirstByte = 0.2;
    private const double WantedOfSmall = 50;
    private const double WantedInto = 1.5;

    /// <summary>What the ratio of one small collection is asked for.</summary>
    private const double WholeBytes = 10e9;

    private static readonly string Program = ApplianceUnderTest.Program;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(20);

    /// <param name="arguments"><c>[MEGABYTES [ROUNDS]]</c>, 1000 and 2 unless given.</param>
    /// <returns>0 where every ratio that could be taken is met.</returns>
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        var megabytes = arguments.Count > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 1000;
        var rounds = arguments.Count > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 2;
        var folder = Directory.CreateTempSubdirectory("backup-bench-").FullName;
        try
        {
            using var source = InitialSyncBench.StartSandbox("orders", megabytes * 1_000_000L);
            var uri = source.ReadLine()!;
            using var appliance = new ApplianceUnderTest(uri);
            var (_, snapshot) = await appliance.FirstSnapshotAsync(Limit);
            var id = snapshot.GetProperty("id").GetString()!;
            var bytes = snapshot.GetProperty("rawBytes").GetInt64();
            Print(
                $"documents      {bytes / 1e6:0} MB, {snapshot.GetProperty("storedBytes").GetInt64() / 1e6:0} MB stored"
            );
            var isMet = await StreamAsync(appliance, uri, folder, id, rounds);
            return await IntoAsync(appliance.Data, uri, folder, id, bytes, rounds) && isMet ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<bool> StreamAsync(
        ApplianceUnderTest appliance,
        string uri,
        string folder,
        string snapshot,
        int rounds
    )
    {
        var archive = Path.Combine(folder, "whole.archive");
        var (ours, unhashed, theirs, zstd) = (new Best(), new Best(), new Best(), new Best());
        var restic = await ResticAsync(uri, folder);
        var halves = new List<string>();
        for (var round = 0; round < rounds; round++)
        {
            File.Delete(archive);
            ours.Add(await WithApplianceAsync("restore", appliance, snapshot, "--output", archive));
            File.Delete(archive);
            unhashed.Add(
                await WithApplianceAsync("without a sum", appliance, snapshot, "--output", archive, "--no-checksum")
            );
            if (restic is not null)
            {
                theirs.Add(await restic());
            }

            halves = halves.Count > 0 ? halves : await HalvesAsync(archive, folder);
            if (halves.Count > 0)
            {
                zstd.Add(await ZstdAsync(halves));
            }
        }

        var isMet = true;
        if (restic is not null)
        {
            Compare("over restic", theirs, ours, WantedOverRestic);
            Compare("without a sum", theirs, unhashed, WantedOverRestic);
            isMet &= theirs.Seconds / ours.Seconds >= WantedOverRestic;
        }

        if (halves.Count > 0)
        {
            Compare("of zstd", zstd, ours, WantedOfZstd);
            Compare("without a sum", zstd, unhashed, WantedOfZstd);
            isMet &= zstd.Seconds / ours.Seconds >= WantedOfZstd;
        }

        return isMet;
    }

    private static void Compare(string what, Best theirs, Best ours, double wanted) =>
        Print(
            $"{what, -14} {theirs.Seconds / ours.Seconds:0.00} by the clock, {theirs.Processor / ours.Processor:0.00} by processor time (wanted: {wanted:0.0} or more)"
        );

    /// <summary>With what the appliance used meanwhile.</summary>
    private static async Task<(double Seconds, double Processor)> WithApplianceAsync(
        string what,
        ApplianceUnderTest appliance,
        string snapshot,
        params string[] more
    )
    {
        var before = appliance.ProcessorSeconds.Appliance;
        var (seconds, processor) = await TimeAsync("", Program, Arguments(appliance.Data, snapshot, more));
        processor += appliance.ProcessorSeconds.Appliance - before;
        Print($"{what, -14} {seconds:0.00} s, processor {processor:0.0} s with the appliance's");
        return (seconds, processor);
    }

    /// <summary>Makes a repository of a plain dump, which is what users of restic have.</summary>
    /// <returns>Restores it into a fresh folder; null where restic or mongodump is missing.</returns>
    private static async Task<Func<Task<(double, double)>>?> ResticAsync(string uri, string folder)
    {
        if (!File.Exists("/usr/bin/restic") || MongoTools.Find("mongodump") is not { } mongodump)
        {
            Print($"restic: it or mongodump is missing; no ratio");
            return null;
        }

        var (dump, repository, target) = (
            Path.Combine(folder, "dump"),
            Path.Combine(folder, "repo"),
            Path.Combine(folder, "restic")
        );
        await TimeAsync("", mongodump, [$"--uri={uri}", $"--out={dump}"]);
        await Restic("", "init");
        await Restic("", "backup", dump);
        Directory.Delete(dump, recursive: true);
        return async () =>
        {
            var time = await Restic("restic restore", "restore", "latest", "--target", target);
            Directory.Delete(target, recursive: true);
            return time;
        };

        Task<(double, double)> Restic(string what, params string[] arguments) =>
            TimeAsync(
                what,
                "/usr/bin/restic",
                ["--no-cache", "--quiet", .. arguments],
                ("RESTIC_REPOSITORY", repository),
                ("RESTIC_PASSWORD", "bench")
            );
    }

    /// <summary>The archive in two halves, as zstd 3 makes them: one for each of two cores.</summary>
    private static async Task<List<string>> HalvesAsync(string archive, string folder)
    {
        if (!File.Exists("/usr/bin/zstd"))
        {
            Print($"zstd: it is missing; no ratio");
            return [];
        }

        var half = new FileInfo(archive).Length / 2;
        var halves = new List<string>();
        foreach (var (name, from) in new[] { ("a", "head"), ("b", "tail") })
        {
            var to = Path.Combine(folder, $"{name}.zst");
            await TimeAsync("", "/bin/sh", ["-c", $"{from} -c {half} '{archive}' | zstd -q -3 -f -o '{to}'"]);
            halves.Add(to);
        }

        return halves;
    }

    private static async Task<(double Seconds, double Processor)> ZstdAsync(List<string> halves)
    {
        var before = ChildProcess.SecondsOfEnded();
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(
            halves.Select(half => TimeAsync("", "/usr/bin/zstd", ["-q", "-d", "-f", half, "-o", half + ".out"]))
        );
        var (seconds, processor) = (watch.Elapsed.TotalSeconds, ChildProcess.SecondsOfEnded() - before);
        halves.ForEach(half => File.Delete(half + ".out"));
        Print($"zstd -d        {seconds:0.00} s, processor {processor:0.0} s");
        return (seconds, processor);
    }

    private static async Task<bool> IntoAsync(
        string data,
        string uri,
        string folder,
        string snapshot,
        long bytes,
        int rounds
    )
    {
        if (RealMongo.Binary is null || MongoTools.Find("mongorestore") is not { } mongorestore)
        {
            Print($"mongorestore: it or mongod is missing; no ratio");
            return true;
        }

        var dump = Path.Combine(folder, "dump.gz");
        await TimeAsync("", MongoTools.Find("mongodump")!, [$"--uri={uri}", "--gzip", $"--archive={dump}"]);
        var best = (Ours: double.MaxValue, Theirs: double.MaxValue);
        for (var round = 0; round < rounds; round++)
        {
            await using (var target = await RealMongo.StartAsync())
            {
                best.Theirs = Math.Min(
                    best.Theirs,
                    await MongorestoreAsync(mongorestore, dump, target.ConnectionString)
                );
            }

            await using (var target = await RealMongo.StartAsync())
            {
                best.Ours = Math.Min(
                    best.Ours,
                    await RestoreAsync("restore --to", data, snapshot, "--to", target.ConnectionString)
                );
            }
        }

        Print($"into MongoDB   {best.Theirs / best.Ours:0.00} (wanted: {WantedInto:0.0} or more)");
        var small = await SmallAsync(data, snapshot, folder);
        var ratio = best.Theirs * WholeBytes / bytes / small;
        Print(
            $"one collection {ratio:0} times as fast as mongorestore of {WholeBytes / 1e9:0} GB would be (wanted: {WantedOfSmall:0} or more)"
        );
        return best.Theirs / best.Ours >= WantedInto && ratio >= WantedOfSmall && small < WantedFirstByte;
    }

    /// <summary>With the settings that are the fastest on two cores: several collections and several writers of each.</summary>
    private static async Task<double> MongorestoreAsync(string program, string dump, string uri)
    {
        string[] arguments =
        [
            "--gzip",
            $"--archive={dump}",
            "-j",
            "4",
            "--numInsertionWorkersPerCollection",
            "4",
            $"--uri={uri}",
        ];
        return (await TimeAsync("mongorestore", program, arguments)).Seconds;
    }

    /// <summary>Of one small collection: seconds from the start of the command to its first byte.</summary>
    private static async Task<double> SmallAsync(string data, string snapshot, string folder)
    {
        _ = folder;
        var best = double.MaxValue;
        for (var round = 0; round < 5; round++)
        {
            var watch = Stopwatch.StartNew();
            using var process = Process.Start(
                new ProcessStartInfo(Program, Arguments(data, snapshot, "--namespace", "bench.small", "--output", "-"))
                {
                    RedirectStandardOutput = true,
                }
            )!;
            var first = process.StandardOutput.BaseStream.ReadByte();
            var seconds = watch.Elapsed.TotalSeconds;
            await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            best = first >= 0 && process.ExitCode == 0 ? Math.Min(best, seconds) : best;
        }

        Print(
            $"first byte     {best * 1000:0} ms of one small collection (wanted: less than {WantedFirstByte * 1000:0})"
        );
        return best;
    }

    private static async Task<double> RestoreAsync(string what, string data, string snapshot, params string[] more) =>
        (await TimeAsync(what, Program, Arguments(data, snapshot, more))).Seconds;

    private static string[] Arguments(string data, string snapshot, params string[] more) =>
        ["restore", "sandbox", "--data", data, "--snapshot", snapshot, .. more];

    private static async Task<(double Seconds, double Processor)> TimeAsync(
        string what,
        string program,
        string[] arguments,
        params (string, string)[] environment
    )
    {
        var watch = Stopwatch.StartNew();
        using var process = new ChildProcess(program, arguments, environment);
        var processor = await process.WaitAsync(Limit);
        var seconds = watch.Elapsed.TotalSeconds;
        if (what.Length > 0)
        {
            Print($"{what, -14} {seconds:0.00} s, processor {processor:0.0} s");
        }

        return (seconds, processor);
    }

    /// <summary>Of several rounds.</summary>
    private sealed class Best
    {
        internal double Seconds { get; private set; } = double.MaxValue;

        internal double Processor { get; private set; } = double.MaxValue;

        internal void Add((double Seconds, double Processor) round)
        {
            Seconds = Math.Min(Seconds, round.Seconds);
            Processor = Math.Min(Processor, round.Processor);
        }
    }

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
