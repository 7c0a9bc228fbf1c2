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
    private const double Goal = 100_000;

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

    private static BsonDocument Entry(int i, Guid collection)
    {
        // Of six: three inserts, an update of one inserted lately, an update of an older one, a delete of one inserted lately.
        var kind = i % 6;
        return BsonDocument.Build(w =>
        {
            w.Timestamp("ts"u8, (ulong)i << 32 | 1).Int64("t"u8, 1).Int64("h"u8, 0).Int32("v"u8, 2);
            w.String(
                    "op"u8,
                    kind < 3 ? "i"
                        : kind < 5 ? "u"
                        : "d"
                )
                .String("ns"u8, "bench.c")
                .Uuid("ui"u8, collection);
            if (kind is 3 or 4)
            {
                w.BeginDocument("o2"u8).ObjectId("_id"u8, Id(kind == 3 ? i - 301 : -i)).EndDocument();
            }

            w.DateTime("wall"u8, 1_600_000_000_000 + i).BeginDocument("o"u8);
            if (kind < 3)
            {
                w.ObjectId("_id"u8, Id(i))
                    .Int32("n"u8, i)
                    .String("status"u8, "ordered")
                    .String("text"u8, "a small document, as most are");
            }
            else if (kind < 5)
            {
                w.Int32("$v"u8, 1).BeginDocument("$set"u8).Int32("n"u8, i).String("status"u8, "shipped").EndDocument();
            }
            else
            {
                w.ObjectId("_id"u8, Id(i - 299));
            }

            w.EndDocument();
        });
    }

    // i - 301 and i - 299 are inserts where i is 3 and 5 modulo 6; negative ones were inserted before all of this.
    private static byte[] Id(int i)
    {
        var id = new byte[12];
        BitConverter.TryWriteBytes(id, 1_600_000_000 + i);
        BitConverter.TryWriteBytes(id.AsSpan(8), i);
        return id;
    }

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
