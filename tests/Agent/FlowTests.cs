using Backup.Agent;
using Backup.Agent.Server;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Shouldly;
using Xunit;

namespace Backup.Tests.Agent;

public sealed class FlowTests
{
    [Fact]
    public async Task EveryDocumentAndEveryLaterEntryBecomesDurableInOrder()
    {
        await using var all = await Appliance.StartAsync();
        for (var id = 0; id < 500; id++)
        {
            _ = all.Source.Insert("shop", "orders", Appliance.Document(id, 50_000));
        }

        await all.ProtectAsync(all.Source.ConnectionString);
        all.StartAgent();
        var set = await all.ReplicaSetAsync(one => one.State == ReplicaSetState.CatchingUp);
        var sync = (await all.Metadata.Syncs.FindAsync(set.SyncId!))!;
        var orders = (await all.Metadata.Syncs.CollectionsAsync(sync.Id)).Single(one => one.Namespace == "shop.orders");
        orders.Documents.ShouldBe(500);
        var slices = await all.Metadata.Syncs.SlicesAsync(sync.Id, orders.Collection);
        slices.Count.ShouldBeGreaterThan(1);
        (await IdsAsync(all, slices)).ShouldBe(Enumerable.Range(0, 500));

        var last = all.Source.Insert("shop", "orders", Appliance.Document(1000));
        var newest = await all.UntilAsync(
            async () =>
                await all.Metadata.OplogSlices.NewestAsync(sync.Id) is { } slice && slice.Last >= last ? slice : null,
            "the insert does not arrive"
        );
        newest.Last.Timestamp.ShouldBeGreaterThanOrEqualTo(last.Timestamp);
        await ChainAsync(all, sync);
    }

    [Fact]
    public async Task AnAgentThatWasStoppedGoesOnFromTheLastAcknowledgedEntry()
    {
        await using var all = await Appliance.StartAsync();
        _ = all.Source.Insert("shop", "orders", Appliance.Document(1));
        await all.ProtectAsync(all.Source.ConnectionString);
        for (var round = 0; round < 3; round++)
        {
            all.StartAgent();
            var set = await all.ReplicaSetAsync(one => one.State == ReplicaSetState.CatchingUp);
            var last = all.Source.Insert("shop", "orders", Appliance.Document(100 + round));
            _ = await all.UntilAsync(
                async () =>
                    await all.Metadata.OplogSlices.NewestAsync(set.SyncId!) is { } slice && slice.Last >= last
                        ? slice
                        : null,
                "the insert does not arrive"
            );
            await all.StopAgentAsync();
            _ = all.Source.Insert("shop", "orders", Appliance.Document(200 + round));
            await ChainAsync(all, (await all.Metadata.Syncs.FindAsync(set.SyncId!))!);
        }
    }

    [Fact]
    public async Task AnOplogThatRolledOverIsANumberedHoleAndAResyncBeginsAnew()
    {
        await using var all = await Appliance.StartAsync();
        _ = all.Source.Insert("shop", "orders", Appliance.Document(1));
        await all.ProtectAsync(all.Source.ConnectionString);
        all.StartAgent();
        var before = await all.ReplicaSetAsync(one => one.State == ReplicaSetState.CatchingUp);
        _ = await all.UntilAsync(
            async () => await all.Metadata.OplogSlices.NewestAsync(before.SyncId!),
            "no oplog slice arrives"
        );
        await all.StopAgentAsync();
        for (var id = 10; id < 20; id++)
        {
            _ = all.Source.Insert("shop", "orders", Appliance.Document(id));
        }

        all.Source.TruncateOplog(2);
        all.StartAgent();
        var stopped = await all.ReplicaSetAsync(one => one.State == ReplicaSetState.Stopped);
        stopped.StopCode.ShouldBe("BK7010");
        (await all.Metadata.OplogSlices.HolesAsync(stopped.Id)).Count.ShouldBe(1);

        await Backup.BackupHttpServer.Resync.RequestAsync(all.Metadata, all.Objects, stopped.Id);
        var anew = await all.ReplicaSetAsync(one =>
            one.State == ReplicaSetState.CatchingUp && one.SyncId is not null && one.SyncId != before.SyncId
        );
        anew.StopCode.ShouldBeNull();
    }

    [Fact]
    public async Task ATokenOfAnotherCaIsRefusedBeforeItsSecretIsSent()
    {
        await using var all = await Appliance.StartAsync();
        var token = await Backup.BackupHttpServer.Enrolment.CreateTokenAsync(
            all.Metadata,
            "default",
            new byte[32],
            TimeSpan.FromMinutes(1),
            TimeProvider.System
        );
        var refused = await Should.ThrowAsync<BackupException>(() =>
            Enroller.EnrolAsync(all.Address, token, "test", default)
        );
        refused.Number.ShouldBe(AgentErrors.AuthorityMismatch);
    }

    private static async Task<List<int>> IdsAsync(Appliance all, IReadOnlyList<SyncSlice> slices)
    {
        var ids = new List<int>();
        foreach (var slice in slices)
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

    /// <summary>Slices from the sync's begin on: no gap between them, and the same entries as the source has.</summary>
    private static async Task ChainAsync(Appliance all, SyncRecord sync)
    {
        var shipped = new List<ulong>();
        var slices = await all.Metadata.OplogSlices.AfterAsync(sync.Id, Foundation.Optime.Zero, 10_000);
        slices[0].First.ShouldBe(sync.Begin);
        foreach (var slice in slices)
        {
            Stamps(await all.RawAsync(slice.ObjectName, slice.RawLength), shipped);
        }

        var wanted = all
            .Source.Oplog()
            .Select(entry => entry.View["ts"u8].AsTimestamp)
            .Where(ts => ts >= sync.Begin.Timestamp && ts <= slices[^1].Last.Timestamp);
        shipped.ShouldBe(wanted);
    }

    private static void Stamps(byte[] raw, List<ulong> stamps)
    {
        foreach (var entry in new BsonSequence(raw))
        {
            stamps.Add(entry["ts"u8].AsTimestamp);
        }
    }
}
