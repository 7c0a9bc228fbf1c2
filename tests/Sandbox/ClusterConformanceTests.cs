using Backup.Sandbox;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.Sandbox;

/// <summary>The same commands to a real cluster and to the sandbox's: the same answers, the same entries, the same content of the config servers.</summary>
public sealed class ClusterConformanceTests
{
    private const string Session =
        "\"lsid\":{\"id\":{\"$binary\":{\"base64\":\"AAECAwQFBgcICQoLDA0ODw==\",\"subType\":\"04\"} } },\"autocommit\":false";

    [RealMongoFact]
    public async Task TheSandboxesClusterAnswersAsARealOne()
    {
        var real = Task.Run(async () =>
        {
            await using var cluster = await RealShardedCluster.StartAsync();
            return await TranscriptAsync(cluster);
        });
        await using var sandbox = await SandboxClusterSet.StartAsync(new SandboxClusterOptions { Balancer = false });
        var found = await TranscriptAsync(sandbox);
        var expected = await real;
        if (Environment.GetEnvironmentVariable("BACKUP_TRANSCRIPT") is { } folder)
        {
            await File.WriteAllLinesAsync(Path.Combine(folder, "real.txt"), expected);
            await File.WriteAllLinesAsync(Path.Combine(folder, "sandbox.txt"), found);
        }

        expected
            .Zip(found)
            .Where(static pair => pair.First != pair.Second)
            .Select(static pair => $"\n{pair}")
            .ShouldBeEmpty();
        found.Count.ShouldBe(expected.Count);
        expected.Count.ShouldBeGreaterThan(150);
    }

    private static async Task<List<string>> TranscriptAsync(ShardedClusterUnderTest cluster)
    {
        var transcript = new ClusterTranscript(cluster, "bank");
        await cluster.RunAsync("admin", """{"enableSharding":"bank"}""");
        await transcript.FindPrimaryAsync();
        await transcript.TellEntriesAsync(silently: true);
        await DescribeAsync(transcript);
        await DistributeAsync(transcript);
        await WriteAsync(transcript);
        await MoveAsync(transcript, cluster);
        await TransactAsync(transcript);
        await ZonesAsync(transcript);
        await RemoveAsync(transcript);
        return transcript.Lines;
    }

    private static async Task DescribeAsync(ClusterTranscript t)
    {
        foreach (
            var command in new[]
            {
                """{"getShardMap":1}""",
                """{"balancerStatus":1}""",
                """{"replSetGetConfig":1}""",
                """{"appendOplogNote":1,"data":{"token":1} }""",
                """{"nosuch":1}""",
                """{"flushRouterConfig":1}""",
                """{"enableSharding":"admin"}""",
                """{"enableSharding":"bank"}""",
                """{"connectionStatus":1}""",
            }
        )
        {
            await t.AskAdminAsync(command);
        }

        await t.AskAsync("""{"listShards":1}""");
        await t.AskAsync("""{"find":"none"}""", "nowhere");
        foreach (var set in new[] { ShardedClusterUnderTest.ConfigServers, "P", "O" })
        {
            // Shards hear of each other after a while.
            if (set == ShardedClusterUnderTest.ConfigServers)
            {
                await t.AskOnAsync(set, "admin", """{"getShardMap":1}""");
            }

            await t.AskOnAsync(set, "admin", """{"listShards":1}""");
            await t.AskOnAsync(set, "admin", """{"appendOplogNote":1,"data":{"token":"cut"} }""");
        }

        await t.AskOnAsync("P", "admin", """{"find":"system.version","sort":{"_id":1} }""");
        await t.TellEntriesAsync();
        await t.TellConfigAsync("databases");
        await t.TellConfigAsync("settings");
    }

