using System.Diagnostics;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.Sandbox;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Sandbox;

/// <summary>Several members over the wire: they replicate, elect, roll back, and never lose what a majority has.</summary>
public sealed class MembersTests
{
    private const int Primary = 1;
    private const int Secondary = 2;
    private const int Recovering = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task EveryMemberGetsEveryWriteAndTheMajorityPointFollows()
    {
        await using var set = await SandboxSet.StartAsync();
        await InsertAsync(set, 1, "3");
        set.Sandbox.MajorityOptime.ShouldBe(set.Sandbox.LastOptime);
        for (var number = 0; number < 3; number++)
        {
            await set.RunAsync(number, "shop", """{"listIndexes":"c"}""");
            await IdsAreAsync(set, number, [1]);
        }

        await set.FreezeAsync(1);
        await set.FreezeAsync(2);
        var late = await InsertAsync(set, 2, "\"majority\",\"wtimeout\":100");
        late.View["writeConcernError"u8].AsDocument["code"u8].ToInt64().ShouldBe(64);
        (await InsertAsync(set, 3, "5")).View["writeConcernError"u8].AsDocument["code"u8].ToInt64().ShouldBe(100);
        set.Sandbox.MajorityOptime.ShouldBeLessThan(set.Sandbox.LastOptime);
        await IdsAreAsync(set, 0, [1], "majority");
        await IdsAreAsync(set, 0, [1, 2, 3]);
        await set.ThawAsync(1);
        (await InsertAsync(set, 4, "2")).View.Has("writeConcernError"u8).ShouldBeFalse();
        await IdsAreAsync(set, 0, [1, 2, 3, 4], "majority");
    }

    [Fact]
    public async Task WhenThePrimaryDiesAnotherIsElectedInANewTermAndTheOldOneComesBackAsASecondary()
    {
        await using var set = await SandboxSet.StartAsync();
        await InsertAsync(set, 1, "\"majority\"");
        var (before, _) = await ElectionAsync(set, 0);
        await set.KillAsync(0);
        var elected = await AnotherPrimaryAsync(set, 0);
        var (after, majority) = await ElectionAsync(set, elected);
        after.CompareTo(before).ShouldBeGreaterThan(0);
        await InsertAsync(set, 2, "\"majority\"");
        await set.ReviveAsync(0);
        await set.WaitForStateAsync(0, Secondary);
        await EqualAsync(set);
        set.HasRolledBack(0).ShouldBeFalse();
        (await ElectionAsync(set, elected)).Majority.ShouldBeGreaterThan(majority);
    }

    [Fact]
    public async Task ElectionsInQuickSuccessionUndoNothingThatAMajorityHas()
    {
        await using var set = await SandboxSet.StartAsync();
        var kept = new List<int>();
        for (var number = 0; number < 150; number++)
        {
            try
            {
                await set.RunAsync(number % set.Count, "admin", """{"replSetStepUp":1}""");
                var insert =
                    $$"""{"insert":"c","documents":[{"_id":{{number}}}],"writeConcern":{"w":"majority","wtimeout":5000} }""";
                var reply = await set.RunAsync(number % set.Count, "shop", insert);
                if (!reply.View.Has("writeConcernError"u8))
                {
                    kept.Add(number);
                }
            }
            catch (BackupException)
            {
                // It lacks what another has, or was cut off as it undid what only it had.
            }
        }

        kept.ShouldNotBeEmpty();
        await UntilAsync(async () =>
        {
            try
            {
                await EqualAsync(set);
                return true;
            }
            catch (ShouldAssertException)
            {
                return false;
            }
        });
        var found = await set.RunAsync(
            await set.PrimaryAsync(),
            "shop",
            """{"find":"c","batchSize":1000,"singleBatch":true}"""
        );
        var ids = new List<int>();
        foreach (var one in found.View["cursor"u8].AsDocument["firstBatch"u8].AsDocument)
        {
            ids.Add((int)one.AsDocument["_id"u8].ToInt64());
        }

        kept.Except(ids).ShouldBeEmpty();
    }

