using System.Text.RegularExpressions;
using Backup.Blockstore;
using Backup.Daemon;
using Backup.Daemon.Clusters;
using Backup.Daemon.Targets;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.Oplog.Catalogues;
using Backup.Sandbox;
using Backup.Snapshots.Exports;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Manifests;
using Backup.Snapshots.Reading;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Daemon;

/// <summary>Restores straight into MongoDB.</summary>
public sealed class TargetTests
{
    [RealMongoFact]
    public async Task Collections_of_every_kind_come_out_as_they_were()
    {
        await using var mongo = await RealMongo.StartAsync();
        var content = await ContentAsync(
            // Beside one of the largest documents there is no room for another in a command.
            Collection("large", "{}", [.. Small(3), Large(3, (16 << 20) - 40), Large(4, 8 << 20), Large(5, 9 << 20)]),
            Collection("many", """{"validator":{"v":{"$gt":1000000} } }""", Small(12_000)),
            Collection("ring", """{"capped":true,"size":1048576,"max":500}""", Small(500)),
            Collection(
                "old",
                "{}",
                [ExtendedJson.Parse("""{"_id":1,"at":{"$date":"2001-01-01T00:00:00Z"} }""")],
                """{"v":2,"key":{"at":1},"name":"ttl","expireAfterSeconds":1,"ns":"shop.old"}"""
            ),
            Collection(
                "empty",
                "{}",
                [],
                """{"v":2,"key":{"a":1,"b":-1},"name":"ab","unique":true,"background":true}"""
            ),
            Collection(
                "system.views",
                "{}",
                [ExtendedJson.Parse("""{"_id":"shop.seen","viewOn":"many","pipeline":[{"$match":{"v":7} }]}""")]
            )
        );
        await using var target = await RestoreTarget.OpenAsync(mongo.ConnectionString, CancellationToken.None);
        var writer = new TargetWriter(target, new TargetOptions(Parallelism: 3), TimeProvider.System);
        var progress = new List<TargetProgress>();

        var result = await writer.WriteAsync(content, layout: null, new Progress(progress));

        result.Documents.ShouldBe(6 + 12_000 + 500 + 1);
        progress.Select(static one => one.Phase).Distinct().ShouldBe(["create", "load", "check", "index"]);
        await using var client = new MongoClient(
            Backup.MongoWire.Uri.ConnectionString.Parse(mongo.ConnectionString),
            new MongoClientOptions()
        );
        foreach (var item in content.Items.Where(static one => one.DataName is not null && one.Name != "old"))
        {
            var order = item.Name == "ring" ? "$natural" : "_id";
            var found = await FindAsync(client, $$"""{"find":"{{item.Name}}","sort":{"{{order}}":1} }""");
            found.SequenceEqual(await ReadAsync(item)).ShouldBeTrue(item.Namespace);
        }

        (await FindAsync(client, """{"find":"seen"}""")).ShouldHaveSingleItem();
        var index = (await FindAsync(client, """{"listIndexes":"empty"}"""))[1];
        index.View["name"u8].AsString.ShouldBe("ab");
        index.View["unique"u8].AsBoolean.ShouldBeTrue();
        (await FindAsync(client, """{"listIndexes":"old"}"""))[1].View["expireAfterSeconds"u8].ToInt64().ShouldBe(1);

        // Again: refused as long as it is not told to drop, and whatever is there stays.
        var refused = await Should.ThrowAsync<BackupException>(() => writer.WriteAsync(content, layout: null));
        refused.Number.ShouldBe(DaemonErrors.TargetNotEmpty);
        refused.Message.ShouldContain("'shop.many'");
        refused.Message.ShouldNotContain("'shop.empty'");
        var dropping = new TargetWriter(target, new TargetOptions(Drop: true), TimeProvider.System);
        (await dropping.WriteAsync(content, layout: null)).Documents.ShouldBe(result.Documents);
    }

