using System.Diagnostics;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Backup.Tests.Support;
using Shouldly;
using Xunit.Abstractions;

namespace Backup.Tests.Agent;

/// <summary>The agent at a real replica set whose members come and go under load: it is soon there again, and ships every entry once.</summary>
public sealed class MemberTests(ITestOutputHelper output)
{
    private const int Recovering = 3;

    /// <summary>A host that hangs answers nobody: that takes a heartbeat and its time limit to find out.</summary>
    private static readonly TimeSpan AfterHang = TimeSpan.FromSeconds(15);

    /// <summary>A lag has to be there before it can be seen, and to last.</summary>
    private static readonly TimeSpan AfterStall = TimeSpan.FromSeconds(30);

    [RealMongoFact]
    public async Task ItLeavesAMemberThatHangsRecoversOrIsRemovedAndStaysThroughAnElection()
    {
        // By preference: 3 is hidden, 2 has the lower priority, 1 may become primary.
        await using var scene = await MemberScene.StartAsync(
            output,
            "\"priority\":2",
            "",
            "\"priority\":0",
            "\"priority\":0,\"hidden\":true"
        );
        var (set, all) = (scene.Set, scene.All);
        await scene.FollowAsync();
        scene.ReadFrom.ShouldBe(3);

        await set.FreezeAsync(3);
        await scene.ReachedAsync(AfterHang, "its member hangs");
        scene.ReadFrom.ShouldBe(2);
        await set.ThawAsync(3);

        await set.RunAsync(2, "admin", """{"replSetMaintenance":true}""");
        await set.WaitForStateAsync(2, Recovering);
        await scene.MovedAsync(1, "its member recovers");
        await set.RunAsync(2, "admin", """{"replSetMaintenance":false}""");
        await set.WaitForStateAsync(2, MemberScene.Secondary);

        await set.RemoveAsync(1);
        await scene.MovedAsync(3, "its member is removed");

        var starts = scene.Starts.Count;
        await scene.StepDownAsync();
        await scene.ReachedAsync(MemberScene.Soon, "the primary steps down");
        scene.Starts.Count.ShouldBe(starts, all.Log.ToString());

        await set.KillAsync(3);
        await scene.MovedAsync(2, "its member is killed");
        set.Start(3);

        await scene.CloseAsync();
    }

    [RealMongoFact]
    public async Task OneMembersShortOplogIsNoHole()
    {
        await using var scene = await MemberScene.StartAsync(output);
        var (set, all) = (scene.Set, scene.All);
        await scene.FollowAsync();
        await all.StopAgentAsync();

        // Synced anew, its oplog begins after what was shipped last.
        await scene.Writer.WaitAsync(50);
        await set.KillAsync(2);
        set.Erase(2);
        set.Start(2);
        await scene.KnownAsSecondaryAsync(2);
        all.StartAgent();
        await scene.ReachedAsync(MemberScene.Soon, "the preferred member was synced anew");
        scene.ReadFrom.ShouldNotBe(2, all.Log.ToString());
        all.Log.ToString().ShouldContain("another member's does");
        (await all.Metadata.Deployments.ReplicaSetsAsync()).ShouldAllBe(one => one.StopCode == null);

        await scene.CloseAsync();
    }

    [RealMongoFact]
    public async Task ItLeavesAMemberThatReplicatesNoMore()
    {
        await using var scene = await MemberScene.StartAsync(output);
        var (set, all) = (scene.Set, scene.All);
        await scene.FollowAsync();
        scene.ReadFrom.ShouldBe(2);

        await set.RunAsync(2, "admin", """{"configureFailPoint":"stopReplProducer","mode":"alwaysOn"}""");
        for (var watch = Stopwatch.StartNew(); scene.ReadFrom == 2; await Task.Delay(50))
        {
            watch.Elapsed.ShouldBeLessThan(AfterStall, all.Log.ToString());
        }

        all.Log.ToString().ShouldContain("s further");
        await scene.ReachedAsync(MemberScene.Soon, "its member was stuck");
        await scene.CloseAsync();
    }

    [RealMongoFact]
    public async Task WhereItsMemberDiesInTheMidstOfTheCopyAnotherOneGoesOnWithTheNextDocument()
    {
        const int documents = 40;
        await using var scene = await MemberScene.StartAsync(output);
        var (set, all) = (scene.Set, scene.All);
        for (var id = 0; id < documents; id++)
        {
            await InsertLargeAsync(set, id);
        }

        var stored = 0;
        all.Store.Stored = name =>
            name.StartsWith("sync/", StringComparison.Ordinal) && Interlocked.Increment(ref stored) == 2
                ? set.KillAsync(2)
                : Task.CompletedTask;
        all.StartAgent();
        var copied = await all.ReplicaSetAsync(one => one.State == ReplicaSetState.CatchingUp);
        stored.ShouldBeGreaterThan(2);
        scene.Starts.Count.ShouldBe(2, all.Log.ToString());
        scene.ReadFrom.ShouldNotBe(2, all.Log.ToString());
        (await scene.CopiedAsync(copied, "shop.large")).ShouldBe(Enumerable.Range(0, documents));

        await scene.CloseAsync();
    }

    private static async Task InsertLargeAsync(RealReplicaSet set, int id)
    {
        var insert = BsonDocument.Build(w =>
            w.String("insert"u8, "large")
                .BeginArray("documents"u8)
                .Document("0"u8, Appliance.Document(id, 1 << 20))
                .EndArray()
                .BeginDocument("writeConcern"u8)
                .String("w"u8, "majority")
                .EndDocument()
        );
        await set.RunAsync(await set.PrimaryAsync(), "shop", insert);
    }
}