    [Fact]
    public async Task WhatOnlyACutOffPrimaryTookIsRolledBackAndNoMajorityReaderEverSawIt()
    {
        await using var set = await SandboxSet.StartAsync(options: new SandboxOptions { KeepHistory = true });
        await InsertAsync(set, 1, "\"majority\"");
        await set.RunAsync(
            0,
            "shop",
            """{"update":"c","updates":[{"q":{"_id":1},"u":{"$set":{"v":"kept"}}}],"writeConcern":{"w":"majority"} }"""
        );
        await set.RunAsync(0, "shop", """{"create":"dropped","writeConcern":{"w":"majority"} }""");
        set.Sandbox.CutOff(0, true);

        // It does not know yet, and takes what nobody else will have: every kind of change.
        foreach (
            var command in new[]
            {
                """{"insert":"c","documents":[{"_id":-1},{"_id":-2}]}""",
                """{"update":"c","updates":[{"q":{"_id":1},"u":{"$set":{"v":"lost"}}}]}""",
                """{"delete":"c","deletes":[{"q":{"_id":1},"limit":1}]}""",
                """{"insert":"new","documents":[{"_id":-3}]}""",
                """{"createIndexes":"c","indexes":[{"key":{"v":1},"name":"v"}]}""",
                """{"drop":"dropped"}""",
            }
        )
        {
            await set.RunAsync(0, "shop", command);
            await IdsAreAsync(set, 0, [1], "majority");
        }

        var elected = await AnotherPrimaryAsync(set, 0);
        await InsertAsync(set, 2, "\"majority\"");
        set.Sandbox.CutOff(0, false);
        await set.WaitForRollbackAsync(0);
        await set.WaitForStateAsync(0, Secondary);
        set.Sandbox.Nodes[0].RolledBack.Count.ShouldBeGreaterThanOrEqualTo(6);
        await EqualAsync(set);
        await IdsAreAsync(set, 0, [1, 2]);
        var state = set.Sandbox.StateAt(set.Sandbox.LastOptime);
        state.Select(one => one.Name).Order().ShouldBe(["c", "dropped"]);
        state.Single(one => one.Name == "c").Documents[0].View["v"u8].AsString.ShouldBe("kept");
        state.Single(one => one.Name == "c").Indexes.Count.ShouldBe(1);

        // And once more from there, with the other as the one that is cut off.
        set.Sandbox.CutOff(elected, true);
        await set.RunAsync(elected, "shop", """{"insert":"c","documents":[{"_id":-9}]}""");
        await AnotherPrimaryAsync(set, elected);
        set.Sandbox.CutOff(elected, false);
        await set.WaitForRollbackAsync(elected);
        await set.WaitForStateAsync(elected, Secondary);
        await EqualAsync(set);
        await IdsAreAsync(set, elected, [1, 2]);
    }

    [Fact]
    public async Task APreparedTransactionOutlivesItsPrimaryAndARetriedStatementIsNotDoneTwice()
    {
        await using var set = await SandboxSet.StartAsync();
        await InsertAsync(set, 1, "\"majority\"");
        const string session = "\"lsid\":{\"id\":{\"$uuid\":\"00112233-4455-6677-8899-aabbccddeeff\"} }";
        const string retried =
            $$"""{"update":"c","updates":[{"q":{"_id":1},"u":{"$inc":{"n":1} } }],"txnNumber":{"$numberLong":"1"},{{session}},"writeConcern":{"w":"majority"} }""";
        const string transaction = $"\"txnNumber\":{{\"$numberLong\":\"2\"}},\"autocommit\":false,{session}";
        var first = await set.RunAsync(0, "shop", retried);
        first.View["nModified"u8].ToInt64().ShouldBe(1);
        await StepDownAsync(set, 0);
        var second = await AnotherPrimaryAsync(set, 0);
        (await set.RunAsync(second, "shop", retried)).View["nModified"u8].ToInt64().ShouldBe(1);

        await set.RunAsync(
            second,
            "shop",
            $$"""{"insert":"c","documents":[{"_id":2}],"startTransaction":true,{{transaction}} }"""
        );
        var prepared = await set.RunAsync(
            second,
            "admin",
            $$"""{"prepareTransaction":1,{{transaction}},"writeConcern":{"w":"majority"} }"""
        );
        await StepDownAsync(set, second);
        var third = await AnotherPrimaryAsync(set, second);
        await IdsAreAsync(set, third, [1]);
        var at = prepared.View["prepareTimestamp"u8].AsTimestamp;
        var timestamp = $$"""{"$timestamp":{"t":{{at >> 32}},"i":{{(uint)at}} } }""";
        await set.RunAsync(
            third,
            "admin",
            $$"""{"commitTransaction":1,{{transaction}},"commitTimestamp":{{timestamp}},"writeConcern":{"w":"majority"} }"""
        );
        await IdsAreAsync(set, third, [1, 2]);
        await EqualAsync(set);
        var n = await set.RunAsync(third, "shop", """{"distinct":"c","key":"n"}""");
        n.View["values"u8].AsDocument.First.ToInt64().ShouldBe(1);
    }