    [Fact]
    public async Task A_target_whose_primary_dies_meanwhile_has_each_document_once()
    {
        await using var set = await SandboxSet.StartAsync();
        var content = await ContentAsync(Collection("many", "{}", Padded(40_000)));
        await using var target = await RestoreTarget.OpenAsync(set.ConnectionString, CancellationToken.None);
        var writer = new TargetWriter(target, new TargetOptions(), TimeProvider.System);
        var killed = new TaskCompletionSource();

        var writing = writer.WriteAsync(
            content,
            layout: null,
            new Callback(progress =>
            {
                if (progress.Documents > 5_000)
                {
                    killed.TrySetResult();
                }
            })
        );
        await killed.Task.WaitAsync(TimeSpan.FromMinutes(1));
        writing.IsCompleted.ShouldBeFalse("the primary dies while documents are loaded");
        await set.KillAsync(await set.PrimaryAsync());
        var result = await writing.WaitAsync(TimeSpan.FromMinutes(2));

        result.Documents.ShouldBe(40_000);
        (await FindAsync(set.Client, """{"find":"many","sort":{"_id":1},"projection":{"_id":1} }"""))
            .Select(static one => one.View["_id"u8].AsInt32)
            .ShouldBe(Enumerable.Range(0, 40_000));
    }

    [Fact]
    public async Task A_restore_that_is_cancelled_ends_at_once()
    {
        await using var set = await SandboxSet.StartAsync(1);
        var content = await ContentAsync(Collection("many", "{}", Padded(40_000)));
        await using var target = await RestoreTarget.OpenAsync(set.ConnectionString, CancellationToken.None);
        using var stop = new CancellationTokenSource();
        var writer = new TargetWriter(target, new TargetOptions(), TimeProvider.System);
        var told = new Callback(progress =>
        {
            if (progress.Documents > 0)
            {
                stop.Cancel();
            }
        });
        await Should.ThrowAsync<OperationCanceledException>(() =>
            writer.WriteAsync(content, layout: null, told, stop.Token).WaitAsync(TimeSpan.FromSeconds(20))
        );
    }

    /// <summary>
    /// A server's TTL monitor looks once a minute: what it would remove has to be there until it was compared. The oplog tells in which order things were
    /// done, the second time into what an earlier run had made.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_expires_is_loaded_and_compared_before_it_may(bool isThere)
    {
        const string ttl = """{"v":2,"key":{"at":1},"name":"ttl","expireAfterSeconds":30}""";
        await using var set = await SandboxSet.StartAsync(1, new SandboxOptions { Profile = WireProfile.V50 });
        var old = ExtendedJson.Parse(
            """{"_id":{"$date":"2001-01-01T00:00:00Z"},"at":{"$date":"2001-01-01T00:00:00Z"} }"""
        );
        var content = await ContentAsync(
            Collection("plain", "{}", [old], ttl),
            Collection(
                "system.buckets.series",
                """{"clusteredIndex":true,"expireAfterSeconds":90,"timeseries":{"timeField":"at","granularity":"seconds","bucketMaxSpanSeconds":3600} }""",
                [
                    ExtendedJson.Parse(
                        """{"_id":{"$oid":"3a4fc8800000000000000000"},"control":{"version":1},"data":{"at":{"0":1}}}"""
                    ),
                ]
            )
        );
        if (isThere)
        {
            await RunAsync(set.Client, $$"""{"createIndexes":"plain","indexes":[{{ttl}}]}""");
        }

        await using var target = await RestoreTarget.OpenAsync(set.ConnectionString, CancellationToken.None);
        await new TargetWriter(target, new TargetOptions(), TimeProvider.System).WriteAsync(content, layout: null);

        var log = await FindAsync(set.Client, """{"find":"oplog.rs","filter":{"ns":{"$regex":"^shop[.]"}}}""", "local");
        string[] names = ["plain", "system.buckets.series"];
        foreach (var name in names)
        {
            var expiries = log.Where(entry => entry.View["op"u8].AsString == "c" && IsAbout(entry, name))
                .Where(static entry => ExtendedJson.ToText(entry.View["o"u8].AsDocument).Contains("expireAfterSeconds"))
                .ToList();
            var inserted = log.FindIndex(entry => entry.View["ns"u8].AsString == $"shop.{name}");
            inserted.ShouldBeGreaterThanOrEqualTo(0, name);
            var before = expiries.Where(entry => log.IndexOf(entry) < inserted).Select(ExpiryOf).ToList();
            before.LastOrDefault("none").ShouldBeOneOf("none", "off", $"{TargetExpiry.Never}");
            ExpiryOf(expiries[^1]).ShouldBe(name == "plain" ? "30" : "90");
            log.IndexOf(expiries[^1]).ShouldBeGreaterThan(inserted, name);
        }

        var options = (await FindAsync(set.Client, """{"listCollections":1}""")).ToDictionary(
            static one => one.View["name"u8].AsString,
            static one => one.View["options"u8].AsDocument.ToDocument()
        );
        options["series"].View["expireAfterSeconds"u8].ToInt64().ShouldBe(90);
        var index = (await FindAsync(set.Client, """{"listIndexes":"plain"}"""))[1];
        index.View["expireAfterSeconds"u8].ToInt64().ShouldBe(30);

        static bool IsAbout(BsonDocument entry, string name) =>
            entry.View["o"u8].AsDocument.First is { Type: BsonType.String } first && first.AsString == name;

        static string ExpiryOf(BsonDocument entry) =>
            Regex
                .Match(
                    ExtendedJson.ToText(entry.View["o"u8].AsDocument),
                    "\"expireAfterSeconds\"\\s*:\\s*\"?(\\w+)",
                    RegexOptions.NonBacktracking,
                    TimeSpan.FromSeconds(1)
                )
                .Groups[1]
                .Value;
    }

