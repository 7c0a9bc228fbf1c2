using System.Diagnostics;
using System.Globalization;
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

    /// <returns>0 where the best round meets the goal.</returns>
    internal static int Run()
    {
        var best = 0.0;
        var collection = Guid.NewGuid();
        var catalogue = new Catalogue();
        catalogue.Set(
            new CatalogueCollection(collection, "bench", "c", CollectionType.Collection, BsonDocument.Empty, [])
        );
        var entries = Enumerable.Range(1, Entries).Select(i => Entry(i, collection)).ToArray();
        for (var round = 0; round < 4; round++)
        {
            using var target = new ResolvingTarget();
            using var replayer = new OplogReplayer(catalogue, target, new OplogReplayerOptions());
            var clock = Stopwatch.StartNew();
            foreach (var entry in entries)
            {
                replayer.Apply(entry.Memory);
            }

            var rate = Entries / clock.Elapsed.TotalSeconds;
            best = Math.Max(best, rate);
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"oplog-apply: {rate:N0} entries/s, {rate / Goal:F1} of the goal; one core, nothing stored"
                )
            );
        }

        return best >= Goal ? 0 : 1;
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
            w.Timestamp("ts"u8, (ulong)i << 32 | 1).Int64("t"u8, 1).Int32("v"u8, 2).DateTime("wall"u8, 0);
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
