using System.Diagnostics;
using System.Globalization;
using Backup.Blockstore.Files;
using Backup.Blockstore.Packs;
using Backup.Daemon;
using Backup.Daemon.PointInTime;
using Backup.Daemon.Restores;
using Backup.Foundation.Memory;
using Backup.Metadata.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Backup.Tests.Bench;

/// <summary>One restore from the folder that <see cref="PitrReplayBench"/> has filled; ends with a line <c>done SECONDS PEAK_MIB</c>.</summary>
internal static class PitrRestore
{
    /// <param name="arguments">Folder, how many entries after the snapshot, MiB of the memtable.</param>
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        // As an appliance does.
        NativeHeap.ReturnLargeBlocks();
        var folder = arguments[0];
        var entries = int.Parse(arguments[1], CultureInfo.InvariantCulture);
        var memtable = int.Parse(arguments[2], CultureInfo.InvariantCulture);
        await using var blocks = await PackBlockStore.OpenAsync(Path.Combine(folder, "blocks"));
        await using var metadata = await SqliteMetadataStore.OpenAsync(Path.Combine(folder, "metadata.db"));
        var set = await metadata.Deployments.FindReplicaSetAsync(PitrHistory.ReplicaSetId);
        var options = new DaemonOptions
        {
            SpillFolder = Path.Combine(folder, "spill"),
            RestoreMemtableBytes = (long)memtable << 20,
        };
        var objects = new FileObjectStore(Path.Combine(folder, "slices"));
        var service = new RestoreService(
            new RestoreServices(metadata, blocks, objects, options, TimeProvider.System, NullLogger.Instance)
        );
        await using var output = File.Create(Path.Combine(folder, "archive"));
        var watch = Stopwatch.StartNew();
        await using var restore = await service.OpenAsync(
            set!,
            RestorePoint.UpTo(PitrHistory.At(entries)),
            RestoreFormat.Archive
        );
        var replayed = watch.Elapsed.TotalSeconds;
        var result = await restore.WriteAsync(output);
        var seconds = watch.Elapsed.TotalSeconds;
        var peak = ChildProcess.PeakMemoryOf(Environment.ProcessId);
        Print(
            $"restore        {seconds:0.00} s ({replayed:0.00} s of it the replay, {entries / replayed:N0} entries/s), processor {Environment.CpuUsage.TotalTime.TotalSeconds:0.00} s, peak memory {peak:0} MiB; {result.Documents} documents, {result.Bytes / 1e6:0.0} MB"
        );
        Print($"done {seconds} {peak}");
        return 0;
    }

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