    /// <summary>Of an earlier run, or of somebody else's: the expiry that it has rests, and in the end it is that of the backup.</summary>
    [Fact]
    public async Task A_clustered_collection_that_is_there_does_not_expire_meanwhile()
    {
        const string options =
            """{"clusteredIndex":{"key":{"_id":1},"name":"k","unique":true},"expireAfterSeconds":60}""";
        await using var set = await SandboxSet.StartAsync(1, new SandboxOptions { Profile = WireProfile.V50 });
        await RunAsync(
            set.Client,
            $$"""{"create":"ids",{{options[1..].Replace("60", "7", StringComparison.Ordinal)}}"""
        );
        var item = (await ContentAsync(Collection("ids", options, []))).Items.ShouldHaveSingleItem();
        await using var target = await RestoreTarget.OpenAsync(set.ConnectionString, CancellationToken.None);
        var expiry = new TargetExpiry(new TargetCommands(target, TimeProvider.System));

        await expiry.RestAsync(item, CancellationToken.None);
        (await OptionsAsync()).View.Has("expireAfterSeconds"u8).ShouldBeFalse();
        await expiry.ArmAsync(item, CancellationToken.None);
        (await OptionsAsync()).View["expireAfterSeconds"u8].ToInt64().ShouldBe(60);

        async Task<BsonDocument> OptionsAsync() =>
            (await FindAsync(set.Client, """{"listCollections":1}"""))
                .ShouldHaveSingleItem()
                .View["options"u8]
                .AsDocument.ToDocument();
    }

