using System.Diagnostics;
using System.Globalization;
using Backup.Blockstore.Files;
using Backup.Blockstore.Packs;
using Backup.Metadata.Sqlite;
using Backup.Tests.Support;

namespace Backup.Tests.Bench;

/// <summary>
/// A snapshot and a stretch of mixed oplog entries after it: from there to an archive of the last moment, beside <c>mongorestore --oplogReplay</c> of the
/// same documents and the same entries into a real server. At least 10 times as fast is wanted, with no more memory than the memtable is allowed and
/// what a restore of the snapshot alone takes.
/// </summary>
internal static class PitrReplayBench
{
    private const double Wanted = 10;

    /// <summary>Compressors, blocks being read, slices being read and the runtime's slack; MiB.</summary>
    private const double Slack = 128;

    private static readonly TimeSpan Limit = TimeSpan.FromHours(1);

    /// <param name="arguments"><c>[ENTRIES [MEMTABLE_MIB]]</c>, 1000000 and 256 unless given.</param>
    /// <param name="compare">False for the memory alone: mongorestore takes many times as long.</param>
    /// <returns>0 where memory and ratio are met, or no mongorestore is there to compare with.</returns>
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments, bool compare)
    {
        var entries = arguments.Count > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 1_000_000;
        var memtable = arguments.Count > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 256;
        var folder = Directory.CreateTempSubdirectory("backup-bench-").FullName;
        try
        {
            await FillAsync(folder, entries);
            var snapshot = await RestoreAsync(folder, 0, memtable);
            var first = await RestoreAsync(folder, entries, memtable);
            var second = await RestoreAsync(folder, entries, memtable);
            var over = Math.Max(first.Memory, second.Memory) - snapshot.Memory;
            Print($"memory         {over:0} MiB over the snapshot alone (wanted: {memtable + Slack:0} or less)");
            var bounded = over <= memtable + Slack;
            if (!compare)
            {
                return bounded ? 0 : 1;
            }

            if (RealMongo.Binary is null || MongoTools.Find("mongorestore") is null)
            {
                Print($"mongorestore: none found with a mongod; no ratio");
                return bounded ? 0 : 1;
            }

            var theirs = await MongorestoreAsync(Path.Combine(folder, "dump"), entries);
            var ratio = theirs / Math.Min(first.Seconds, second.Seconds);
            Print($"ratio          {ratio:0.0} (wanted: {Wanted:0} or more)");
            return bounded && ratio >= Wanted ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task FillAsync(string folder, int entries)
    {
        await using var blocks = await PackBlockStore.OpenAsync(Path.Combine(folder, "blocks"));
        await using var metadata = await SqliteMetadataStore.OpenAsync(Path.Combine(folder, "metadata.db"));
        await PitrHistory.FillAsync(metadata, blocks, new FileObjectStore(Path.Combine(folder, "slices")), entries);
    }

    /// <summary>In a process of its own, with the settings that an appliance has: nothing but the restore counts.</summary>
    private static async Task<(double Seconds, double Memory)> RestoreAsync(string folder, int entries, int memtable)
    {
        using var process = new ChildProcess(
            Environment.ProcessPath!,
            ["pitr-restore", folder, $"{entries}", $"{memtable}"],
            ("DOTNET_gcConcurrent", "0"),
            ("DOTNET_GCConserveMemory", "5"),
            ("DOTNET_TieredPGO", "0")
        );
        while (process.ReadLine() is { } line)
        {
            if (line.Split(' ') is ["done", var seconds, var memory])
            {
                return (
                    double.Parse(seconds, CultureInfo.InvariantCulture),
                    double.Parse(memory, CultureInfo.InvariantCulture)
                );
            }

            Console.WriteLine(line);
        }

        await process.WaitAsync(Limit);
        throw new InvalidOperationException($"the restore ended without a result: {process.LastError}");
    }

    private static async Task<double> MongorestoreAsync(string dump, int entries)
    {
        await PitrHistory.DumpAsync(dump, entries);
        await using var server = await RealMongo.StartAsync();
        var watch = Stopwatch.StartNew();
        using var process = new ChildProcess(
            MongoTools.Find("mongorestore")!,
            ["--quiet", "--oplogReplay", $"--uri={server.ConnectionString}", $"--dir={dump}"]
        );
        await process.WaitAsync(Limit);
        var seconds = watch.Elapsed.TotalSeconds;
        Print($"mongorestore   {seconds:0.00} s, {entries / seconds:N0} entries/s");
        return seconds;
    }

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