    [Fact]
    public async Task ATransactionThatIsNotPreparedEndsWithItsPrimary()
    {
        await using var set = await SandboxSet.StartAsync();
        await InsertAsync(set, 1, "\"majority\"");
        const string transaction =
            "\"txnNumber\":{\"$numberLong\":\"2\"},\"autocommit\":false,\"lsid\":{\"id\":{\"$uuid\":\"00112233-4455-6677-8899-aabbccddeeff\"} }";
        await set.RunAsync(
            0,
            "shop",
            $$"""{"insert":"c","documents":[{"_id":2}],"startTransaction":true,{{transaction}} }"""
        );
        await StepDownAsync(set, 0);
        var elected = await AnotherPrimaryAsync(set, 0);
        var refused = await Should.ThrowAsync<CommandException>(() =>
            set.RunAsync(elected, "admin", $$"""{"commitTransaction":1,{{transaction}} }""")
        );
        refused.ServerCode.ShouldBe(251);
        await EqualAsync(set);
        await IdsAreAsync(set, elected, [1]);
    }

    [Fact]
    public async Task ADelayedAndAStalledMemberFallBehindAndOneThatTheOplogHasPassedRecoversUntilItIsErased()
    {
        await using var set = await SandboxSet.StartAsync();
        var nodes = set.Sandbox.Nodes;
        // However long this takes on a busy machine, the delay is longer.
        nodes[1].Delay(TimeSpan.FromHours(1));
        await InsertAsync(set, 1, "1");
        await Task.Delay(500);
        nodes[1].LastOptime.ShouldBeLessThan(nodes[0].LastOptime);
        nodes[1].Delay(TimeSpan.FromSeconds(2));
        await UntilAsync(() => nodes[1].LastOptime == nodes[0].LastOptime);

        nodes[2].Stall(true);
        await InsertAsync(set, 2, "1");
        await InsertAsync(set, 3, "1");
        await UntilAsync(() => nodes[1].LastOptime == nodes[0].LastOptime);
        nodes[2].LastOptime.ShouldBeLessThan(nodes[0].LastOptime);
        nodes[0].TruncateOplog(1);
        nodes[1].TruncateOplog(1);
        nodes[2].Stall(false);
        await set.WaitForStateAsync(2, Recovering);
        (await Should.ThrowAsync<CommandException>(() => IdsAsync(set, 2))).ServerCode.ShouldBe(13436);

        await nodes[2].KillAsync();
        await nodes[2].RestartAsync(erased: true);
        await set.WaitForStateAsync(2, Secondary);
        await EqualAsync(set);
    }

    [Fact]
    public async Task AfterAClockWasSetBackMembersReplicateAsBefore()
    {
        var clock = new SetBackClock();
        await using var set = await SandboxSet.StartAsync(options: new SandboxOptions { Time = clock });
        await InsertAsync(set, 1, "3");
        clock.Offset = -TimeSpan.FromHours(1);
        (await InsertAsync(set, 2, "3,\"wtimeout\":5000")).View.Has("writeConcernError"u8).ShouldBeFalse();
        await EqualAsync(set);
    }

    [Fact]
    public async Task AMemberThatWasRemovedSaysSoAndComesBackByReconfig()
    {
        await using var set = await SandboxSet.StartAsync();
        await set.RemoveAsync(2);
        set.Sandbox.Nodes[2].State.ShouldBe(10);
        await InsertAsync(set, 1, "\"majority\"");
        set.Sandbox.Configure(2, isIn: true);
        await set.WaitForStateAsync(2, Secondary);
        await UntilAsync(() => set.Sandbox.Nodes[2].LastOptime == set.Sandbox.LastOptime);
        await EqualAsync(set);
        var hello = await set.RunAsync(2, "admin", """{"isMaster":1}""");
        hello.View["setVersion"u8].ToInt64().ShouldBe(3);
    }

    [Fact]
    public async Task WithoutAMajorityThePrimaryStepsDownAndASetThatIsWholeAgainElects()
    {
        await using var set = await SandboxSet.StartAsync();
        await set.KillAsync(1);
        await set.KillAsync(2);
        await set.WaitForStateAsync(0, Secondary);
        set.Sandbox.Primary.ShouldBeNull();
        Should
            .Throw<Exception>(() => set.Sandbox.Insert("shop", "c", BsonDocument.Empty))
            .Message.ShouldContain("no primary");
        await set.ReviveAsync(1);
        await UntilAsync(() => set.Sandbox.Primary is not null);
        await InsertAsync(set, 1, "\"majority\"");
        await set.ReviveAsync(2);
        await set.WaitForStateAsync(2, Secondary);
        await EqualAsync(set);
    }

