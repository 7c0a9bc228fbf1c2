using System.Diagnostics;
using Backup.Foundation;
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
    private const int Secondary = 2;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    /// <summary>A host that hangs answers nobody: that takes a heartbeat and its time limit to find out.</summary>
    private static readonly TimeSpan AfterHang = TimeSpan.FromSeconds(15);

    /// <summary>A lag has to be there before it can be seen, and to last.</summary>
    private static readonly TimeSpan AfterStall = TimeSpan.FromSeconds(30);

    [RealMongoFact]
    public async Task ItLeavesAMemberThatHangsRecoversOrIsRemovedAndStaysThroughAnElection()
    {
        // By preference: 3 is hidden, 2 has the lower priority, 1 may become primary.
        await using var set = await RealReplicaSet.StartAsync(
            4,
            number => new[] { "\"priority\":2", "", "\"priority\":0", "\"priority\":0,\"hidden\":true" }[number]
        );
        await using var all = await Appliance.StartAsync();
        await using var writer = new MajorityWriter(set);
        await all.ProtectAsync(set.ConnectionString);
        all.StartAgent();
        await ReachedAsync(all, set, TimeSpan.FromMinutes(1), "start");
        ReadFrom(all, set).ShouldBe(3);

        await set.FreezeAsync(3);
        await ReachedAsync(all, set, AfterHang, "its member hangs");
        ReadFrom(all, set).ShouldBe(2);
        await set.ThawAsync(3);

        await set.RunAsync(2, "admin", """{"replSetMaintenance":true}""");
        await set.WaitForStateAsync(2, Recovering);
        await MovedAsync(all, set, 1, "its member recovers");
        await set.RunAsync(2, "admin", """{"replSetMaintenance":false}""");
        await set.WaitForStateAsync(2, Secondary);

        await set.RemoveAsync(1);
        await MovedAsync(all, set, 3, "its member is removed");

        var starts = Starts(all).Count;
        await StepDownAsync(set);
        await ReachedAsync(all, set, Soon, "the primary steps down");
        Starts(all).Count.ShouldBe(starts, all.Log.ToString());

        await set.KillAsync(3);
        await MovedAsync(all, set, 2, "its member is killed");
        set.Start(3);

        await writer.DisposeAsync();
        await ReachedAsync(all, set, Soon, "no more writes");
        await ShippedOnceAsync(all, writer.Acknowledged);
    }

    [RealMongoFact]
    public async Task OneMembersShortOplogIsNoHole()
    {
        await using var set = await RealReplicaSet.StartAsync(
            3,
            number => number == 2 ? "\"priority\":0,\"hidden\":true" : ""
        );
        await using var all = await Appliance.StartAsync();
        await using var writer = new MajorityWriter(set);
        await all.ProtectAsync(set.ConnectionString);
        all.StartAgent();
        await ReachedAsync(all, set, TimeSpan.FromMinutes(1), "start");
        await all.StopAgentAsync();

        // Synced anew, its oplog begins after what was shipped last.
        await writer.WaitAsync(50);
        await set.KillAsync(2);
        set.Erase(2);
        set.Start(2);
        await KnownAsSecondaryAsync(set, 2);
        all.StartAgent();
        await ReachedAsync(all, set, Soon, "the preferred member was synced anew");
        ReadFrom(all, set).ShouldNotBe(2, all.Log.ToString());
        all.Log.ToString().ShouldContain("another member's does");
        (await all.Metadata.Deployments.ReplicaSetsAsync()).ShouldAllBe(one => one.StopCode == null);

        await writer.DisposeAsync();
        await ReachedAsync(all, set, Soon, "no more writes");
        await ShippedOnceAsync(all, writer.Acknowledged);
    }

    [RealMongoFact]
    public async Task ItLeavesAMemberThatReplicatesNoMore()
    {
        await using var set = await RealReplicaSet.StartAsync(
            3,
            number => number == 2 ? "\"priority\":0,\"hidden\":true" : ""
        );
        await using var all = await Appliance.StartAsync();
        await using var writer = new MajorityWriter(set);
        await all.ProtectAsync(set.ConnectionString);
        all.StartAgent();
        await ReachedAsync(all, set, TimeSpan.FromMinutes(1), "start");
        ReadFrom(all, set).ShouldBe(2);

        await set.RunAsync(2, "admin", """{"configureFailPoint":"stopReplProducer","mode":"alwaysOn"}""");
        for (var watch = Stopwatch.StartNew(); ReadFrom(all, set) == 2; await Task.Delay(50))
        {
            watch.Elapsed.ShouldBeLessThan(AfterStall, all.Log.ToString());
        }

        all.Log.ToString().ShouldContain("s further");
        await ReachedAsync(all, set, Soon, "its member was stuck");
        await writer.DisposeAsync();
        await ReachedAsync(all, set, Soon, "no more writes");
        await ShippedOnceAsync(all, writer.Acknowledged);
    }

    [RealMongoFact]
    public async Task WhereItsMemberDiesInTheMidstOfTheCopyAnotherOneGoesOnWithTheNextDocument()
    {
        const int documents = 40;
        await using var set = await RealReplicaSet.StartAsync(
            3,
            number => number == 2 ? "\"priority\":0,\"hidden\":true" : ""
        );
        await using var all = await Appliance.StartAsync();
        await using var writer = new MajorityWriter(set);
        for (var id = 0; id < documents; id++)
        {
            await InsertLargeAsync(set, id);
        }

        var stored = 0;
        all.Store.Stored = name =>
            name.StartsWith("sync/", StringComparison.Ordinal) && Interlocked.Increment(ref stored) == 2
                ? set.KillAsync(2)
                : Task.CompletedTask;
        await all.ProtectAsync(set.ConnectionString);
        all.StartAgent();
        var copied = await all.ReplicaSetAsync(one => one.State == ReplicaSetState.CatchingUp);
        stored.ShouldBeGreaterThan(2);
        Starts(all).Count.ShouldBe(2, all.Log.ToString());
        ReadFrom(all, set).ShouldNotBe(2, all.Log.ToString());
        (await CopiedAsync(all, copied, "shop.large")).ShouldBe(Enumerable.Range(0, documents));

        await writer.DisposeAsync();
        await ReachedAsync(all, set, Soon, "no more writes");
        await ShippedOnceAsync(all, writer.Acknowledged);
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

    /// <summary>Waits until the agent has shipped what a majority has now.</summary>
    private async Task ReachedAsync(Appliance all, RealReplicaSet set, TimeSpan atMost, string what)
    {
        var watch = Stopwatch.StartNew();
        var wanted = await CommittedAsync(set);
        while (await NewestAsync(all) is var newest && (newest.IsZero || newest < wanted))
        {
            watch.Elapsed.ShouldBeLessThan(atMost, $"{what}\n{all.Log}");
            await Task.Delay(50);
        }

        output.WriteLine($"{what}: shipped after {watch.Elapsed.TotalSeconds:0.0} s");
    }

    private async Task MovedAsync(Appliance all, RealReplicaSet set, int member, string what)
    {
        var watch = Stopwatch.StartNew();
        while (ReadFrom(all, set) != member)
        {
            watch.Elapsed.ShouldBeLessThan(Soon, $"{what}\n{all.Log}");
            await Task.Delay(50);
        }

        output.WriteLine($"{what}: left after {watch.Elapsed.TotalSeconds:0.0} s");
        await ReachedAsync(all, set, Soon, what);
    }

    private static async Task<Optime> CommittedAsync(RealReplicaSet set)
    {
        var status = await set.RunAsync(await set.PrimaryAsync(), "admin", """{"replSetGetStatus":1}""");
        var committed = status.View["optimes"u8].AsDocument["lastCommittedOpTime"u8].AsDocument;
        return Optime.FromTimestamp(committed["ts"u8].AsTimestamp);
    }

    private static async Task<Optime> NewestAsync(Appliance all)
    {
        var sets = await all.Metadata.Deployments.ReplicaSetsAsync();
        return sets is [{ SyncId: { } sync }] && await all.Metadata.OplogSlices.NewestAsync(sync) is { } newest
            ? newest.Last
            : Optime.Zero;
    }

    private static List<string> Starts(Appliance all) =>
        [.. all.Log.ToString().Split('\n').Where(line => line.Contains(" through ", StringComparison.Ordinal))];

    private static int ReadFrom(Appliance all, RealReplicaSet set)
    {
        var last = Starts(all)[^1].TrimEnd();
        return Enumerable
            .Range(0, set.Count)
            .Single(number => last.EndsWith($" {set.Address(number)}", StringComparison.Ordinal));
    }

    /// <summary>Waits until every member knows it, not only itself.</summary>
    private static async Task KnownAsSecondaryAsync(RealReplicaSet set, int number)
    {
        for (var asked = 0; asked < set.Count; )
        {
            await set.WaitForStateAsync(number, Secondary);
            var status = await set.RunAsync(asked, "admin", """{"replSetGetStatus":1}""");
            foreach (var member in status.View["members"u8].AsDocument)
            {
                if (member.AsDocument["_id"u8].ToInt64() == number)
                {
                    asked += member.AsDocument["state"u8].ToInt64() == Secondary ? 1 : 0;
                }
            }
        }
    }

    private static async Task StepDownAsync(RealReplicaSet set)
    {
        var primary = await set.PrimaryAsync();
        await set.RunAsync(primary, "admin", """{"replSetStepDown":3,"secondaryCatchUpPeriodSecs":2,"force":true}""");
        await set.WaitForStateAsync(primary, Secondary);
        set.Client.RequestCheck();
        await set.WaitForStateAsync(primary, 1);
    }

    /// <summary>Every acknowledged document was shipped: once by the oplog, or by the copy before it. No entry came twice.</summary>
    private async Task ShippedOnceAsync(Appliance all, IReadOnlyCollection<int> acknowledged)
    {
        var set = (await all.Metadata.Deployments.ReplicaSetsAsync()).Single();
        var (inserted, entries, before) = (new List<int>(), 0, 0UL);
        foreach (var slice in await all.Metadata.OplogSlices.AfterAsync(set.SyncId!, Optime.Zero, int.MaxValue))
        {
            foreach (var entry in new BsonSequence(await all.RawAsync(slice.ObjectName, slice.RawLength)))
            {
                entries++;
                var at = entry["ts"u8].AsTimestamp;
                at.ShouldBeGreaterThan(before);
                before = at;
                if (entry["op"u8].AsString == "i" && entry["ns"u8].AsString == "shop.majority")
                {
                    inserted.Add(entry["o"u8].AsDocument["_id"u8].AsInt32);
                }
            }
        }

        var copied = await CopiedAsync(all, set, "shop.majority");
        output.WriteLine($"{acknowledged.Count} acknowledged; {entries} entries, {copied.Count} copied");
        inserted.Count.ShouldBe(inserted.Distinct().Count());
        acknowledged.Except(inserted).Except(copied).ShouldBeEmpty();
        inserted.Count.ShouldBeGreaterThan(100);
    }

    private static async Task<List<int>> CopiedAsync(Appliance all, ReplicaSetRecord set, string ns)
    {
        var ids = new List<int>();
        var collections = await all.Metadata.Syncs.CollectionsAsync(set.SyncId!);
        if (collections.SingleOrDefault(one => one.Namespace == ns) is { } collection)
        {
            foreach (var slice in await all.Metadata.Syncs.SlicesAsync(set.SyncId!, collection.Collection))
            {
                foreach (var document in new BsonSequence(await all.RawAsync(slice.ObjectName, slice.RawLength)))
                {
                    ids.Add(document["_id"u8].AsInt32);
                }
            }
        }

        return ids;
    }
}
