using Backup.BackupHttpServer;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;
using Shouldly;
using Xunit;

namespace Backup.Tests.Agent;

/// <summary>An agent that ends at any moment leaves a copy that the next one completes: nothing lost, nothing twice.</summary>
public sealed class ResumeTests
{
    private const int Documents = 80;
    private const int Size = 1 << 20;

    [Fact]
    public async Task AnAgentEndedAtEveryAcknowledgedSliceGoesOnWithTheNextDocument()
    {
        await using var all = await Appliance.StartAsync();
        for (var id = 0; id < Documents; id++)
        {
            _ = all.Source.Insert("shop", "orders", Appliance.Document(id, Size));
        }

        var (set, ended) = await CopyWithInterruptionsAsync(all);
        ended.ShouldBeGreaterThanOrEqualTo(6);
        (await CopiedIdsAsync(all, set, "shop.orders")).ShouldBe(Enumerable.Range(0, Documents));
    }

    [Fact]
    public async Task ALargeCollectionIsCopiedInRangesAndEachGoesOnWhereItWas()
    {
        await using var all = await Appliance.StartAsync(with: options =>
            options with
            {
                AgentLimits = () => options.AgentLimits() with { Cursors = 3, SplitBytes = 8 << 20 },
            }
        );
        for (var id = 0; id < Documents; id++)
        {
            _ = all.Source.Insert("shop", "orders", Appliance.Document(id, Size));
        }

        var (set, ended) = await CopyWithInterruptionsAsync(all);
        ended.ShouldBeGreaterThanOrEqualTo(6);
        var ranges = await all.Metadata.Syncs.CollectionsAsync(set.SyncId!);
        var sizes = ranges.Where(one => one.Namespace == "shop.orders").Select(one => one.Documents).ToList();
        sizes.Count.ShouldBe(Documents / 8, "ranges of 8 MiB");
        sizes.ShouldAllBe(size => size >= 4 && size <= 16);
        (await CopiedIdsAsync(all, set, "shop.orders")).Order().ShouldBe(Enumerable.Range(0, Documents));
    }

    [Fact]
    public async Task ACappedCollectionThatWasInterruptedIsCopiedAfresh()
    {
        await using var all = await Appliance.StartAsync();
        await RunAsync(
            all,
            BsonDocument.Build(w =>
                w.String("create"u8, "log").Boolean("capped"u8, true).Int64("size"u8, 2L * Documents * Size)
            )
        );
        for (var id = 0; id < Documents; id++)
        {
            _ = all.Source.Insert("shop", "log", Appliance.Document(Documents - id, Size));
        }

        var (set, ended) = await CopyWithInterruptionsAsync(all, atMost: 3);
        ended.ShouldBe(3);
        (await CopiedIdsAsync(all, set, "shop.log")).ShouldBe(Enumerable.Range(1, Documents).Reverse());
    }

    [Fact]
    public async Task AFreshCopyOfOneCollectionGoesOnWhereItWasAndTheOplogBesideIt()
    {
        await using var all = await Appliance.StartAsync();
        _ = all.Source.Insert("shop", "items", Appliance.Document(1));
        for (var id = 0; id < Documents; id++)
        {
            _ = all.Source.Insert("shop", "orders", Appliance.Document(id, Size));
        }

        await all.ProtectAsync(all.Source.ConnectionString);
        all.StartAgent();
        var set = await all.ReplicaSetAsync(one => one.State == ReplicaSetState.CatchingUp);
        var head = new HeadRecord(set.Id, set.SyncId!, "", default, default, true, 0, TimeProvider.System.GetUtcNow());
        await all.Metadata.Syncs.BuiltAsync(set.SyncId!, head);

        var ended = 0;
        using var stored = new SemaphoreSlim(0);
        all.Store.Stored = name =>
        {
            if (name.StartsWith("sync/", StringComparison.Ordinal))
            {
                _ = stored.Release();
            }

            return Task.CompletedTask;
        };
        var partial = await Resync.RequestAsync(all.Metadata, set.Id, ["shop.orders"], TimeProvider.System);
        for (SyncRecord? sync = null; sync is not { State: SyncState.Copied }; )
        {
            if (await stored.WaitAsync(TimeSpan.FromMilliseconds(100)))
            {
                await all.StopAgentAsync();
                ended++;
                _ = all.Source.Insert("shop", "items", Appliance.Document(1000 + ended));
                all.StartAgent();
            }

            sync = await all.Metadata.Syncs.FindAsync(partial);
        }

        ended.ShouldBeGreaterThanOrEqualTo(6);
        (await CopiedIdsAsync(all, partial, "shop.orders")).ShouldBe(Enumerable.Range(0, Documents));
        (await all.Metadata.Syncs.CollectionsAsync(partial)).ShouldHaveSingleItem();
        var done = (await all.Metadata.Syncs.FindAsync(partial))!;
        (done.Begin < done.End).ShouldBeTrue("the source was written to meanwhile");
        await all.UntilAsync(
            async () =>
                await all.Metadata.OplogSlices.NewestAsync(set.SyncId!) is { } one && one.Last >= done.End ? one : null,
            "the oplog comes to the copy's end"
        );
    }

