using System.Diagnostics;
using System.Globalization;
using Backup.Blockstore;
using Backup.Blockstore.Grooming;

namespace Backup.Tests.Bench;

/// <summary>
/// Fifty snapshots of documents of which 1 % change between two of them; ten stay. A groom beside <c>restic forget --prune</c> of fifty dumps of the same,
/// of which ten stay; and how long puts take that go on beside the groom.
/// </summary>
internal static class GroomBench
{
    private const int Snapshots = 50;
    private const int Kept = 10;
    private const double Share = 0.01;
    private const double Wanted = 10;
    private const int MaxRuns = 8;

    /// <param name="arguments"><c>[MEGABYTES] [cold]</c>, 200 unless given; cold: neither has any of its files in memory when it begins.</param>
    /// <returns>0 where the goal is met, or where there is no restic to compare with.</returns>
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        var megabytes = arguments.Count > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 200;
        var isCold = arguments is [_, "cold"];
        var folder = Directory.CreateTempSubdirectory("backup-bench-").FullName;
        try
        {
            await using var documents = await ChangingDocuments.MakeAsync(
                Path.Combine(folder, "blocks"),
                megabytes * 1_000_000L
            );
            var restic = Restic.IsThere ? new Restic(Path.Combine(folder, "repository")) : null;
            var kept = (await TakeAsync(documents, restic, Path.Combine(folder, "dump.bson")))[^Kept..];
            var ours = await GroomAsync(documents, kept, isCold ? Path.Combine(folder, "blocks") : null);
            if (restic is null)
            {
                Print($"restic         it is missing; no ratio");
                return 0;
            }

            var before = restic.Bytes;
            if (isCold)
            {
                await ForgetAsync(Path.Combine(folder, "repository"));
            }

            var theirs = await restic.RunAsync("forget", "--prune", "--keep-last", $"{Kept}");
            Print(
                $"restic         {theirs.Seconds:0.00} s, processor {theirs.Processor:0.00} s, {before / 1e6:N0} MB to {restic.Bytes / 1e6:N0} MB"
            );
            Print(
                $"over restic    {theirs.Seconds / ours.Seconds:0.0} by the clock, {theirs.Processor / ours.Processor:0.0} by processor time (wanted: {Wanted:0} or more)"
            );
            return theirs.Seconds / ours.Seconds >= Wanted ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<List<BlockId>> TakeAsync(ChangingDocuments documents, Restic? restic, string dump)
    {
        if (restic is not null)
        {
            await restic.RunAsync("init");
        }

        var manifests = new List<BlockId>();
        for (var n = 0; n < Snapshots; n++)
        {
            var manifest = await documents.ChangeAsync(Share);
            manifests.Add(n % MaxRuns == 0 ? await documents.MergeAsync() : manifest);
            if (restic is not null)
            {
                documents.Dump(dump);
                await restic.RunAsync("backup", dump);
            }
        }

        return manifests;
    }

    /// <summary>Takes the files below a folder out of the page cache: what a host has that did other things since.</summary>
    private static async Task ForgetAsync(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            // What is not on the disk yet cannot be taken out.
            using var sync = new ChildProcess("sync", [file]);
            await sync.WaitAsync(TimeSpan.FromMinutes(1));
            using var forget = new ChildProcess("dd", [$"if={file}", "iflag=nocache", "count=0", "status=none"]);
            await forget.WaitAsync(TimeSpan.FromMinutes(1));
        }
    }

    /// <returns>Seconds by the clock, and processor time of this process, which puts blocks beside it.</returns>
    private static async Task<(double Seconds, double Processor)> GroomAsync(
        ChangingDocuments documents,
        IReadOnlyList<BlockId> kept,
        string? cold
    )
    {
        var store = documents.Store;
        await store.FlushAsync();
        var alone = await LongestPutAsync(store, Task.Delay(TimeSpan.FromSeconds(3)));
        // An appliance runs for weeks: what is compiled at the first call is no part of it.
        var first = Stopwatch.StartNew();
        await store.GroomAsync(new KeptManifests(store, kept), new GroomOptions { DryRun = true });
        Print($"dry run        {first.Elapsed.TotalSeconds:0.00} s, the first call");
        if (cold is not null)
        {
            await ForgetAsync(cold);
        }

        var before = Environment.CpuUsage.TotalTime;
        var watch = Stopwatch.StartNew();
        var groom = store.GroomAsync(new KeptManifests(store, kept));
        var beside = await LongestPutAsync(store, groom);
        var report = await groom;
        var seconds = watch.Elapsed.TotalSeconds;
        var processor = (Environment.CpuUsage.TotalTime - before).TotalSeconds;
        Print(
            $"groom          {seconds:0.00} s, processor {processor:0.00} s, {report.PackBytes / 1e6:N0} MB less {report.FreedBytes / 1e6:N0} MB; {report.RemovedPacks} packs removed, {report.CompactedPacks} put together, {report.CopiedBytes / 1e6:N0} MB copied; {report.DeadBytes / 1e6:N0} MB were dead"
        );
        Print(
            $"puts           beside the groom {beside.Count}, the longest {beside.Longest:0} ms; alone {alone.Count}, {alone.Longest:0} ms"
        );
        return (seconds, processor);
    }

    /// <summary>Puts blocks of 128 KiB, one after another, each new, until something has ended.</summary>
    private static async Task<(int Count, double Longest)> LongestPutAsync(IBlockStore store, Task until)
    {
        using var work = store.Holds.Begin();
        var (count, longest) = (0, 0.0);
        var block = new byte[128 * 1024];
        while (!until.IsCompleted)
        {
            Random.Shared.NextBytes(block);
            var watch = Stopwatch.StartNew();
            await store.PutAsync(block);
            longest = Math.Max(longest, watch.Elapsed.TotalMilliseconds);
            count++;
            // As ingest does: not as fast as the disk takes it.
            await Task.Delay(10);
        }

        return (count, longest);
    }

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
