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
