using System.Diagnostics;
using System.Globalization;
using Backup.Daemon.Radar;
using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Oplog.Catalogues;

namespace Backup.Tests.Bench;

/// <summary>
/// How many small entries a second one core replays: a third each of inserts, partial updates (resolved at once, the dearest way) and
/// deletes, of both log versions, onto a target that keeps nothing.
/// </summary>
internal static class OplogApplyBench
{
    private const int Entries = 300_000;

    /// <summary>Small entries a second on one core, for the whole apply path: the yardstick of this bench.</summary>
    private const double Goal = 100_000;

    /// <returns>0 where the best round meets the goal, with the radar counting.</returns>
    internal static int Run()
    {
        var (best, watched) = (0.0, 0.0);
        var collection = Guid.NewGuid();
        var catalogue = new Catalogue();
        catalogue.Set(
            new CatalogueCollection(collection, "bench", "c", CollectionType.Collection, BsonDocument.Empty, [])
        );
        var entries = Enumerable.Range(1, Entries).Select(i => Entry(i, collection)).ToArray();
        for (var round = 0; round < 6; round++)
        {
            best = Math.Max(best, Round(catalogue, entries, watch: null));
            watched = Math.Max(
                watched,
                Round(catalogue, entries, new RateRadar("bench", static _ => 0) { IsOn = true })
            );
        }

        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"oplog-apply: {best:N0} entries/s, {best / Goal:F1} of the goal; with the radar {watched:N0} ({watched / best:P1}); one core, nothing stored"
            )
        );
        return watched >= Goal ? 0 : 1;
    }

    private static double Round(Catalogue catalogue, BsonDocument[] entries, IOperationWatch? watch)
    {
        using var target = new ResolvingTarget();
        using var replayer = new OplogReplayer(catalogue, target, new OplogReplayerOptions { Watch = watch });
        var clock = Stopwatch.StartNew();
        foreach (var entry in entries)
        {
            replayer.Apply(entry.Memory);
        }

        return Entries / clock.Elapsed.TotalSeconds;
    }

    private static BsonDocument Entry(int i, Guid collection) =>
        BsonDocument.Build(w =>
        {
            w.String(
                    "op"u8,
                    (i % 3) switch
                    {
                        0 => "i",
                        1 => "u",
                        _ => "d",
                    }
                )
                .String("ns"u8, "bench.c");
            w.Uuid("ui"u8, collection).BeginDocument("o"u8);
            if (i % 6 == 1)
            {
                w.Int32("$v"u8, 1).BeginDocument("$set"u8).Int32("n"u8, i).String("d.y"u8, "changed").EndDocument();
            }
            else if (i % 3 == 1)
            {
                w.Int32("$v"u8, 2)
                    .BeginDocument("diff"u8)
                    .BeginDocument("u"u8)
                    .Int32("n"u8, i)
                    .EndDocument()
                    .EndDocument();
            }
            else
            {
                w.Int32("_id"u8, i).Int32("n"u8, i).String("text"u8, "a small document, as most are");
            }

            w.EndDocument().BeginDocument("o2"u8).Int32("_id"u8, i).EndDocument();
            // A thousand a second.
            w.Timestamp("ts"u8, ((1_700_000_000UL + (ulong)(i / 1000)) << 32) | (uint)(1 + (i % 1000)))
                .Int64("t"u8, 1)
                .Int32("v"u8, 2)
                .DateTime("wall"u8, 0);
        });

    private sealed class ResolvingTarget : IOperationTarget, IDisposable
    {
        private static readonly BsonDocument Old = BsonDocument.Build(w =>
            w.Int32("_id"u8, 1).Int32("n"u8, 1).BeginDocument("d"u8).Int32("x"u8, 1).String("y"u8, "old").EndDocument()
        );
        private readonly BsonWriter _writer = new();

        public void Put(Guid collection, BsonView document, bool isInsert) { }

        public void Update(Guid collection, BsonView idHolder, BsonView update, MissingDocument ifMissing, Optime at)
        {
            _writer.Clear();
            DocumentUpdate.Apply(Old.View, update, _writer);
        }

        public void Delete(Guid collection, BsonView idHolder) { }

        public void TrimOldest(Guid collection, long maximumBytes, long maximumDocuments) { }

        public void Clear(Guid collection) { }

        public void Drop(Guid collection) { }

        public void Dispose() => _writer.Dispose();
    }
}
