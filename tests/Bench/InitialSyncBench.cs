using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Backup.Tests.Support;

namespace Backup.Tests.Bench;

/// <summary>
/// From nothing to a durable, restorable snapshot of about 1 GB, beside <c>mongodump --gzip --archive</c> of the same server, in alternating rounds of
/// one run. At least 1.5 times as fast is wanted.
/// </summary>
internal static class InitialSyncBench
{
    private const double Wanted = 1.5;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    /// <param name="arguments"><c>[MEGABYTES [ROUNDS [URI]]]</c>; with a URI that server is copied, whatever it holds, else a sandbox.</param>
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        var megabytes = arguments.Count > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 1000;
        var rounds = arguments.Count > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 2;
        var dump = MongoTools.Find("mongodump");
        Console.WriteLine(dump is null ? "mongodump: none found; no ratio" : $"mongodump: {dump}");
        using var source = arguments.Count > 2 ? null : StartSandbox("orders", megabytes * 1_000_000L);
        var uri = source is null ? arguments[2] : source.ReadLine()!;
        var best = (Dump: double.MaxValue, Sync: double.MaxValue);
        for (var round = 0; round < rounds; round++)
        {
            if (dump is not null)
            {
                best.Dump = Math.Min(best.Dump, await DumpAsync(dump, uri, source));
            }

            best.Sync = Math.Min(best.Sync, await SyncAsync(uri, source));
        }

        if (dump is null)
        {
            return 0;
        }

        Print($"ratio          {best.Dump / best.Sync:0.00} (wanted: {Wanted:0.0} or more)");
        return best.Dump / best.Sync >= Wanted ? 0 : 1;
    }

    internal static ChildProcess StartSandbox(string kind, long bytes) =>
        new(
            Environment.ProcessPath!,
            ["sandbox-serve", kind, bytes.ToString(CultureInfo.InvariantCulture)],
            ("DOTNET_TieredPGO", "0")
        );

    private static async Task<double> DumpAsync(string program, string uri, ChildProcess? source)
    {
        var before = source?.ProcessorSeconds ?? 0;
        var watch = Stopwatch.StartNew();
        using var process = new ChildProcess(program, ["--gzip", "--archive=/dev/null", $"--uri={uri}"]);
        var processor = await process.WaitAsync(Limit);
        var seconds = watch.Elapsed.TotalSeconds;
        Print($"mongodump      {seconds:0.0} s, processor {processor:0.0} s{Of(source, before)}");
        return seconds;
    }

    private static async Task<double> SyncAsync(string uri, ChildProcess? source)
    {
        var before = source?.ProcessorSeconds ?? 0;
        using var appliance = new ApplianceUnderTest(uri);
        var (seconds, snapshot) = await appliance.FirstSnapshotAsync(Limit);
        var (memory, agent) = appliance.PeakMemory;
        var processor = appliance.ProcessorSeconds;
        Print(
            $"initial sync   {seconds:0.0} s, processor {processor.Appliance:0.0} s and agent {processor.Agent:0.0} s{Of(source, before)}, {Text(snapshot, "rawBytes")} raw, {Text(snapshot, "storedBytes")} stored, peak memory {memory:0} MiB and agent {agent:0} MiB"
        );
        Print(
            $"               {string.Join(", ", appliance.Timeline.Select(at => $"{at.State} at {at.Seconds:0.0} s (processor {at.Processor:0.0} s)"))}"
        );
        return seconds;
    }

    private static string Of(ChildProcess? source, double before) =>
        source is null
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $" (source {source.ProcessorSeconds - before:0.0} s)");

    private static string Text(JsonElement snapshot, string name) => snapshot.GetProperty(name).GetRawText();

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