    private static async Task DistributeAsync(ClusterTranscript t)
    {
        foreach (
            var command in new[]
            {
                """{"shardCollection":"elsewhere.acc","key":{"_id":1} }""",
                """{"shardCollection":"bank.acc","key":{"_id":1} }""",
                """{"shardCollection":"bank.acc","key":{"_id":1} }""",
                """{"shardCollection":"bank.acc","key":{"x":1} }""",
                """{"shardCollection":"bank.h","key":{"_id":"hashed"} }""",
                """{"shardCollection":"bank.c","key":{"a":1,"b":1},"unique":true}""",
                """{"split":"bank.acc","middle":{"_id":10} }""",
                """{"split":"bank.acc","middle":{"_id":20} }""",
                """{"split":"bank.acc","middle":{"_id":20} }""",
                """{"split":"bank.none","middle":{"_id":20} }""",
                """{"moveChunk":"bank.acc","find":{"_id":15},"to":"nobody"}""",
                """{"moveChunk":"bank.none","find":{"_id":15},"to":"O"}""",
            }
        )
        {
            await t.AskAdminAsync(command);
            await t.TellEntriesAsync();
        }

        await t.TellConfigAsync("collections");
        await t.TellConfigAsync("chunks");
    }

    private static async Task WriteAsync(ClusterTranscript t)
    {
        foreach (
            var command in new[]
            {
                """{"insert":"acc","documents":[{"_id":1,"v":1},{"_id":2,"v":1},{"_id":11,"v":1},{"_id":12,"v":1},{"_id":21,"v":1}]}""",
                """{"insert":"acc","documents":[{"_id":2,"v":1},{"_id":3,"v":1},{"_id":12,"v":1}],"ordered":false}""",
                """{"insert":"c","documents":[{"_id":1,"a":1,"b":2},{"_id":2,"a":1},{"_id":3,"a":2,"b":2}]}""",
                """{"insert":"h","documents":[{"_id":1},{"_id":-3},{"_id":"abc"},{"_id":true},{"_id":{"a":1,"b":"x"} },{"_id":2.5},{"_id":{"$date":"2020-01-01T00:00:00Z"} },{"_id":{"$oid":"6b02c48ed3cc2524445d8df6"} },{"_id":{"$timestamp":{"t":5,"i":6} } }]}""",
                """{"update":"c","updates":[{"q":{"b":2},"u":{"$set":{"x":1} } }]}""",
                """{"update":"c","updates":[{"q":{"b":2},"u":{"$set":{"x":1} },"multi":true}]}""",
                """{"update":"c","updates":[{"q":{"_id":1},"u":{"$set":{"y":1} } }]}""",
                """{"update":"c","updates":[{"q":{"a":5},"u":{"$set":{"x":1} },"upsert":true}]}""",
                """{"update":"c","updates":[{"q":{"a":5,"b":1,"_id":9},"u":{"$set":{"x":1} },"upsert":true}]}""",
                """{"update":"c","updates":[{"q":{"a":1,"b":2},"u":{"$set":{"a":3} } }]}""",
                """{"update":"c","updates":[{"q":{"_id":1},"u":{"x":3} }]}""",
                """{"delete":"c","deletes":[{"q":{"b":7},"limit":1}]}""",
                """{"delete":"c","deletes":[{"q":{"b":7},"limit":0}]}""",
                """{"delete":"c","deletes":[{"q":{"a":2,"b":2},"limit":1}]}""",
                """{"findAndModify":"c","query":{"b":2},"update":{"$set":{"x":4} } }""",
                """{"findAndModify":"c","query":{"a":1,"b":2},"update":{"$set":{"x":4} },"new":true}""",
                """{"create":"plain"}""",
                """{"create":"plain"}""",
                """{"insert":"plain","documents":[{"_id":1,"a":1}]}""",
                """{"insert":"made","documents":[{"_id":1,"a":1}]}""",
                """{"count":"plain"}""",
                """{"createIndexes":"acc","indexes":[{"key":{"v":1},"name":"v_1"}]}""",
                """{"dropIndexes":"acc","index":"v_1"}""",
                """{"listIndexes":"c"}""",
                """{"renameCollection":"bank.plain","to":"bank.other"}""",
            }
        )
        {
            await t.AskAsync(command);
            await t.TellEntriesAsync();
        }

        await t.AskAdminAsync("""{"renameCollection":"bank.plain","to":"bank.other"}""");
        await t.AskAdminAsync("""{"renameCollection":"bank.acc","to":"bank.other"}""");
        await t.AskAdminAsync("""{"shardCollection":"bank.other","key":{"a":1} }""");
        await t.TellEntriesAsync();
        foreach (var set in new[] { "P", "O" })
        {
            await t.AskOnAsync(set, "bank", """{"find":"h","sort":{"_id":1} }""");
        }
    }

