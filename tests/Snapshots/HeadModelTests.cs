using Backup.Blockstore;
using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Keys;
using Backup.Snapshots.Reading;
using Shouldly;
using Xunit;

namespace Backup.Tests.Snapshots;

/// <summary>A head against a plain sorted dictionary, with flushes, merges and openings at random points.</summary>
public sealed class HeadModelTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task A_head_holds_what_a_plain_dictionary_holds(int seed)
    {
        var random = new Random(seed);
        var store = new MemoryBlockStore();
        var options = new HeadOptions { MaxRuns = 3 };
        var uuid = Guid.NewGuid();
        var head = Head.Create(store, Documents.Set, options);
        head.Catalogue.Set(Documents.Collection(uuid));
        var model = new SortedDictionary<int, BsonDocument>();
        for (var step = 1; step <= 4000; step++)
        {
            switch (random.Next(1000))
            {
                case < 4:
                    await head.FlushAsync(default);
                    break;
                case < 8:
                    await head.MergeAsync();
                    break;
                case < 11:
                    var manifest = (await head.FlushAsync(default)).Manifest;
                    head.Dispose();
                    head = await Head.OpenAsync(store, manifest, options);
                    break;
                case < 13:
                    head.Clear(uuid);
                    model.Clear();
                    break;
                default:
                    Operate(random, head, uuid, model, step);
                    break;
            }

            if (step % 500 == 0)
            {
                (await Documents.ReadAsync(head.OpenReader(), uuid)).ShouldBe(model.Values);
                (await Documents.ReadMixedAsync(head.OpenReader(), uuid, random)).Documents.ShouldBe(model.Values);
                await CheckRangesAsync(random, head.OpenReader(), uuid, model);
            }
        }

        var last = (await head.FlushAsync(default)).Manifest;
        var reader = await SnapshotReader.OpenAsync(store, last);
        (await Documents.ReadAsync(reader, uuid)).ShouldBe(model.Values);
        (await Documents.ReadMixedAsync(reader, uuid, random)).Documents.ShouldBe(model.Values);
        await CheckRangesAsync(random, reader, uuid, model);
        head.MemtableBytes.ShouldBe(0);
        head.Dispose();
    }

    /// <summary>Documents by their `_id`, and ranges of them, with both ends, with one, and the wrong way round.</summary>
    private static async Task CheckRangesAsync(
        Random random,
        SnapshotReader reader,
        Guid uuid,
        SortedDictionary<int, BsonDocument> model
    )
    {
        for (var i = 0; i < 20; i++)
        {
            var id = random.Next(310) - 5;
            (await reader.FindAsync(uuid, DocumentKey.IdOf(Documents.Of(id, 0).View))).ShouldBe(
                model.TryGetValue(id, out var one) ? one : null
            );

            int? from = random.Next(4) == 0 ? null : random.Next(310) - 5;
            int? to = random.Next(4) == 0 ? null : random.Next(310) - 5;
            await using var cursor = await reader.OpenInIdOrderAsync(uuid, new KeyRange(Key(from), Key(to)));
            var found = new List<BsonDocument>();
            while (await cursor.MoveNextAsync())
            {
                found.Add(cursor.View.ToDocument());
            }

            (await cursor.MoveNextAsync()).ShouldBeFalse("the end stays the end");
            found.ShouldBe(
                model.Where(pair => !(pair.Key < from) && !(pair.Key > to)).Select(static pair => pair.Value)
            );
        }

        static byte[]? Key(int? id) => id is { } given ? DocumentKey.Of(Documents.Of(given, 0, 0).View) : null;
    }

    private static void Operate(
        Random random,
        Head head,
        Guid uuid,
        SortedDictionary<int, BsonDocument> model,
        int step
    )
    {
        var id = random.Next(300);
        var document = Documents.Of(id, step, random.Next(20) == 0 ? random.Next(30_000) : random.Next(100));
        switch (random.Next(4))
        {
            case 0:
                head.Delete(uuid, document.View);
                model.Remove(id);
                break;
            case 1:
                var set = BsonDocument.Build(writer =>
                    writer.Int32("$v"u8, 1).BeginDocument("$set"u8).Int32("u"u8, step).EndDocument()
                );
                var isUpsert = random.Next(2) == 0;
                var missing = isUpsert ? MissingDocument.Upsert : MissingDocument.Ignore;
                var holder = BsonDocument.Build(writer => writer.Int32("_id"u8, id));
                head.Update(uuid, holder.View, set.View, missing, new Optime(1, (uint)step));
                using (var writer = new BsonWriter())
                {
                    if (model.TryGetValue(id, out var old))
                    {
                        DocumentUpdate.Apply(old.View, set.View, writer);
                        model[id] = writer.ToDocument();
                    }
                    else if (isUpsert)
                    {
                        DocumentUpdate.ApplyToMissing(holder.View, set.View, writer);
                        model[id] = writer.ToDocument();
                    }
                }

                break;
            default:
                head.Put(uuid, document.View, isInsert: true);
                model[id] = document;
                break;
        }
    }
}