    [Fact]
    public async Task An_empty_collection_that_is_kept_otherwise_is_refused_and_told_in_what()
    {
        await using var set = await SandboxSet.StartAsync(1);
        string[] made =
        [
            """{"create":"ring","capped":true,"size":4096}""",
            """{"create":"checked","validator":{"n":{"$gte":0} },"validationLevel":"strict","validationAction":"error"}""",
            """{"create":"sorted","collation":{"locale":"de"} }""",
            """{"createIndexes":"short","indexes":[{"key":{"at":1},"name":"ttl","expireAfterSeconds":1},{"key":{"n":1},"name":"n"}]}""",
            """{"create":"same","capped":true,"size":5000,"validator":{},"validationLevel":"strict"}""",
        ];
        foreach (var command in made)
        {
            await RunAsync(set.Client, command);
        }

        var content = await ContentAsync(
            Collection("ring", "{}", Small(3)),
            Collection("checked", """{"validator":{"n":{"$gte":1} },"validationAction":"warn"}""", Small(3)),
            Collection("sorted", """{"collation":{"locale":"fr"} }""", []),
            Collection("short", "{}", Small(3)),
            Collection("same", """{"capped":true,"size":{"$numberLong":"5120"} }""", Small(3))
        );
        await using var target = await RestoreTarget.OpenAsync(set.ConnectionString, CancellationToken.None);
        var writer = new TargetWriter(target, new TargetOptions(), TimeProvider.System);

        var refused = await Should.ThrowAsync<BackupException>(() => writer.WriteAsync(content, layout: null));

        refused.Number.ShouldBe(DaemonErrors.TargetKeptOtherwise);
        refused.Message.ShouldContain(
            "'shop.checked' (validator, validationAction), 'shop.ring' (capped, size), 'shop.short' (expireAfterSeconds of the index 'ttl'), 'shop.sorted' (collation); nothing was written"
        );
        refused.Hint.ShouldContain("--drop");
        refused.Hint.ShouldContain("--rename");
        (await FindAsync(set.Client, """{"find":"same"}""")).ShouldBeEmpty();
        (await writer.LookAsync(content)).Different.Count.ShouldBe(4);

        var dropping = new TargetWriter(target, new TargetOptions(Drop: true), TimeProvider.System);
        (await dropping.WriteAsync(content, layout: null)).Documents.ShouldBe(12);
        var options = (await FindAsync(set.Client, """{"listCollections":1}""")).ToDictionary(
            static one => one.View["name"u8].AsString,
            static one => one.View["options"u8].AsDocument.ToDocument()
        );
        options["ring"].View.IsEmpty.ShouldBeTrue();
        options["sorted"].View["collation"u8].AsDocument["locale"u8].AsString.ShouldBe("fr");
        (await FindAsync(set.Client, """{"listIndexes":"short"}""")).ShouldHaveSingleItem();
    }

    [RealMongoFact]
    public async Task An_index_that_expires_rests_on_a_real_server_while_documents_are_loaded()
    {
        await using var mongo = await RealMongo.StartAsync();
        await using var client = new MongoClient(
            Backup.MongoWire.Uri.ConnectionString.Parse(mongo.ConnectionString),
            new MongoClientOptions()
        );
        const string ttl = """{"v":2,"key":{"at":1},"name":"ttl","expireAfterSeconds":30,"sparse":true}""";
        await RunAsync(client, $$"""{"createIndexes":"plain","indexes":[{{ttl}}]}""");
        var content = await ContentAsync(
            Collection("plain", "{}", [ExtendedJson.Parse("""{"_id":1,"at":{"$date":"2001-01-01T00:00:00Z"} }""")], ttl)
        );
        await using var target = await RestoreTarget.OpenAsync(mongo.ConnectionString, CancellationToken.None);

        await new TargetWriter(target, new TargetOptions(), TimeProvider.System).WriteAsync(content, layout: null);

        var set = (
            await FindAsync(
                client,
                """{"find":"oplog.rs","filter":{"o.collMod":"plain"},"sort":{"$natural":1} }""",
                "local"
            )
        ).Select(static one => one.View["o"u8].AsDocument["index"u8].AsDocument["expireAfterSeconds"u8].ToInt64());
        set.ShouldBe([TargetExpiry.Never, 30]);
        var index = (await FindAsync(client, """{"listIndexes":"plain"}"""))[1];
        index.View["expireAfterSeconds"u8].ToInt64().ShouldBe(30);
    }

    [Theory]
    [InlineData("", "a=s0 b=s1")]
    [InlineData("b=s0", "a=s1 b=s0")]
    public void Shards_stand_for_each_other_by_name_or_as_they_are_told(string named, string expected)
    {
        var standIns = ClusterPreparation.StandIns(["b", "a"], ["s1", "s0"], Pairs(named));
        string.Join(' ', standIns.OrderBy(static one => one.Key).Select(static one => $"{one.Key}={one.Value}"))
            .ShouldBe(expected);
    }