    private static async Task MoveAsync(ClusterTranscript t, ShardedClusterUnderTest cluster)
    {
        await t.AskAdminAsync("""{"moveChunk":"bank.acc","find":{"_id":15},"to":"O","_waitForDelete":true}""");
        await t.TellEntriesAsync();
        await t.TellConfigAsync("chunks");
        await t.AskAdminAsync("""{"moveChunk":"bank.c","find":{"a":1,"b":2},"to":"O","_waitForDelete":true}""");
        await t.TellEntriesAsync();
        await t.AskAdminAsync("""{"split":"bank.acc","middle":{"_id":15} }""");
        await t.AskAdminAsync("""{"split":"bank.acc","middle":{"_id":5} }""");
        await t.TellEntriesAsync();
        await t.AskAdminAsync("""{"moveChunk":"bank.acc","find":{"_id":15},"to":"O"}""");
        await t.AskAsync("""{"find":"acc","sort":{"_id":-1},"limit":4,"skip":1,"projection":{"_id":1} }""");
        await t.AskAsync("""{"find":"acc","filter":{"_id":12} }""");

        // Nobody sees orphans, but for what counts and writes without looking.
        var donor = (await cluster.RunAsync("config", """{"find":"chunks","filter":{"_id":"bank.acc-_id_20"} }"""));
        var name = ShardedClusterUnderTest.Batch(donor)[0].View["shard"u8].AsString;
        await cluster.HoldRangeDeletionsAsync(name, isHeld: true);
        await t.AskAdminAsync("""{"moveChunk":"bank.acc","find":{"_id":21},"to":"O"}""");
        foreach (
            var command in new[]
            {
                """{"find":"acc","sort":{"_id":1} }""",
                """{"count":"acc"}""",
                """{"count":"acc","query":{"v":1} }""",
                """{"count":"acc","query":{"_id":{"$gte":20} } }""",
                """{"aggregate":"acc","pipeline":[{"$group":{"_id":null,"s":{"$sum":"$v"} } }],"cursor":{} }""",
                """{"update":"acc","updates":[{"q":{"v":1},"u":{"$inc":{"v":1} },"multi":true}]}""",
                """{"distinct":"acc","key":"v"}""",
            }
        )
        {
            await t.AskAsync(command);
        }

        await t.AskOnAsync("P", "bank", """{"find":"acc","sort":{"_id":1} }""");
        await t.AskOnAsync("O", "bank", """{"find":"acc","sort":{"_id":1} }""");
        await cluster.HoldRangeDeletionsAsync(name, isHeld: false);
        await t.AskAdminAsync("""{"moveChunk":"bank.acc","find":{"_id":11},"to":"P","_waitForDelete":true}""");
        await t.AskAsync("""{"find":"acc","sort":{"_id":1} }""");
        await t.AskAdminAsync("""{"moveChunk":"bank.acc","find":{"_id":11},"to":"O","_waitForDelete":true}""");
        await t.TellEntriesAsync(silently: true);
    }

