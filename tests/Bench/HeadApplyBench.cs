using System.Diagnostics;
using System.Globalization;
using Backup.Blockstore.Packs;
using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Manifests;

namespace Backup.Tests.Bench;

/// <summary>
/// How many small entries a second one core applies into a head: half inserts, a third updates of documents at hand and of others,
/// a sixth deletes, their documents by ObjectId. The second figure has the flushes to a block store on disk in it.
/// </summary>
internal static class HeadApplyBench
{
    private const int Entries = 600_000;
    private const int Rounds = 4;
    private const double Goal = 200_000;

    /// <returns>0 where the best round, applying alone, meets the goal.</returns>
    internal static async Task<int> RunAsync()
    {
        var collection = Guid.NewGuid();
        var entries = Enumerable.Range(1, Entries).Select(i => Entry(i, collection)).ToArray();
        var best = 0.0;
        for (var round = 0; round < Rounds; round++)
        {
            best = Math.Max(best, await RoundAsync(entries, collection));
        }

        Print($"best           {best:N0} entries/s a core (wanted: {Goal:N0} or more)");
        return best >= Goal ? 0 : 1;
    }

    private static async Task<double> RoundAsync(BsonDocument[] entries, Guid collection)
    {
        var folder = Directory.CreateTempSubdirectory("backup-bench-").FullName;
        try
        {
            await using var store = await PackBlockStore.OpenAsync(folder);
            using var head = Head.Create(store, new ReplicaSetIdentity("bench", "", "4.2.4", "4.2", "wiredTiger"));
            head.Catalogue.Set(
                new CatalogueCollection(collection, "bench", "c", CollectionType.Collection, BsonDocument.Empty, [])
            );
            using var replayer = new OplogReplayer(head.Catalogue, head, new OplogReplayerOptions());
            var collections = GC.CollectionCount(0);
            var allocated = GC.GetTotalAllocatedBytes();
            var whole = Environment.CpuUsage.TotalTime;
            var apply = TimeSpan.Zero;
            var watch = Stopwatch.StartNew();
            foreach (var batch in entries.Chunk(20_000))
            {
                // This work has one thread: its processor time is the process's.
                var before = Environment.CpuUsage.TotalTime;
                foreach (var entry in batch)
                {
                    replayer.Apply(entry.Memory);
                }

                apply += Environment.CpuUsage.TotalTime - before;
                if (head.IsFull)
                {
                    await FlushAsync(head, replayer.Position);
                }
            }

            await FlushAsync(head, replayer.Position);
            var rate = Entries / apply.TotalSeconds;
            var withFlushes = Entries / (Environment.CpuUsage.TotalTime - whole).TotalSeconds;
            Print(
                $"head-apply     {rate:N0} entries/s a core; with flushes {withFlushes:N0} a core, {Entries / watch.Elapsed.TotalSeconds:N0} by the clock; {(GC.GetTotalAllocatedBytes() - allocated) / Entries} bytes allocated an entry, {GC.CollectionCount(0) - collections} collections"
            );
            return rate;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Task FlushAsync(Head head, Optime at) =>
        head.FlushAsync(new HeadPosition(at, at, Consistent: true, Optime.Zero, Optime.Zero));

    // Those with a negative id were inserted before all of this.
    private static BsonDocument Entry(int i, Guid collection) =>
        BenchEntries.Entry(
            i,
            new Optime((uint)i, 1, 1),
            collection,
            late: i - BenchEntries.UpdateDistance,
            old: -i,
            gone: i - BenchEntries.DeleteDistance
        );

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
