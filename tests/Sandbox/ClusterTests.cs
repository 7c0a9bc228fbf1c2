using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.Sandbox;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Sandbox;

/// <summary>The sandbox's sharded cluster at work: the balancer, migrations, shards that come and go, users.</summary>
public sealed class ClusterTests
{
    private static readonly SandboxClusterOptions Quiet = new() { Balancer = false };

    private static readonly SandboxClusterOptions Lively = new()
    {
        BalancerInterval = TimeSpan.FromMilliseconds(20),
        OrphanDelay = TimeSpan.FromMilliseconds(50),
    };

    [Fact]
    public async Task TheBalancerMovesChunksUntilShardsAreEven()
    {
        await using var cluster = await SandboxClusterSet.StartAsync(
            Quiet with
            {
                BalancerInterval = Lively.BalancerInterval,
                OrphanDelay = Lively.OrphanDelay,
            }
        );
        await FillAsync(cluster, 100, splits: [20, 40, 60]);
        (await ChunksOfAsync(cluster, "s0")).ShouldBe(4);
        await cluster.RunAsync("admin", """{"balancerStart":1}""");
        await UntilAsync(async () =>
            await ChunksOfAsync(cluster, "s0") == 2 && await ChunksOfAsync(cluster, "s1") == 2
        );
        await UntilAsync(async () =>
            (await cluster.FindOnAsync("s0", "bank", """{"find":"acc","batchSize":1000}""")).Count
                + (await cluster.FindOnAsync("s1", "bank", """{"find":"acc","batchSize":1000}""")).Count
            == 100
        );
        var round = await cluster.RunAsync("config", """{"find":"actionlog","limit":1}""");
        ShardedClusterUnderTest.Batch(round)[0].View["what"u8].AsString.ShouldBe("balancer.round");
        var sum = await cluster.RunAsync(
            "bank",
            """{"aggregate":"acc","pipeline":[{"$group":{"_id":null,"n":{"$sum":1} } }],"cursor":{} }"""
        );
        ShardedClusterUnderTest.Batch(sum)[0].View["n"u8].ToInt64().ShouldBe(100);
    }

    [Fact]
    public async Task ABalancerThatDoesNotStopIsToldOfAndIsOffAllTheSame()
    {
        await using var cluster = await SandboxClusterSet.StartAsync(Lively);
        cluster.Sandbox.Faults.HoldBalancerRound(true);
        await UntilAsync(async () => (await StatusAsync(cluster)).View["inBalancerRound"u8].AsBoolean);
        var refused = await Should.ThrowAsync<CommandException>(() =>
            cluster.RunAsync("admin", """{"balancerStop":1,"maxTimeMS":50}""")
        );
        refused.ServerCode.ShouldBe(50);
        var status = await StatusAsync(cluster);
        status.View["mode"u8].AsString.ShouldBe("off");
        status.View["inBalancerRound"u8].AsBoolean.ShouldBeTrue();
        cluster.Sandbox.Faults.HoldBalancerRound(false);
        await cluster.RunAsync("admin", """{"balancerStop":1}""");
        (await StatusAsync(cluster)).View["inBalancerRound"u8].AsBoolean.ShouldBeFalse();
    }

    [Fact]
    public async Task AMigrationLosesNothingThatIsWrittenMeanwhileAndShowsNoOrphans()
    {
        await using var cluster = await SandboxClusterSet.StartAsync(Quiet);
        await FillAsync(cluster, 20, splits: [10]);
        var faults = cluster.Sandbox.Faults;
        faults.PauseMigrations(MigrationPhase.Cloning);
        faults.PauseMigrations(MigrationPhase.CriticalSection);
        faults.PauseMigrations(MigrationPhase.Committed);
        var moving = cluster.RunAsync(
            "admin",
            """{"moveChunk":"bank.acc","find":{"_id":15},"to":"s1","_waitForDelete":true}"""
        );
        await faults.MigrationReachedAsync(MigrationPhase.Cloning);
        await cluster.RunAsync("bank", """{"update":"acc","updates":[{"q":{"_id":15},"u":{"$set":{"v":"new"} } }]}""");
        await cluster.RunAsync("bank", """{"delete":"acc","deletes":[{"q":{"_id":16},"limit":1}]}""");
        await cluster.RunAsync("bank", """{"insert":"acc","documents":[{"_id":30,"v":1}]}""");
        faults.ResumeMigrations(MigrationPhase.Cloning);

        await faults.MigrationReachedAsync(MigrationPhase.CriticalSection);
        var waiting = cluster.AskAsync(
            cluster.Router(0),
            "bank",
            ExtendedJson.Parse("""{"insert":"acc","documents":[{"_id":31,"v":1}]}""")
        );
        (await cluster.FindOnAsync("s0", "bank", """{"find":"acc","filter":{"_id":31} }""")).ShouldBeEmpty();
        faults.ResumeMigrations(MigrationPhase.CriticalSection);

        await faults.MigrationReachedAsync(MigrationPhase.Committed);
        await waiting;
        (
            await cluster.FindOnAsync("s0", "bank", """{"find":"acc","filter":{"_id":{"$gte":10} },"batchSize":100}""")
        ).Count.ShouldBe(10);
        (await cluster.FindOnAsync("s1", "bank", """{"find":"acc","batchSize":100}""")).Count.ShouldBe(11);
        var seen = ShardedClusterUnderTest.Batch(
            await cluster.RunAsync("bank", """{"find":"acc","sort":{"_id":1},"batchSize":100}""")
        );
        seen.Select(one => one.View["_id"u8].ToInt64())
            .ShouldBe([.. Enumerable.Range(0, 16), .. Enumerable.Range(17, 3), 30, 31]);
        seen[15].View["v"u8].AsString.ShouldBe("new");
        faults.ResumeMigrations(MigrationPhase.Committed);
        await moving;
        (await cluster.FindOnAsync("s0", "bank", """{"find":"acc","batchSize":100}""")).Count.ShouldBe(10);
        Migrated(cluster, "s0", "d").ShouldBe(10);
        Migrated(cluster, "s1", "i").ShouldBe(11);
        Migrated(cluster, "s1", "u").ShouldBe(1);
        Migrated(cluster, "s1", "d").ShouldBe(1);
    }