    [Theory]
    [InlineData("a b", "s0", "")]
    [InlineData("a b", "s0 s1", "c=s0")]
    [InlineData("a b", "s0 s1", "a=x")]
    [InlineData("a b", "s0 s1", "a=s0 b=s0")]
    public void Shards_that_do_not_go_up_are_refused(string sources, string targets, string named)
    {
        Should
            .Throw<BackupException>(() =>
                ClusterPreparation.StandIns(sources.Split(' '), targets.Split(' '), Pairs(named))
            )
            .Number.ShouldBe(DaemonErrors.TargetUnfit);
    }

    private static Dictionary<string, string> Pairs(string text) =>
        text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(static pair => pair.Split('='))
            .ToDictionary(static pair => pair[0], static pair => pair[1]);

    private static BsonDocument[] Small(int count) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(static id => BsonDocument.Build(w => w.Int32("_id"u8, id).Int32("v"u8, id))),
        ];

    private static BsonDocument[] Padded(int count)
    {
        var padding = new byte[500];
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(id => BsonDocument.Build(w => w.Int32("_id"u8, id).Binary("p"u8, padding))),
        ];
    }

    private static BsonDocument Large(int id, int padding) =>
        BsonDocument.Build(w => w.Int32("_id"u8, id).Binary("p"u8, new byte[padding]));

    private static (CatalogueCollection Collection, BsonDocument[] Documents) Collection(
        string name,
        string options,
        BsonDocument[] documents,
        params string[] indexes
    ) =>
        (
            new CatalogueCollection(
                Guid.NewGuid(),
                "shop",
                name,
                CollectionType.Collection,
                ExtendedJson.Parse(options),
                [
                    ExtendedJson.Parse("""{"v":2,"key":{"_id":1},"name":"_id_","ns":"shop.x"}"""),
                    .. indexes.Select(ExtendedJson.Parse),
                ]
            ),
            documents
        );

    private static async Task<ExportContent> ContentAsync(
        params (CatalogueCollection Collection, BsonDocument[] Documents)[] collections
    )
    {
        var store = new MemoryBlockStore();
        using var head = Head.Create(
            store,
            new ReplicaSetIdentity("rs0", new string('0', 24), "4.2.4", "4.2", "wiredTiger")
        );
        foreach (var (collection, documents) in collections)
        {
            head.Catalogue.Set(collection);
            foreach (var document in documents)
            {
                head.Put(collection.Uuid, document.View, isInsert: true);
            }
        }

        var flushed = await head.FlushAsync(head.Position);
        return await ExportContent.OfAsync(await SnapshotReader.OpenAsync(store, flushed.Manifest));
    }

    private static async Task<List<BsonDocument>> ReadAsync(ExportItem item)
    {
        var documents = new List<BsonDocument>();
        await using var cursor = item.Open();
        while (await cursor.MoveNextAsync())
        {
            documents.Add(cursor.View.ToDocument());
        }

        return documents;
    }

    private static async Task RunAsync(MongoClient client, string command)
    {
        using var reply = await client.RunCommandAsync(
            "shop",
            ExtendedJson.Parse(command),
            ReadTarget.Primary,
            CancellationToken.None
        );
    }

    private static async Task<List<BsonDocument>> FindAsync(
        MongoClient client,
        string command,
        string database = "shop"
    )
    {
        var found = new List<BsonDocument>();
        await using var cursor = await client.OpenCursorAsync(
            database,
            ExtendedJson.Parse(command),
            ReadTarget.Primary,
            new CursorOptions(),
            CancellationToken.None
        );
        while (await cursor.NextBatchAsync(CancellationToken.None) is { } batch)
        {
            using (batch)
            {
                foreach (var one in batch)
                {
                    found.Add(one.View.ToDocument());
                }
            }
        }

        return found;
    }

    private sealed class Progress(List<TargetProgress> reports) : IProgress<TargetProgress>
    {
        public void Report(TargetProgress value)
        {
            lock (reports)
            {
                reports.Add(value);
            }
        }
    }

    private sealed class Callback(Action<TargetProgress> report) : IProgress<TargetProgress>
    {
        public void Report(TargetProgress value) => report(value);
    }
}
