using System.Diagnostics;
using Backup.Foundation;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Backup.Tests.Support;
using Shouldly;
using Xunit.Abstractions;

namespace Backup.Tests.Agent;

/// <summary>A real replica set under load, an appliance and an agent that follows it: what tests of members do and look at.</summary>
internal sealed class MemberScene : IAsyncDisposable
{
    internal const int Secondary = 2;
    internal static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private readonly ITestOutputHelper _output;

    private MemberScene(ITestOutputHelper output, RealReplicaSet set, Appliance all)
    {
        _output = output;
        Set = set;
        All = all;
        Writer = new MajorityWriter(set);
    }

    public RealReplicaSet Set { get; }

    public Appliance All { get; }

    public MajorityWriter Writer { get; }

    /// <param name="output">Of the test.</param>
    /// <param name="configure">As of <see cref="RealReplicaSet.StartAsync"/>, for each member; the last one is hidden unless given.</param>
    public static async Task<MemberScene> StartAsync(ITestOutputHelper output, params string[] configure)
    {
        string[] members = configure.Length > 0 ? configure : ["", "", "\"priority\":0,\"hidden\":true"];
        var set = await RealReplicaSet.StartAsync(members.Length, number => members[number]);
        try
        {
            var scene = new MemberScene(output, set, await Appliance.StartAsync());
            await scene.All.ProtectAsync(set.ConnectionString);
            return scene;
        }
        catch
        {
            await set.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the agent and waits until it follows.</summary>
    public Task FollowAsync()
    {
        All.StartAgent();
        return ReachedAsync(TimeSpan.FromMinutes(1), "start");
    }

    /// <summary>Ends the load, waits for the last write, and proves that each was shipped once.</summary>
    public async Task CloseAsync()
    {
        await Writer.DisposeAsync();
        await ReachedAsync(Soon, "no more writes");
        await ShippedOnceAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Writer.DisposeAsync();
        await All.DisposeAsync();
        await Set.DisposeAsync();
    }

    /// <summary>Waits until the agent has shipped what a majority has now.</summary>
    public async Task ReachedAsync(TimeSpan atMost, string what)
    {
        var watch = Stopwatch.StartNew();
        var wanted = await CommittedAsync();
        while (await NewestAsync() is var newest && (newest.IsZero || newest < wanted))
        {
            watch.Elapsed.ShouldBeLessThan(atMost, $"{what}\n{All.Log}");
            await Task.Delay(50);
        }

        _output.WriteLine($"{what}: shipped after {watch.Elapsed.TotalSeconds:0.0} s");
    }

    public async Task MovedAsync(int member, string what)
    {
        var watch = Stopwatch.StartNew();
        while (ReadFrom != member)
        {
            watch.Elapsed.ShouldBeLessThan(Soon, $"{what}\n{All.Log}");
            await Task.Delay(50);
        }

        _output.WriteLine($"{what}: left after {watch.Elapsed.TotalSeconds:0.0} s");
        await ReachedAsync(Soon, what);
    }

    private async Task<Optime> CommittedAsync()
    {
        var status = await Set.RunAsync(await Set.PrimaryAsync(), "admin", """{"replSetGetStatus":1}""");
        var committed = status.View["optimes"u8].AsDocument["lastCommittedOpTime"u8].AsDocument;
        return Optime.FromTimestamp(committed["ts"u8].AsTimestamp);
    }

    public async Task<Optime> NewestAsync()
    {
        var sets = await All.Metadata.Deployments.ReplicaSetsAsync();
        return sets is [{ SyncId: { } sync }] && await All.Metadata.OplogSlices.NewestAsync(sync) is { } newest
            ? newest.Last
            : Optime.Zero;
    }

    public List<string> Starts =>
        [.. All.Log.ToString().Split('\n').Where(line => line.Contains(" through ", StringComparison.Ordinal))];

    public int ReadFrom
    {
        get
        {
            var last = Starts[^1].TrimEnd();
            return Enumerable
                .Range(0, Set.Count)
                .Single(number => last.EndsWith($" {Set.Address(number)}", StringComparison.Ordinal));
        }
    }

    /// <summary>Waits until every member knows it, not only itself.</summary>
    public async Task KnownAsSecondaryAsync(int number)
    {
        for (var asked = 0; asked < Set.Count; )
        {
            await Set.WaitForStateAsync(number, Secondary);
            var status = await Set.RunAsync(asked, "admin", """{"replSetGetStatus":1}""");
            foreach (var member in status.View["members"u8].AsDocument)
            {
                if (member.AsDocument["_id"u8].ToInt64() == number)
                {
                    asked += member.AsDocument["state"u8].ToInt64() == Secondary ? 1 : 0;
                }
            }
        }
    }

    public async Task StepDownAsync()
    {
        var primary = await Set.PrimaryAsync();
        await Set.RunAsync(primary, "admin", """{"replSetStepDown":3,"secondaryCatchUpPeriodSecs":2,"force":true}""");
        await Set.WaitForStateAsync(primary, Secondary);
        Set.Client.RequestCheck();
        await Set.WaitForStateAsync(primary, 1);
    }

    /// <summary>Every acknowledged document was shipped: once by the oplog, or by the copy before it. No entry came twice.</summary>
    private async Task ShippedOnceAsync()
    {
        var acknowledged = Writer.Acknowledged;
        var set = (await All.Metadata.Deployments.ReplicaSetsAsync()).Single();
        var (inserted, entries, before) = (new List<int>(), 0, 0UL);
        foreach (var slice in await All.Metadata.OplogSlices.AfterAsync(set.SyncId!, Optime.Zero, int.MaxValue))
        {
            foreach (var entry in new BsonSequence(await All.RawAsync(slice.ObjectName, slice.RawLength)))
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

        var copied = await CopiedAsync(set, "shop.majority");
        _output.WriteLine($"{acknowledged.Count} acknowledged; {entries} entries, {copied.Count} copied");
        inserted.Count.ShouldBe(inserted.Distinct().Count());
        acknowledged.Except(inserted).Except(copied).ShouldBeEmpty();
        inserted.Count.ShouldBeGreaterThan(100);
    }

    public async Task<List<int>> CopiedAsync(ReplicaSetRecord set, string ns)
    {
        var ids = new List<int>();
        var collections = await All.Metadata.Syncs.CollectionsAsync(set.SyncId!);
        if (collections.SingleOrDefault(one => one.Namespace == ns) is { } collection)
        {
            foreach (var slice in await All.Metadata.Syncs.SlicesAsync(set.SyncId!, collection.Collection))
            {
                foreach (var document in new BsonSequence(await All.RawAsync(slice.ObjectName, slice.RawLength)))
                {
                    ids.Add(document["_id"u8].AsInt32);
                }
            }
        }

        return ids;
    }
}