    [Fact]
    public async Task WhoOutranksThePrimaryTakesOver()
    {
        await using var set = await SandboxSet.StartAsync(
            options: new SandboxOptions { Members = [new() { Priority = 2 }, new(), new() { ArbiterOnly = true }] }
        );
        await set.KillAsync(0);
        await AnotherPrimaryAsync(set, 0);
        await set.ReviveAsync(0);
        await set.WaitForStateAsync(0, Primary);
        await set.WaitForStateAsync(1, Secondary);
        (await AnotherPrimaryAsync(set, 1)).ShouldBe(0);
        await InsertAsync(set, 1, "\"majority\"");
        await IdsAreAsync(set, 1, [1]);
    }

    private static async Task<BsonDocument> InsertAsync(SandboxSet set, int id, string concern)
    {
        var insert = $$"""{"insert":"c","documents":[{"_id":{{id}}}],"writeConcern":{"w":{{concern}} } }""";
        return await set.RunAsync(await set.PrimaryAsync(), "shop", insert);
    }

    private static async Task StepDownAsync(SandboxSet set, int number)
    {
        await set.RunAsync(number, "admin", """{"replSetStepDown":60}""");
        set.Client.RequestCheck();
    }

    private static async Task<int> AnotherPrimaryAsync(SandboxSet set, int than)
    {
        await UntilAsync(() =>
            set.Sandbox.Nodes.Any(node => node is { IsPrimary: true, Answers: true } && node.Number != than)
        );
        var number = set.Sandbox.Nodes.First(node => node.IsPrimary && node.Number != than).Number;
        set.Client.RequestCheck();
        while (await set.PrimaryAsync() != number)
        {
            await Task.Delay(20);
        }

        return number;
    }

    private static async Task<(string Id, Optime Majority)> ElectionAsync(SandboxSet set, int number)
    {
        var hello = await set.RunAsync(number, "admin", """{"isMaster":1}""");
        var majority = hello.View["lastWrite"u8].AsDocument["majorityOpTime"u8].AsDocument["ts"u8].AsTimestamp;
        return (Convert.ToHexString(hello.View["electionId"u8].AsObjectId), Optime.FromTimestamp(majority));
    }

    private static Task IdsAreAsync(SandboxSet set, int number, int[] ids, string level = "local") =>
        UntilAsync(async () => (await IdsAsync(set, number, level)).SequenceEqual(ids));

    private static async Task<List<int>> IdsAsync(SandboxSet set, int number, string level = "local")
    {
        var find = $$"""{"find":"c","hint":{"_id":1},"readConcern":{"level":"{{level}}"} }""";
        var reply = await set.RunAsync(number, "shop", find);
        var ids = new List<int>();
        foreach (var document in reply.View["cursor"u8].AsDocument["firstBatch"u8].AsDocument)
        {
            ids.Add(document.AsDocument["_id"u8].AsInt32);
        }

        return ids;
    }

    /// <summary>All members have the same documents, collections and indexes, and the same oplog behind them.</summary>
    private static async Task EqualAsync(SandboxSet set)
    {
        await UntilAsync(() => set.Sandbox.Nodes.All(node => node.LastOptime == set.Sandbox.LastOptime));
        var all = new List<string>();
        for (var number = 0; number < set.Count; number++)
        {
            var hash = await set.RunAsync(number, "shop", """{"dbHash":1}""");
            var transactions = await set.RunAsync(number, "config", """{"dbHash":1}""");
            var list = await set.RunAsync(number, "shop", """{"listCollections":1}""");
            all.Add(
                ExtendedJson.ToText(hash.View["collections"u8].AsDocument)
                    + ExtendedJson.ToText(transactions.View["collections"u8].AsDocument)
                    + ExtendedJson.ToText(list.View["cursor"u8].AsDocument["firstBatch"u8].AsDocument)
            );
        }

        all.Distinct().Count().ShouldBe(1, string.Join('\n', all));
    }

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        for (var watch = Stopwatch.StartNew(); !await condition(); await Task.Delay(20))
        {
            watch.Elapsed.ShouldBeLessThan(Patience);
        }
    }

    private sealed class SetBackClock : TimeProvider
    {
        internal TimeSpan Offset { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Offset;
    }
}
