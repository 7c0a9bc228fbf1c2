using Backup.Blockstore;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.Oplog.Catalogues;
using Backup.Snapshots;
using Backup.Snapshots.Exports;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Keys;
using Backup.Snapshots.Reading;
using Backup.Snapshots.Sharding;
using Shouldly;
using Xunit;

namespace Backup.Tests.Snapshots;

/// <summary>What of the sets' documents belongs to a cluster, by what its config servers say.</summary>
public sealed class ClusterContentTests
{
    private static readonly string[] Shards = ["s0", "s1", "s2"];

    public static TheoryData<string, int> Keys()
    {
        var data = new TheoryData<string, int>();
        foreach (
            var key in new[]
            {
                """{"a":1}""",
                """{"a":1,"b.c":1}""",
                """{"b.c":"hashed"}""",
                """{"a":1,"b.c":"hashed"}""",
                """{"_id":1}""",
            }
        )
        {
            for (var seed = 0; seed < 4; seed++)
            {
                data.Add(key, seed);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public async Task Each_document_is_there_once_where_its_chunk_is(string key, int seed)
    {
        var random = new Random(seed);
        var pattern = ExtendedJson.Parse(key);
        var documents = RandomDocuments(seed, 300);
        var chunks = RandomChunks(pattern, documents, random);
        var uuid = Guid.NewGuid();
        var config = await ConfigAsync(seed % 2 == 0, pattern, uuid, chunks);
        var layout = await ClusterLayoutReader.ReadAsync(config);
        var sets = new List<(string, ExportContent)>();
        foreach (var shard in Shards)
        {
            // Everything stands everywhere: what a shard does not own was left behind by migrations.
            var reader = await HeadAsync((Documents.Collection(uuid, "c"), documents));
            var content = await ExportContent.OfAsync(reader, new() { Owned = new OwnedDocuments(layout, shard) });
            var owned = content.Items.Count == 0 ? [] : await ReadAsync(content.Items.ShouldHaveSingleItem());
            owned.ShouldBe(documents.Where(one => OwnerOf(one, pattern, chunks) == shard), ignoreOrder: true);
            sets.Add((shard, content));
        }

        var merged = ClusterContent.Merge(layout, sets);
        var all = await ReadAsync(merged.Items.ShouldHaveSingleItem());
        all.ShouldBe(documents, ignoreOrder: true);
        all.Zip(all.Skip(1))
            .All(static pair =>
                DocumentKey.Of(pair.First.View).AsSpan().SequenceCompareTo(DocumentKey.Of(pair.Second.View)) < 0
            )
            .ShouldBeTrue("in the order of _ids");
    }

    [Fact]
    public async Task Collections_that_are_not_sharded_are_those_of_the_primary_and_leftovers_are_none()
    {
        var (kept, old) = (Guid.NewGuid(), Guid.NewGuid());
        var pattern = ExtendedJson.Parse("""{"_id":1}""");
        var chunks = RandomChunks(pattern, RandomDocuments(1, 5), new Random(1));
        var layout = await ClusterLayoutReader.ReadAsync(await ConfigAsync(isOld: true, pattern, kept, chunks));
        layout.ClusterId.ShouldBe("5f00000000000000000000aa");
        layout.IsBalancerOn.ShouldBeFalse();
        layout.Shards.Select(one => (one.Name, one.ReplicaSet)).ShouldBe(Shards.Select(one => (one, $"rs-{one}")));
        layout.Collections.Keys.ShouldBe(
            ["db.c"],
            "what was dropped and what the servers keep for themselves is left out"
        );
        var sets = new List<(string, ExportContent)>();
        foreach (var shard in Shards)
        {
            var reader = await HeadAsync(
                (Documents.Collection(old, "c"), RandomDocuments(2, 5)),
                (Documents.Collection(Guid.NewGuid(), "plain"), [Documents.Of(1, Array.IndexOf(Shards, shard))]),
                (View(), [ExtendedJson.Parse("""{"_id":"db.v","viewOn":"plain","pipeline":[]}""")])
            );
            sets.Add((shard, await ExportContent.OfAsync(reader, new() { Owned = new OwnedDocuments(layout, shard) })));
        }

        var merged = ClusterContent.Merge(layout, sets);

        merged
            .Items.Select(item => (item.Namespace, item.Type))
            .ShouldBe([("db.plain", "collection"), ("db.v", "view")]);
        (await ReadAsync(merged.Items[0])).ShouldBe([Documents.Of(1, 1)], "s1 is the primary of db");
    }

    [Theory]
    [InlineData("""{"a":1}""", """{"a":2}""", "one ends with")]
    [InlineData("""{"a":3}""", """{"a":2}""", "one ends with")]
    public void Chunks_with_a_hole_or_an_overlap_are_refused(string end, string begin, string told)
    {
        var chunks = new[]
        {
            new ChunkRange(Bound(BsonType.MinKey), ExtendedJson.Parse(end), "s0"),
            new ChunkRange(ExtendedJson.Parse(begin), Bound(BsonType.MaxKey), "s1"),
        };
        var refused = Should.Throw<BackupException>(() => ChunkMap.Of("db.c", chunks));
        refused.Number.ShouldBe(SnapshotsErrors.ChunksUnfit);
        refused.Message.ShouldContain(told);
        Should.Throw<BackupException>(() => ChunkMap.Of("db.c", chunks[1..])).Number.ShouldBe(refused.Number);
        Should.Throw<BackupException>(() => ChunkMap.Of("db.c", [])).Number.ShouldBe(refused.Number);
    }

    [Fact]
    public async Task What_is_no_config_server_is_said()
    {
        var reader = await HeadAsync((Documents.Collection(Guid.NewGuid()), [Documents.Of(1, 1)]));
        var refused = await Should.ThrowAsync<BackupException>(() => ClusterLayoutReader.ReadAsync(reader));
        refused.Number.ShouldBe(SnapshotsErrors.NotConfigServers);
    }

    private static CatalogueCollection View() => Documents.Collection(Guid.NewGuid(), "system.views");

    private static BsonDocument Bound(BsonType type) => BsonDocument.Build(w => w.Raw("a"u8, type, []));

    private static List<BsonDocument> RandomDocuments(int seed, int count)
    {
        var (values, random) = (new Values(seed), new Random(seed));
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(id =>
                    BsonDocument.Build(w =>
                    {
                        w.Int32("_id"u8, id);
                        if (random.Next(10) > 0)
                        {
                            w.Element("a"u8, values.Document().View.First);
                        }

                        if (random.Next(10) > 0)
                        {
                            var inner = values.Document();
                            w.BeginDocument("b"u8).Element("c"u8, inner.View.First).EndDocument();
                        }
                    })
                ),
        ];
    }

    /// <summary>From the least key to the greatest, bounded by keys of some of the documents.</summary>
    private static List<ChunkRange> RandomChunks(BsonDocument pattern, List<BsonDocument> documents, Random random)
    {
        var bounds = documents
            .Where(_ => random.Next(12) == 0)
            .Select(one => KeyOf(one, pattern))
            .Where(key => !AllAre(key, BsonType.MinKey) && !AllAre(key, BsonType.MaxKey))
            .ToList();
        bounds.Sort(BsonOrder.Documents);
        var distinct = new List<BsonDocument> { Extreme(pattern, BsonType.MinKey) };
        foreach (var bound in bounds)
        {
            if (BsonOrder.CompareDocuments(distinct[^1].View, bound.View) < 0)
            {
                distinct.Add(bound);
            }
        }

        distinct.Add(Extreme(pattern, BsonType.MaxKey));
        return
        [
            .. distinct.Zip(
                distinct.Skip(1),
                (min, max) => new ChunkRange(min, max, Shards[random.Next(Shards.Length)])
            ),
        ];
    }

    private static bool AllAre(BsonDocument key, BsonType type)
    {
        foreach (var field in key.View)
        {
            if (field.Type != type)
            {
                return false;
            }
        }

        return true;
    }

    private static BsonDocument Extreme(BsonDocument pattern, BsonType type) =>
        BsonDocument.Build(w =>
        {
            foreach (var field in pattern.View)
            {
                w.Raw(field.Name, type, []);
            }
        });

    /// <summary>As a server spells it; names and values by BSON's own order, not by bytes made for it.</summary>
    private static BsonDocument KeyOf(BsonDocument document, BsonDocument pattern) =>
        BsonDocument.Build(w =>
        {
            foreach (var field in pattern.View)
            {
                var path = field.NameText.Split('.');
                var found = document.View.TryGet(System.Text.Encoding.UTF8.GetBytes(path[0]), out var value);
                if (found && path.Length == 2)
                {
                    found = value.AsDocument.TryGet(System.Text.Encoding.UTF8.GetBytes(path[1]), out value);
                }

                var nothing = BsonDocument.Build(n => n.Null(""u8));
                value = found ? value : nothing.View.First;
                if (field.Type == BsonType.String)
                {
                    w.Int64(field.Name, HashedKey.Of(value));
                }
                else
                {
                    w.Element(field.Name, value);
                }
            }
        });

    private static string OwnerOf(BsonDocument document, BsonDocument pattern, List<ChunkRange> chunks)
    {
        var key = KeyOf(document, pattern);
        return chunks.Last(chunk => BsonOrder.CompareDocuments(chunk.Min.View, key.View) <= 0).Shard;
    }

    private static async Task<List<BsonDocument>> ReadAsync(ExportItem item)
    {
        var found = new List<BsonDocument>();
        await using var cursor = item.Open();
        while (await cursor.MoveNextAsync())
        {
            found.Add(cursor.View.ToDocument());
        }

        return found;
    }

    /// <param name="isOld">Chunks by namespace, and what was dropped still listed, as up to 4.4; else by UUID.</param>
    private static Task<SnapshotReader> ConfigAsync(
        bool isOld,
        BsonDocument pattern,
        Guid uuid,
        IReadOnlyList<ChunkRange> chunks
    )
    {
        var (collections, stored) = (new List<BsonDocument>(), new List<BsonDocument>());
        foreach (var ns in new[] { "config.system.sessions", "db.c" })
        {
            collections.Add(
                BsonDocument.Build(w =>
                    w.String("_id"u8, ns).Document("key"u8, pattern).Uuid("uuid"u8, uuid).Boolean("unique"u8, false)
                )
            );
        }

        if (isOld)
        {
            collections.Add(ExtendedJson.Parse("""{"_id":"db.gone","dropped":true}"""));
        }

        foreach (var (number, chunk) in chunks.Index())
        {
            stored.Add(
                BsonDocument.Build(w =>
                {
                    w.Int32("_id"u8, number);
                    _ = isOld ? w.String("ns"u8, "db.c") : w.Uuid("uuid"u8, uuid);
                    w.Document("min"u8, chunk.Min).Document("max"u8, chunk.Max).String("shard"u8, chunk.Shard);
                })
            );
        }

        return HeadAsync(
            (Config("collections"), collections),
            (Config("chunks"), stored),
            (
                Config("shards"),
                [.. Shards.Select(one => ExtendedJson.Parse($$"""{"_id":"{{one}}","host":"rs-{{one}}/h:1"}"""))]
            ),
            (Config("databases"), [ExtendedJson.Parse("""{"_id":"db","primary":"s1","partitioned":true}""")]),
            (Config("version"), [ExtendedJson.Parse("""{"_id":1,"clusterId":{"$oid":"5f00000000000000000000aa"}}""")]),
            (Config("settings"), [ExtendedJson.Parse("""{"_id":"balancer","mode":"off","stopped":true}""")])
        );
    }

    private static CatalogueCollection Config(string name) =>
        new(Guid.NewGuid(), "config", name, CollectionType.Collection, BsonDocument.Empty, []);

    private static async Task<SnapshotReader> HeadAsync(
        params (CatalogueCollection Collection, IReadOnlyList<BsonDocument> Documents)[] collections
    )
    {
        var store = new MemoryBlockStore();
        using var head = Head.Create(store, Documents.Set);
        foreach (var (collection, documents) in collections)
        {
            head.Catalogue.Set(collection);
            foreach (var document in documents)
            {
                head.Put(collection.Uuid, document.View, isInsert: true);
            }
        }

        return await SnapshotReader.OpenAsync(store, (await head.FlushAsync(default)).Manifest);
    }
}
