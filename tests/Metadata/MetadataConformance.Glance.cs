using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

public abstract partial class MetadataConformance
{
    [Fact]
    public async Task A_glance_shows_what_each_would_be_told_by_itself()
    {
        var (first, second) = (await ReplicaSetAsync(), await ReplicaSetAsync("5f0000000000000000000002"));
        var (sync, other) = (await SyncAsync(first, Orders), await SyncAsync(second));
        await AddSlicesAsync(sync, 3);
        await Store.Heads.SetAsync(NewHead(sync, At(112)), Taken(first, sync, "s1", 111));
        await Store.Snapshots.AddAsync(Taken(first, sync, "s2", 112));
        await Store.Snapshots.AddAsync(Taken(first, sync, "s3", 111));
        await Store.Snapshots.AddAsync(Taken(second, other, "s4", 113));
        await Store.OplogSlices.AddHoleAsync(
            new OplogHole(first.Id, At(120), At(130), "lost", Time.GetUtcNow(), HoleKind.OplogLost, sync.Id, null, null)
        );
        await Store.Holds.SetAsync(
            new ReadHold("h", first.Id, sync.Id, At(111), new string('c', 64), Time.GetUtcNow().AddMinutes(1))
        );
        var policy = SnapshotPolicy.Default(second.Id) with { Interval = TimeSpan.FromHours(1) };
        await Store.Deployments.SetPolicyAsync(policy);

        var glance = await Store.GlanceAsync();

        glance
            .Deployments.Select(static one => one.Id)
            .ShouldBe((await Store.Deployments.ListAsync()).Select(static one => one.Id));
        glance.ReplicaSets.ShouldBe(await Store.Deployments.ReplicaSetsAsync());
        glance.Extents.Keys.ShouldBe([sync.Id]);
        glance.Extents[sync.Id].ShouldBe(await Store.OplogSlices.ExtentAsync(sync.Id));
        foreach (var set in new[] { first, second })
        {
            glance.SetsOf(set.DeploymentId).Select(static one => one.Id).ShouldBe([first.Id, second.Id]);
            glance.Heads.GetValueOrDefault(set.Id).ShouldBe(await Store.Heads.FindAsync(set.Id));
            glance.Snapshots[set.Id].ShouldBe(await Store.Snapshots.ListAsync(set.Id));
            glance.Syncs[set.Id].ShouldBe(await Store.Syncs.ListAsync(set.Id));
            glance.Holes[set.Id].ShouldBe(await Store.OplogSlices.HolesAsync(set.Id));
            glance.Events[set.Id].ShouldBe(await Store.Heads.EventsAsync(set.Id));
            glance.Holds[set.Id].ShouldBe(await Store.Holds.ListAsync(set.Id));
            glance.PolicyOf(set.Id).ShouldBe(await Store.Deployments.PolicyAsync(set.Id));
        }

        glance.Snapshots[first.Id].Select(static one => one.Id).ShouldBe(["s2", "s3", "s1"], "newest first");
        (await Store.Snapshots.TotalAsync()).ShouldBe((4, 4 * 2000));
    }

    [Fact]
    public async Task Every_reference_into_the_block_store_is_told_to_a_groom()
    {
        var set = await ReplicaSetAsync();
        var sync = await SyncAsync(set);
        var head = NewHead(sync, At(112)) with { ManifestBlock = new string('1', 64) };
        var first = Taken(set, sync, "s1", 111) with { ManifestBlock = new string('2', 64) };
        await Store.Heads.SetAsync(head, first);
        await Store.Snapshots.AddAsync(Taken(set, sync, "s2", 112) with { ManifestBlock = new string('3', 64) });
        var (cluster, _) = await ClusterAsync("s0");
        var sets = await SetsAsync(cluster);
        var cut = await CutAsync(cluster);
        (await Store.Clusters.StopBalancerAsync(cut.Id, wasOn: false)).ShouldBeTrue();
        cut = cut with { State = CutState.Marking };
        (await Store.Clusters.AdvanceCutAsync(cut, CutState.Stopping)).ShouldBeTrue();
        cut = cut with { State = CutState.Settled, Time = At(500, 7, -1) };
        (await Store.Clusters.AdvanceCutAsync(cut, CutState.Marking)).ShouldBeTrue();
        var part = Part(sets[0], cut) with { ManifestBlock = new string('4', 64) };
        (await Store.Clusters.AddPartAsync(cut.Id, part)).ShouldBeTrue();
        var hold = new ReadHold("h", set.Id, sync.Id, At(111), new string('5', 64), Time.GetUtcNow().AddMinutes(1));
        await Store.Holds.SetAsync(hold);

        var all = await Store.ManifestsAsync();

        all.Where(static one => !one.IsHold)
            .Select(static one => one.ManifestBlock[0])
            .ShouldBe(['1', '2', '3', '4'], ignoreOrder: true);
        all.Single(static one => one.IsHold).ManifestBlock[0].ShouldBe('5');
        all.Select(static one => one.Name).ShouldContain("snapshot s2");

        await Store.Snapshots.DeleteAsync("s2", evenLast: false);
        Time.Advance(TimeSpan.FromMinutes(2));
        (await Store.ManifestsAsync())
            .Select(static one => one.ManifestBlock[0])
            .ShouldBe(['1', '2', '4'], ignoreOrder: true);
    }

    [Fact]
    public async Task A_glance_at_nothing_is_empty()
    {
        var glance = await Store.GlanceAsync();
        glance.Deployments.ShouldBeEmpty();
        glance.Snapshots.ShouldBeEmpty();
        glance.PolicyOf("none").ShouldBe(SnapshotPolicy.Default("none"));
        (await Store.Snapshots.TotalAsync()).ShouldBe((0, 0));
    }

    private SnapshotRecord Taken(ReplicaSetRecord set, SyncRecord sync, string id, uint second) =>
        new(
            id,
            set.Id,
            At(second),
            new string('b', 64),
            10,
            2000,
            300,
            400,
            0.5,
            "test",
            Time.GetUtcNow(),
            null,
            sync.Id,
            At(second - 1)
        );
}