    [Theory]
    [InlineData("s0")]
    [InlineData("s1")]
    public async Task AShardThatDiesWhileAChunkIsCommittedHearsOfItLater(string dies)
    {
        var quick = new SandboxOptions { ElectionTimeout = TimeSpan.FromMilliseconds(200) };
        await using var cluster = await SandboxClusterSet.StartAsync(
            Quiet with
            {
                Shards = [quick with { ReplicaSetName = "s0" }, quick with { ReplicaSetName = "s1" }],
                SelectionTimeout = TimeSpan.FromMilliseconds(100),
            }
        );
        await FillAsync(cluster, 20, splits: [10]);
        var faults = cluster.Sandbox.Faults;
        faults.PauseMigrations(MigrationPhase.CriticalSection);
        var moving = cluster.RunAsync("admin", """{"moveChunk":"bank.acc","find":{"_id":15},"to":"s1"}""");
        await faults.MigrationReachedAsync(MigrationPhase.CriticalSection);
        await cluster.KillAsync(dies);
        faults.ResumeMigrations(MigrationPhase.CriticalSection);
        await Task.Delay(300);
        moving.IsCompleted.ShouldBeFalse();
        await cluster.ReviveAsync(dies);
        await moving;
        (await CountAsync(cluster, "acc")).ShouldBe(20);
        (await ChunksOfAsync(cluster, "s1")).ShouldBe(1);
    }

    [Fact]
    public async Task ACursorSeesAllThatWasItsShardsWhenItWasOpened()
    {
        await using var cluster = await SandboxClusterSet.StartAsync(Lively with { Balancer = false });
        await FillAsync(cluster, 300, splits: [150]);
        await using var cursor = await cluster.Client.OpenCursorAsync(
            "bank",
            ExtendedJson.Parse("""{"find":"acc","batchSize":10}"""),
            ReadTarget.Primary,
            new CursorOptions { BatchSize = 10 },
            CancellationToken.None
        );
        await cluster.RunAsync("admin", """{"moveChunk":"bank.acc","find":{"_id":200},"to":"s1"}""");
        await Task.Delay(150);
        var count = 0;
        while (await cursor.NextBatchAsync(CancellationToken.None) is { } batch)
        {
            using (batch)
            {
                foreach (var _ in batch)
                {
                    count++;
                }
            }
        }

        count.ShouldBe(300);
        await UntilAsync(async () =>
            (await cluster.FindOnAsync("s0", "bank", """{"find":"acc","batchSize":1000}""")).Count == 150
        );
    }