    [Fact]
    public async Task ACollectionDroppedOrRenamedWhileItIsCopiedDoesNotStopTheSync()
    {
        await using var all = await Appliance.StartAsync();
        for (var id = 0; id < Documents; id++)
        {
            _ = all.Source.Insert("shop", "renamed", Appliance.Document(id, Size));
            _ = all.Source.Insert("shop", "dropped", Appliance.Document(id, Size));
        }

        var changed = 0;
        all.Store.Stored = async name =>
        {
            if (name.StartsWith("sync/", StringComparison.Ordinal) && Interlocked.Increment(ref changed) == 2)
            {
                await RunAsync(all, BsonDocument.Build(w => w.String("drop"u8, "dropped")));
                await RunAsync(
                    all,
                    BsonDocument.Build(w =>
                        w.String("renameCollection"u8, "shop.renamed").String("to"u8, "shop.other")
                    ),
                    "admin"
                );
            }
        };
        await all.ProtectAsync(all.Source.ConnectionString);
        all.StartAgent();
        var set = await all.ReplicaSetAsync(one => one.State == ReplicaSetState.CatchingUp);
        changed.ShouldBeGreaterThan(2);
        (await CopiedIdsAsync(all, set, "shop.renamed")).ShouldBe(Enumerable.Range(0, Documents));
    }

    [Fact]
    public async Task AnOplogThatRollsOverDuringTheCopyStopsWithItsNumber()
    {
        await using var all = await Appliance.StartAsync();
        for (var id = 0; id < Documents; id++)
        {
            _ = all.Source.Insert("shop", "orders", Appliance.Document(id, Size));
        }

        using var slice = new SemaphoreSlim(0);
        all.Store.Stored = name =>
        {
            _ = slice.Release();
            return Task.CompletedTask;
        };
        await all.ProtectAsync(all.Source.ConnectionString);
        all.StartAgent();
        await slice.WaitAsync();
        await all.StopAgentAsync();
        for (var id = 0; id < 20; id++)
        {
            _ = all.Source.Insert("shop", "orders", Appliance.Document(1000 + id));
        }

        all.Source.TruncateOplog(2);
        all.StartAgent();
        var stopped = await all.ReplicaSetAsync(one => one.State == ReplicaSetState.Stopped);
        stopped.StopCode.ShouldBe("BK7010");
        (await all.Metadata.OplogSlices.HolesAsync(stopped.Id)).Count.ShouldBe(1);
    }

    /// <summary>Ends the agent each time a slice of the copy was made durable, before it sends the next one, and starts it again.</summary>
    private static async Task<(ReplicaSetRecord Set, int Ended)> CopyWithInterruptionsAsync(
        Appliance all,
        int atMost = int.MaxValue
    )
    {
        var ended = 0;
        using var stored = new SemaphoreSlim(0);
        all.Store.Stored = name =>
        {
            if (name.StartsWith("sync/", StringComparison.Ordinal))
            {
                _ = stored.Release();
            }

            return Task.CompletedTask;
        };
        await all.ProtectAsync(all.Source.ConnectionString);
        all.StartAgent();
        while (true)
        {
            var done = (await all.Metadata.Deployments.ReplicaSetsAsync()).FirstOrDefault(one =>
                one.State == ReplicaSetState.CatchingUp
            );
            if (done is not null)
            {
                return (done, ended);
            }

            if (ended < atMost && await stored.WaitAsync(TimeSpan.FromMilliseconds(100)))
            {
                await all.StopAgentAsync();
                ended++;
                all.StartAgent();
            }
            else
            {
                await Task.Delay(50);
            }
        }
    }

    internal static Task<List<int>> CopiedIdsAsync(Appliance all, ReplicaSetRecord set, string ns) =>
        CopiedIdsAsync(all, set.SyncId!, ns);

    private static async Task<List<int>> CopiedIdsAsync(Appliance all, string syncId, string ns)
    {
        var collections = await all.Metadata.Syncs.CollectionsAsync(syncId);
        var collection = collections.First(one => one.Namespace == ns);
        var ids = new List<int>();
        foreach (var slice in await all.Metadata.Syncs.SlicesAsync(syncId, collection.Collection))
        {
            Collect(await all.RawAsync(slice.ObjectName, slice.RawLength), ids);
        }

        return ids;
    }

    private static void Collect(byte[] raw, List<int> ids)
    {
        foreach (var document in new BsonSequence(raw))
        {
            ids.Add(document["_id"u8].AsInt32);
        }
    }

    private static async Task RunAsync(Appliance all, BsonDocument command, string database = "shop")
    {
        await using var client = new MongoClient(
            ConnectionString.Parse(all.Source.ConnectionString),
            new MongoClientOptions()
        );
        using var reply = await client.RunCommandAsync(database, command, ReadTarget.Primary, default);
    }
}
