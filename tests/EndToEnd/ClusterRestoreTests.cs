using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.Sandbox;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.EndToEnd;

/// <summary>Restores of a real cluster in every form, loaded by mongorestore and by ourselves, and held against the source.</summary>
public sealed class ClusterRestoreTests
{
    private static readonly string[] Databases = ["shop", "other"];

    [RealRestoreFact]
    public async Task A_cluster_is_restored_as_it_was_into_clusters_and_replica_sets()
    {
        await using var appliance = new ApplianceProcess(protect: null);
        SortedDictionary<string, string> source;
        SortedDictionary<string, string> chunks;
        await using (var cluster = await RealShardedCluster.StartAsync())
        {
            await FillAsync(cluster);
            await ClusterCopy.MakeAsync(appliance.Data, cluster);
            source = await ContentsAsync(cluster.Client);
            chunks = await ChunksAsync(cluster);
        }

        using var folder = new TemporaryFolder();
        await FilesAreDescribedAsync(appliance, folder);
        await Task.WhenAll(
            IntoReplicaSetAsync(appliance, folder, source),
            IntoClusterOfItsShapeAsync(folder, source, chunks),
            IntoAnotherShapeAsync(appliance, source)
        );
    }

    private static async Task FilesAreDescribedAsync(ApplianceProcess appliance, TemporaryFolder folder)
    {
        var restored = (
            await appliance.RunAsync("restore", ClusterCopy.Cluster, "--latest", "--output", folder.File("files"))
        )
            .Succeeded()
            .Json;
        restored.GetProperty("sets").GetArrayLength().ShouldBe(3);
        Directory
            .EnumerateFiles(folder.File("files"))
            .Select(Path.GetFileName)
            .Order()
            .ShouldBe(
                ["GUIDE.md", "SHA256SUMS", "cluster.json", "config.archive", "restore.sh", "s0.archive", "s1.archive"],
                ignoreOrder: true
            );
        var raw = (
            await appliance.RunAsync(
                "restore",
                ClusterCopy.Cluster,
                "--snapshot",
                ClusterCopy.CutId,
                "--raw",
                "--output",
                folder.File("raw")
            )
        )
            .Succeeded()
            .Json;
        Documents(raw, 1).ShouldBe(Documents(restored, 1) + 30, "30 documents of a moved chunk were left behind on s0");
        Documents(raw, 2).ShouldBe(Documents(restored, 2));
        // The moment of a snapshot is the snapshot, though there is no oplog here.
        var time = restored.GetProperty("time");
        (
            await appliance.RunAsync(
                "restore",
                ClusterCopy.Cluster,
                "--optime",
                $"{time.GetProperty("t").GetUInt32()},{time.GetProperty("i").GetUInt32()}",
                "--merged",
                "--output",
                folder.File("exact.archive")
            )
        ).Succeeded();
        var wrong = await appliance.RunAsync(
            "restore",
            ClusterCopy.Cluster,
            "--latest",
            "--format",
            "ndjson",
            "--output",
            folder.File("x")
        );
        wrong.ErrorCode.ShouldBe("BK9531");
        (
            await appliance.RunAsync("restore", ClusterCopy.Cluster, "--snapshot", "none", "--output", folder.File("x"))
        ).ErrorCode.ShouldBe("BK9039");

        static long Documents(JsonElement files, int set) =>
            files.GetProperty("sets")[set].GetProperty("documents").GetInt64();
    }

    /// <summary>The cluster as one: by mongorestore, then straight.</summary>
    private static async Task IntoReplicaSetAsync(
        ApplianceProcess appliance,
        TemporaryFolder folder,
        SortedDictionary<string, string> source
    )
    {
        await using var mongo = await RealMongo.StartAsync();
        await using var client = new MongoClient(
            Backup.MongoWire.Uri.ConnectionString.Parse(mongo.ConnectionString),
            new MongoClientOptions()
        );
        var archive = folder.File("all.archive");
        (
            await appliance.RunAsync("restore", ClusterCopy.Cluster, "--latest", "--merged", "--output", archive)
        ).Succeeded();
        var (exit, said) = await MongoTools.RunAsync(
            "mongorestore",
            "--uri",
            mongo.ConnectionString,
            $"--archive={archive}"
        );
        exit.ShouldBe(0, said);
        var byTool = await ContentsAsync(client);
        WithoutHashedId(byTool).ShouldBe(WithoutHashedId(source));

        string[] straight = ["restore", ClusterCopy.Cluster, "--latest", "--to", mongo.ConnectionString];
        (await appliance.RunAsync(straight)).ErrorCode.ShouldBe("BK9030");
        (await ContentsAsync(client)).ShouldBe(byTool, "nothing was touched");
        var result = (await appliance.RunAsync([.. straight, "--drop"])).Succeeded().Json;
        (await ContentsAsync(client)).ShouldBe(source);
        result.GetProperty("documents").GetInt64().ShouldBe(1000 + 200 + 51);
        (await appliance.RunAsync([.. straight, "--drop", "--namespace", "shop.plain"]))
            .Succeeded()
            .Json.GetProperty("documents")
            .GetInt64()
            .ShouldBe(50);
        (await appliance.RunAsync([.. straight, "--namespace", "shop.none"])).ErrorCode.ShouldBe("BK9017");

        // One shard is restored as any replica set is.
        var shard = (
            await appliance.RunAsync(
                "restore",
                $"{ClusterCopy.Cluster}/s1",
                "--latest",
                "--to",
                mongo.ConnectionString,
                "--drop"
            )
        )
            .Succeeded()
            .Json;
        shard.GetProperty("documents").GetInt64().ShouldBeLessThan(1000);
    }