    [Fact]
    public async Task AShardIsAddedAndAnotherOneDrainedAndRemoved()
    {
        await using var cluster = await SandboxClusterSet.StartAsync(Lively);
        var host = await cluster.Sandbox.StartShardAsync(new SandboxOptions { ReplicaSetName = "s2" });
        var added = await cluster.RunAsync("admin", $$"""{"addShard":"{{host}}"}""");
        added.View["shardAdded"u8].AsString.ShouldBe("s2");
        await cluster.RunAsync("admin", """{"enableSharding":"bank"}""");
        await cluster.RunAsync("admin", """{"shardCollection":"bank.h","key":{"_id":"hashed"} }""");
        var documents = string.Join(',', Enumerable.Range(0, 200).Select(id => $$"""{"_id":{{id}} }"""));
        await cluster.RunAsync("bank", $$"""{"insert":"h","documents":[{{documents}}]}""");
        foreach (var shard in new[] { "s0", "s1", "s2" })
        {
            (await cluster.FindOnAsync(shard, "bank", """{"find":"h","batchSize":1000}""")).Count.ShouldBeInRange(
                30,
                110
            );
        }

        // Not the one that is the database's primary.
        var state = "";
        await UntilAsync(async () =>
        {
            var reply = await cluster.RunAsync("admin", """{"removeShard":"s2"}""");
            state = reply.View["state"u8].AsString;
            return state == "completed";
        });
        var left = await cluster.RunAsync("admin", """{"listShards":1}""");
        ExtendedJson.ToText(left.View).ShouldNotContain("s2");
        (await CountAsync(cluster, "h")).ShouldBe(200);
    }

    [Fact]
    public async Task ChunksGoToTheirZone()
    {
        await using var cluster = await SandboxClusterSet.StartAsync(Lively);
        await FillAsync(cluster, 40, splits: [10, 20, 30]);
        await cluster.RunAsync("admin", """{"addShardToZone":"s1","zone":"east"}""");
        await cluster.RunAsync(
            "admin",
            """{"updateZoneKeyRange":"bank.acc","min":{"_id":{"$minKey":1} },"max":{"_id":30},"zone":"east"}"""
        );
        await UntilAsync(async () => await ChunksOfAsync(cluster, "s1") == 3);
    }

    [Fact]
    public async Task WhoeverIsNotLoggedInMayNotUseARouter()
    {
        await using var cluster = await SandboxClusterSet.StartAsync(
            Quiet with
            {
                Users = [new SandboxUser("agent", "secret", "backup", "clusterMonitor", "clusterManager")],
            }
        );
        var refused = await Should.ThrowAsync<CommandException>(() =>
            cluster.RunAsync("admin", """{"listShards":1}""")
        );
        refused.ServerCode.ShouldBe(13);
        await using var client = new MongoClient(
            Backup.MongoWire.Uri.ConnectionString.Parse(
                cluster.ConnectionString.Replace("mongodb://", "mongodb://agent:secret@", StringComparison.Ordinal)
            ),
            new MongoClientOptions()
        );
        foreach (var command in new[] { """{"listShards":1}""", """{"balancerStop":1}""", """{"balancerStart":1}""" })
        {
            using var reply = await client.RunCommandAsync(
                "admin",
                ExtendedJson.Parse(command),
                ReadTarget.Primary,
                CancellationToken.None
            );
            reply.View["ok"u8].ToDouble().ShouldBe(1);
        }

        client.Topology.Servers.Values.ShouldAllBe(server => server.Type == ServerType.Mongos);
    }

    /// <summary>Documents <c>{_id, v: 1}</c> in <c>bank.acc</c>, all on the first shard.</summary>
    private static async Task FillAsync(SandboxClusterSet cluster, int count, int[] splits)
    {
        await cluster.RunAsync("admin", """{"enableSharding":"bank"}""");
        await cluster.RunAsync("admin", """{"shardCollection":"bank.acc","key":{"_id":1} }""");
        var documents = string.Join(',', Enumerable.Range(0, count).Select(id => $$"""{"_id":{{id}},"v":1}"""));
        await cluster.RunAsync("bank", $$"""{"insert":"acc","documents":[{{documents}}]}""");
        foreach (var split in splits)
        {
            await cluster.RunAsync("admin", $$"""{"split":"bank.acc","middle":{"_id":{{split}} } }""");
        }
    }

    private static async Task<int> ChunksOfAsync(SandboxClusterSet cluster, string shard) =>
        ShardedClusterUnderTest
            .Batch(await cluster.RunAsync("config", $$"""{"find":"chunks","filter":{"shard":"{{shard}}"} }"""))
            .Count;

    private static async Task<long> CountAsync(SandboxClusterSet cluster, string collection) =>
        ShardedClusterUnderTest
            .Batch(await cluster.RunAsync("bank", $$"""{"find":"{{collection}}","batchSize":10000}"""))
            .Count;

    private static Task<BsonDocument> StatusAsync(SandboxClusterSet cluster) =>
        cluster.RunAsync("admin", """{"balancerStatus":1}""");

    private static int Migrated(SandboxClusterSet cluster, string shard, string op) =>
        cluster
            .Sandbox.Shards[shard]
            .Oplog()
            .Count(entry => entry.View["op"u8].AsString == op && entry.View.Has("fromMigrate"u8));

    internal static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await isSo())
        {
            await Task.Delay(20, limit.Token);
        }
    }
}
