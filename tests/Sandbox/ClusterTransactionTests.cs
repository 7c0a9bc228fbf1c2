using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.Sandbox;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Sandbox;

/// <summary>Transactions of several shards while chunks move and processes die.</summary>
public sealed class ClusterTransactionTests
{
    private const string Low = """{"update":"accounts","updates":[{"q":{"_id":1},"u":{"$inc":{"balance":-5} } }]}""";
    private const string High = """{"update":"accounts","updates":[{"q":{"_id":99},"u":{"$inc":{"balance":5} } }]}""";

    [Fact]
    public async Task TheSumOfAllBalancesStaysWhileChunksMoveAndPrimariesChange()
    {
        var three = new SandboxOptions
        {
            ReplicaSetName = "s0",
            ElectionTimeout = TimeSpan.FromMilliseconds(500),
            Members = [new(), new(), new()],
        };
        await using var cluster = await SandboxClusterSet.StartAsync(
            new SandboxClusterOptions
            {
                Shards = [three, new() { ReplicaSetName = "s1" }],
                Routers = 2,
                BalancerInterval = TimeSpan.FromMilliseconds(50),
                OrphanDelay = TimeSpan.FromMilliseconds(50),
            }
        );
        await using var bank = await SandboxBankWorkload.StartAsync(
            cluster.ConnectionString,
            new SandboxBankOptions { Clerks = 3, MoveInterval = TimeSpan.FromMilliseconds(50) }
        );
        for (var round = 0; round < 3; round++)
        {
            await ClusterTests.UntilAsync(() => Task.FromResult(bank.Committed > (round + 1) * 20));
            (await bank.SumAsync()).ShouldBe(bank.Total);
            await cluster.Sandbox.Shards["s0"].Primary!.StepDownAsync(TimeSpan.FromSeconds(1));
        }

        await bank.StopAsync();
        (await bank.SumAsync()).ShouldBe(bank.Total);
        bank.Moved.ShouldBeGreaterThan(3);
        foreach (var shard in cluster.Sandbox.Shards.Values)
        {
            var kinds = shard.Oplog().Select(static entry => Kind(entry.View)).ToHashSet();
            string[] wanted = ["prepare", "commitTransaction", "fromMigrate i", "fromMigrate d"];
            wanted.Except(kinds).ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task WhatIsPreparedIsDecidedByItsShardWhenTheRouterDies()
    {
        await using var cluster = await StartAsync();
        var faults = cluster.Sandbox.Faults;
        faults.PauseCommits(CommitPhase.BeforeDecision);
        var lost = await BeginAsync(cluster);
        await faults.CommitReachedAsync(CommitPhase.BeforeDecision);
        foreach (var shard in cluster.Shards)
        {
            var sessions = await cluster.FindOnAsync(
                shard,
                "config",
                """{"find":"transactions","filter":{"state":"prepared"} }"""
            );
            sessions.ShouldHaveSingleItem().View.Has("startOpTime"u8).ShouldBeTrue();
        }

        var first = await CoordinatorsAsync(cluster);
        first.ShouldHaveSingleItem().View.Has("decision"u8).ShouldBeFalse();
        await cluster.KillRouterAsync(0);
        await Should.ThrowAsync<Exception>(lost);
        faults.ResumeCommits(CommitPhase.BeforeDecision);
        await ClusterTests.UntilAsync(async () => (await CoordinatorsAsync(cluster)).Count == 0);

        // Another router finds out how it ended, and what was read meanwhile stays as it was.
        var told = await AskAsync(
            cluster,
            1,
            "admin",
            Step("""{"commitTransaction":1,"recoveryToken":{"recoveryShardId":"s0"} }""")
        );
        told.View["ok"u8].ToDouble().ShouldBe(1);
        (await BalancesAsync(cluster)).ShouldBe((995, 1005));
        CommitTimestamps(cluster, "s0").ShouldBe(CommitTimestamps(cluster, "s1"));
        await cluster.StartRouterAsync(0);
        (await cluster.RunAsync("admin", """{"ping":1}""")).View["ok"u8].ToDouble().ShouldBe(1);
    }

    [Theory]
    [InlineData(CommitPhase.BeforePrepare, "s0")]
    [InlineData(CommitPhase.BeforeCommit, "s0")]
    [InlineData(CommitPhase.BeforeDecision, "s1")]
    public async Task AShardThatDiesIsWaitedForAndTheTransactionEndsTheSameOnAll(CommitPhase phase, string dies)
    {
        await using var cluster = await StartAsync();
        var faults = cluster.Sandbox.Faults;
        faults.PauseCommits(phase);
        var pending = await BeginAsync(cluster);
        await faults.CommitReachedAsync(phase);
        await cluster.KillAsync(dies);
        faults.ResumeCommits(phase);
        await Task.Delay(100);
        await cluster.ReviveAsync(dies);
        var isCommitted = await EndedAsync(cluster, pending);
        isCommitted.ShouldBe(phase != CommitPhase.BeforePrepare, "who dies before it is prepared has lost its part");
        await ClusterTests.UntilAsync(async () => (await CoordinatorsAsync(cluster)).Count == 0);
        (await BalancesAsync(cluster)).ShouldBe(isCommitted ? (995, 1005) : (1000, 1000));
    }

    [Fact]
    public async Task WhatARouterHasNotEndedIsGivenUpAfterItsLifetime()
    {
        await using var cluster = await StartAsync(TimeSpan.FromMilliseconds(300));
        await AskAsync(cluster, 0, "bank", Step(Low, begins: true));
        await AskAsync(cluster, 0, "bank", Step(High));
        await cluster.KillRouterAsync(0);
        var written = await AskAsync(cluster, 1, "bank", High);
        written.View["n"u8].ToInt64().ShouldBe(1);
        (await BalancesAsync(cluster)).ShouldBe((1000, 1005));
    }

    [Fact]
    public async Task AReadAsOfOneTimeWaitsForWhatMayBeCommittedByThen()
    {
        await using var cluster = await StartAsync();
        var faults = cluster.Sandbox.Faults;
        faults.PauseCommits(CommitPhase.BeforeCommit);
        var pending = await BeginAsync(cluster);
        await faults.CommitReachedAsync(CommitPhase.BeforeCommit);
        await using var bank = await SandboxBankWorkload.StartAsync(
            cluster.ConnectionString,
            new SandboxBankOptions { Database = "other", Clerks = 0 }
        );
        var sum = AskAsync(
            cluster,
            1,
            "bank",
            Step(
                """{"aggregate":"accounts","pipeline":[{"$group":{"_id":null,"sum":{"$sum":"$balance"} } }],"cursor":{} }""",
                begins: true,
                number: 9
            )
        );
        (await Task.WhenAny(sum, Task.Delay(150))).ShouldNotBe(sum);
        // Whoever reads without a time does not wait.
        (await BalancesAsync(cluster)).ShouldBe((1000, 1000));
        faults.ResumeCommits(CommitPhase.BeforeCommit);
        ShardedClusterUnderTest.Batch(await sum)[0].View["sum"u8].ToInt64().ShouldBe(100_000);
        (await EndedAsync(cluster, pending)).ShouldBeTrue();
        (await BalancesAsync(cluster)).ShouldBe((995, 1005));
    }

    [Fact]
    public async Task AShardThatDoesNotAnswerKeepsOnlyItsOwnDataFromClients()
    {
        await using var cluster = await StartAsync();
        cluster.Sandbox.Shards["s1"].Nodes[0].Hang();
        var stuck = AskAsync(cluster, 1, "bank", """{"find":"accounts","filter":{"_id":99} }""");
        var found = await AskAsync(cluster, 0, "bank", """{"find":"accounts","filter":{"_id":1} }""");
        ShardedClusterUnderTest.Batch(found).Count.ShouldBe(1);
        stuck.IsCompleted.ShouldBeFalse();
        cluster.Sandbox.Shards["s1"].Nodes[0].Thaw();
        ShardedClusterUnderTest.Batch(await stuck).Count.ShouldBe(1);
    }

    /// <summary>A bank that nobody works at: account 1 is on the first shard, account 99 on the second.</summary>
    private static async Task<SandboxClusterSet> StartAsync(TimeSpan? lifetime = null)
    {
        var one = new SandboxOptions
        {
            TransactionLifetime = lifetime ?? TimeSpan.FromSeconds(60),
            ElectionTimeout = TimeSpan.FromMilliseconds(200),
        };
        var cluster = await SandboxClusterSet.StartAsync(
            new SandboxClusterOptions
            {
                Balancer = false,
                Routers = 2,
                Shards = [one with { ReplicaSetName = "s0" }, one with { ReplicaSetName = "s1" }],
            }
        );
        await using var bank = await SandboxBankWorkload.StartAsync(
            cluster.ConnectionString,
            new SandboxBankOptions { Clerks = 0 }
        );
        return cluster;
    }

    /// <summary>A transaction of both shards, whose commit is under way through the first router.</summary>
    private static async Task<Task<BsonDocument>> BeginAsync(SandboxClusterSet cluster)
    {
        await AskAsync(cluster, 0, "bank", Step(Low, begins: true));
        await AskAsync(cluster, 0, "bank", Step(High));
        return AskAsync(cluster, 0, "admin", Step("""{"commitTransaction":1}"""));
    }

    /// <summary>How it ended; who does not hear asks again.</summary>
    private static async Task<bool> EndedAsync(SandboxClusterSet cluster, Task<BsonDocument> commit)
    {
        while (true)
        {
            try
            {
                return (await commit).View["ok"u8].ToDouble() == 1;
            }
            catch (CommandException aborted) when (aborted.ServerCode == 251)
            {
                return false;
            }
            catch (CommandException unheard) when (unheard.ServerCode is 6 or 133)
            {
                commit = AskAsync(cluster, 0, "admin", Step("""{"commitTransaction":1}"""));
            }
        }
    }

    private static string Step(string command, bool begins = false, int number = 1)
    {
        var start = begins ? ",\"startTransaction\":true,\"readConcern\":{\"level\":\"snapshot\"}" : "";
        return $$"""
            {{command[..^1]}},"lsid":{"id":{"$binary":{"base64":"AAECAwQFBgcICQoLDA0O{{(char)(
                'A' + number
            )}}Q==","subType":"04"} } },
            "txnNumber":{"$numberLong":"1"},"autocommit":false{{start}} }
            """;
    }

    private static Task<BsonDocument> AskAsync(
        SandboxClusterSet cluster,
        int router,
        string database,
        string command
    ) => cluster.AskAsync(cluster.Router(router), database, ExtendedJson.Parse(command));

    private static async Task<(long Low, long High)> BalancesAsync(SandboxClusterSet cluster)
    {
        var reply = await AskAsync(
            cluster,
            1,
            "bank",
            """{"find":"accounts","filter":{"_id":{"$in":[1,99]} },"sort":{"_id":1} }"""
        );
        var found = ShardedClusterUnderTest.Batch(reply);
        return (found[0].View["balance"u8].ToInt64(), found[1].View["balance"u8].ToInt64());
    }

    private static Task<List<BsonDocument>> CoordinatorsAsync(SandboxClusterSet cluster) =>
        cluster.FindOnAsync("s0", "config", """{"find":"transaction_coordinators"}""");

    private static List<ulong> CommitTimestamps(SandboxClusterSet cluster, string shard) =>
        [
            .. cluster
                .Sandbox.Shards[shard]
                .Oplog()
                .Where(static entry => entry.View["o"u8].AsDocument.Has("commitTimestamp"u8))
                .Select(static entry => entry.View["o"u8].AsDocument["commitTimestamp"u8].AsTimestamp),
        ];

    private static string Kind(BsonView entry)
    {
        var o = entry["o"u8].AsDocument;
        return entry.Has("fromMigrate"u8) ? $"fromMigrate {entry["op"u8].AsString}"
            : o.IsEmpty ? ""
            : o.Has("prepare"u8) ? "prepare"
            : o.First.NameText;
    }
}