    /// <summary>mongorestore 100.5.4 takes a hashed index of <c>_id</c> for the one of <c>_id</c> now and then, and leaves it out.</summary>
    private static List<string> WithoutHashedId(SortedDictionary<string, string> contents) =>
        [
            .. contents.Select(static one =>
                one.Key + one.Value.Replace("_id_hashed {\"_id\":\"hashed\"}\n", "", StringComparison.Ordinal)
            ),
        ];

    /// <summary>The archives of the sets, by the script that goes with them.</summary>
    private static async Task IntoClusterOfItsShapeAsync(
        TemporaryFolder folder,
        SortedDictionary<string, string> source,
        SortedDictionary<string, string> chunks
    )
    {
        await using var target = await RealShardedCluster.StartAsync();
        await target.RunAsync("admin", """{"addShardToZone":"s0","zone":"EU"}""");
        var start = new ProcessStartInfo("sh", [Path.Combine(folder.File("files"), "restore.sh"), "s0=s1"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["BACKUP_RESTORE_TO"] = target.ConnectionString;
        start.Environment["BACKUP"] = SourceTree.At(".build", "app", "backup");
        start.Environment["MONGORESTORE"] = MongoTools.Find("mongorestore");
        using var script = Process.Start(start)!;
        var output = script.StandardOutput.ReadToEndAsync();
        var errors = script.StandardError.ReadToEndAsync();
        await script.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(5));
        script.ExitCode.ShouldBe(0, await output + await errors);

        (await ContentsAsync(target.Client)).ShouldBe(source);
        var swapped = new SortedDictionary<string, string>(
            chunks.ToDictionary(one => one.Key, one => one.Value == "s0" ? "s1" : "s0"),
            StringComparer.Ordinal
        );
        (await ChunksAsync(target)).ShouldBe(swapped, "each chunk is on the shard that stands for its own");
    }

    /// <summary>Straight into a cluster of three shards, the sandbox's.</summary>
    private static async Task IntoAnotherShapeAsync(ApplianceProcess appliance, SortedDictionary<string, string> source)
    {
        await using var target = await SandboxClusterSet.StartAsync(
            new()
            {
                Shards =
                [
                    .. Enumerable
                        .Range(0, 3)
                        .Select(static number => new SandboxOptions { ReplicaSetName = $"s{number}" }),
                ],
            }
        );
        var result = (
            await appliance.RunAsync("restore", ClusterCopy.Cluster, "--latest", "--to", target.ConnectionString)
        )
            .Succeeded()
            .Json;
        result.GetProperty("notices")[0].GetString()!.ShouldContain("EU");
        var restored = await ContentsAsync(target.Client);
        restored.Remove("shop.few").ShouldBeTrue("the view is there; the sandbox reads none over several shards");
        restored.ShouldBe(source.Where(static one => one.Key != "shop.few"));
        var chunks = await ChunksAsync(target);
        chunks.Values.Distinct().Count().ShouldBe(3, "chunks are spread over all shards");

        // Beside what is there: the new name is sharded, and nothing happens to the old one.
        string[] beside =
        [
            "--to",
            target.ConnectionString,
            "--namespace",
            "shop.orders",
            "--rename",
            "shop.orders=shop.old",
        ];
        (await appliance.RunAsync(["restore", ClusterCopy.Cluster, "--latest", .. beside])).Succeeded();
        var both = await ChunksAsync(target);
        both.Where(one => chunks.ContainsKey(one.Key)).ShouldBe(chunks);
        both.Keys.Count(static key => key.StartsWith("shop.old ", StringComparison.Ordinal)).ShouldBeGreaterThan(1);
    }

    private static async Task FillAsync(RealShardedCluster cluster)
    {
        foreach (
            var command in new[]
            {
                """{"enableSharding":"shop"}""",
                """{"movePrimary":"shop","to":"s0"}""",
                """{"shardCollection":"shop.orders","key":{"region":1,"_id":1} }""",
                """{"shardCollection":"shop.log","key":{"_id":"hashed"} }""",
                """{"addShardToZone":"s1","zone":"EU"}""",
                """{"updateZoneKeyRange":"shop.orders","min":{"region":"r3","_id":{"$minKey":1} },"max":{"region":"r5","_id":{"$minKey":1} },"zone":"EU"}""",
                """{"split":"shop.orders","middle":{"region":"r3","_id":{"$minKey":1} } }""",
                """{"split":"shop.orders","middle":{"region":"r5","_id":{"$minKey":1} } }""",
                """{"split":"shop.orders","middle":{"region":"r7","_id":500} }""",
                """{"moveChunk":"shop.orders","find":{"region":"r3","_id":5},"to":"s1"}""",
                """{"enableSharding":"other"}""",
                """{"movePrimary":"other","to":"s1"}""",
            }
        )
        {
            await cluster.RunAsync("admin", command);
        }

        await InsertAsync(cluster, "orders", 1000, id => $$"""{"_id":{{id}},"region":"r{{id % 10}}","v":{{id}}.5}""");
        await InsertAsync(
            cluster,
            "log",
            200,
            id =>
                (id % 4) switch
                {
                    0 => $$"""{"_id":"k{{id}}"}""",
                    1 => $$"""{"_id":{{id}} }""",
                    2 => $$"""{"_id":{"a":{{id}},"b":"x"} }""",
                    _ => $$"""{"_id":{"$numberDecimal":"{{id}}.7"} }""",
                }
        );
        await cluster.RunAsync(
            "shop",
            """{"create":"plain","collation":{"locale":"de"},"validator":{"n":{"$gte":0} },"validationLevel":"strict","validationAction":"error"}"""
        );
        await InsertAsync(cluster, "plain", 50, id => $$"""{"_id":{{id}},"n":{{id}} }""");
        await cluster.RunAsync(
            "shop",
            """{"create":"few","viewOn":"orders","pipeline":[{"$match":{"v":{"$lt":9} } }]}"""
        );
        await cluster.RunAsync(
            "shop",
            """{"createIndexes":"orders","indexes":[{"key":{"v":-1},"name":"by v"},{"key":{"region":1,"v":1},"name":"rv","sparse":true}]}"""
        );
        await cluster.RunAsync("other", """{"insert":"one","documents":[{"_id":1}]}""");
        // What a migration leaves behind: documents of a chunk that is the other shard's now.
        await cluster.HoldRangeDeletionsAsync("s0", isHeld: true);
        await cluster.RunAsync("admin", """{"split":"shop.orders","middle":{"region":"r9","_id":700} }""");
        await cluster.RunAsync("admin", """{"moveChunk":"shop.orders","find":{"region":"r9","_id":709},"to":"s1"}""");
    }

    private static Task InsertAsync(
        ShardedClusterUnderTest cluster,
        string collection,
        int count,
        Func<int, string> document
    ) =>
        cluster.RunAsync(
            "shop",
            $$"""{"insert":"{{collection}}","documents":[{{string.Join(',', Enumerable.Range(0, count).Select(document))}}]}"""
        );

    /// <summary>Every namespace with its documents in order, its options and its indexes.</summary>
    private static async Task<SortedDictionary<string, string>> ContentsAsync(MongoClient client)
    {
        var contents = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var database in Databases)
        {
            await foreach (var listed in ClusterCopy.QueryAsync(client, database, """{"listCollections":1}"""))
            {
                var name = listed.View["name"u8].AsString;
                if (name.StartsWith("system.", StringComparison.Ordinal))
                {
                    continue;
                }

                var text = new StringBuilder(ExtendedJson.ToText(listed.View["options"u8].AsDocument)).Append('\n');
                if (listed.View["type"u8].AsString == "collection")
                {
                    var indexes = new SortedSet<string>(StringComparer.Ordinal);
                    await foreach (
                        var index in ClusterCopy.QueryAsync(client, database, $$"""{"listIndexes":"{{name}}"}""")
                    )
                    {
                        indexes.Add(
                            $"{index.View["name"u8].AsString} {ExtendedJson.ToText(index.View["key"u8].AsDocument)}"
                        );
                    }

                    text.AppendJoin('\n', indexes).Append('\n');
                }

                var (count, hash) = (0, IncrementalHash.CreateHash(HashAlgorithmName.SHA256));
                await foreach (
                    var document in ClusterCopy.QueryAsync(
                        client,
                        database,
                        $$"""{"find":"{{name}}","sort":{"_id":1} }"""
                    )
                )
                {
                    count++;
                    hash.AppendData(document.Span);
                }

                text.Append(count).Append(" documents ").Append(Convert.ToHexString(hash.GetHashAndReset()));

                contents[$"{database}.{name}"] = text.ToString();
            }
        }

        return contents;
    }

    /// <summary>Where each chunk begins, and whose it is.</summary>
    private static async Task<SortedDictionary<string, string>> ChunksAsync(ShardedClusterUnderTest cluster)
    {
        var chunks = new SortedDictionary<string, string>(StringComparer.Ordinal);
        await foreach (var chunk in ClusterCopy.QueryAsync(cluster.Client, "config", """{"find":"chunks"}"""))
        {
            var ns = chunk.View["ns"u8].AsString;
            if (ns.StartsWith("shop.", StringComparison.Ordinal))
            {
                var min = ExtendedJson.ToText(chunk.View["min"u8].AsDocument, ExtendedJsonMode.Canonical);
                chunks[$"{ns} {min}"] = chunk.View["shard"u8].AsString;
            }
        }

        return chunks;
    }
}