    private static async Task TransactAsync(ClusterTranscript t)
    {
        async Task StepAsync(int number, string command, string? of = null, bool begins = false)
        {
            var start = begins ? ",\"startTransaction\":true,\"readConcern\":{\"level\":\"snapshot\"}" : "";
            var txn = $$"""{"$numberLong":"{{number}}"}""";
            await t.AskAsync($$"""{{command[..^1]}},{{Session}},"txnNumber":{{txn}}{{start}} }""", of);
        }

        // Routers and shards learn of the last migrations.
        await t.AskAsync("""{"find":"acc","filter":{"_id":{"$lt":100} },"sort":{"_id":1} }""");
        const string low = """{"update":"acc","updates":[{"q":{"_id":1},"u":{"$inc":{"v":1} } }]}""";
        const string high = """{"update":"acc","updates":[{"q":{"_id":12},"u":{"$inc":{"v":-1} } }]}""";
        const string commit = """{"commitTransaction":1}""";
        const string abort = """{"abortTransaction":1}""";
        await StepAsync(1, low, begins: true);
        await StepAsync(1, high);
        await t.TellEntriesAsync();
        await StepAsync(1, commit, "admin");
        await t.TellEntriesAsync();
        await StepAsync(1, commit, "admin");
        await StepAsync(1, """{"find":"acc"}""");

        await StepAsync(2, low, begins: true);
        await StepAsync(2, """{"update":"acc","updates":[{"q":{"_id":2},"u":{"$inc":{"v":1} } }]}""");
        await StepAsync(2, commit, "admin");
        await t.TellEntriesAsync();

        await StepAsync(3, """{"find":"acc","filter":{"_id":1} }""", begins: true);
        await StepAsync(3, high);
        await StepAsync(3, """{"find":"acc","filter":{"_id":12} }""");
        await StepAsync(3, commit, "admin");
        await t.TellEntriesAsync();

        await StepAsync(4, low, begins: true);
        await StepAsync(4, high);
        await StepAsync(4, abort, "admin");
        await StepAsync(4, abort, "admin");
        await StepAsync(4, commit, "admin");
        await StepAsync(5, commit, "admin");

        await StepAsync(6, low, begins: true);
        await StepAsync(6, """{"insert":"acc","documents":[{"_id":12}]}""");
        await StepAsync(6, high);
        await t.TellEntriesAsync();
        await StepAsync(7, low, begins: true);
        await StepAsync(7, """{"create":"more"}""");
        await StepAsync(7, abort, "admin");
        await t.AskAsync("""{"find":"acc","sort":{"_id":1} }""");
        foreach (var set in new[] { "P", "O" })
        {
            await t.AskOnAsync(
                set,
                "config",
                """{"find":"transactions","filter":{"state":{"$exists":true} },"projection":{"lastWriteOpTime":0} }"""
            );
            await t.AskOnAsync(set, "config", """{"find":"transaction_coordinators"}""");
        }
    }

    private static async Task ZonesAsync(ClusterTranscript t)
    {
        foreach (
            var command in new[]
            {
                """{"addShardToZone":"P","zone":"east"}""",
                """{"addShardToZone":"nobody","zone":"east"}""",
                """{"updateZoneKeyRange":"bank.acc","min":{"_id":0},"max":{"_id":5},"zone":"east"}""",
                """{"updateZoneKeyRange":"bank.acc","min":{"_id":3},"max":{"_id":8},"zone":"east"}""",
                """{"updateZoneKeyRange":"bank.acc","min":{"_id":0},"max":{"_id":5},"zone":"none"}""",
                """{"removeShardFromZone":"P","zone":"east"}""",
                """{"updateZoneKeyRange":"bank.acc","min":{"_id":0},"max":{"_id":5},"zone":null}""",
                """{"removeShardFromZone":"P","zone":"east"}""",
                """{"balancerStart":1}""",
                """{"balancerStop":1,"maxTimeMS":60000}""",
                """{"removeShard":"nobody"}""",
                """{"removeShard":"O"}""",
                """{"removeShard":"P"}""",
                """{"moveChunk":"bank.acc","find":{"_id":1},"to":"O"}""",
            }
        )
        {
            await t.AskAdminAsync(command);
        }

        await t.TellEntriesAsync(silently: true);
        await t.TellConfigAsync("shards");
        await t.TellConfigAsync("settings");
    }

    private static async Task RemoveAsync(ClusterTranscript t)
    {
        foreach (
            var command in new[]
            {
                """{"drop":"h"}""",
                """{"drop":"made"}""",
                """{"drop":"made"}""",
                """{"drop":"acc"}""",
                """{"dropDatabase":1}""",
                """{"dropDatabase":1}""",
            }
        )
        {
            await t.AskAsync(command);
            await t.TellEntriesAsync();
        }

        await t.TellConfigAsync("collections");
        await t.TellConfigAsync("chunks");
        await t.TellConfigAsync("databases");
    }
}
