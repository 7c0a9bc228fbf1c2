using Backup.Daemon;
using Backup.Daemon.Clusters;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Shouldly;
using Xunit;
using static Backup.Tests.Daemon.ClusterScene;
using static Backup.Tests.Daemon.StoredSource;

namespace Backup.Tests.Daemon;

/// <summary>Which moments of a cluster can be restored, and what each of them holds.</summary>
public sealed class ClusterMomentTests
{
    [Fact]
    public async Task At_every_moment_of_a_migration_each_document_is_there_once()
    {
        await using var scene = await StartAsync();
        // Documents 0 to 9 go from s0 to s1: copied, handed over by the config servers at 25, deleted much later.
        for (var id = 0; id < 10; id++)
        {
            await scene["s1"].ShipAsync(Insert(At(20, (uint)id + 1), Orders, OrdersId, Document(id, "x")));
        }

        await scene["config"].ShipAsync(Noop(At(24)), Change(At(25), "config.chunks", ChunksId, "a", "shard", "s1"));
        await scene["s0"].ShipAsync(Delete(At(40), Orders, OrdersId, 0), Noop(At(60)));
        await scene["s1"].ShipAsync(Insert(At(41), Orders, OrdersId, Document(99, "new")), Noop(At(60)));
        await scene["config"].ShipAsync(Noop(At(60)));

        foreach (var second in new uint[] { 6, 20, 24, 25, 39, 40 })
        {
            (await scene.OrdersAsync(At(second))).Order().ShouldBe(Enumerable.Range(0, 20), $"at {second}");
        }

        (await scene.OrdersAsync(At(20, 5))).Order().ShouldBe(Enumerable.Range(0, 20));
        (await scene.OrdersAsync(At(41))).Order().ShouldBe([.. Enumerable.Range(0, 20), 99]);
        var timeline = await scene.TimelineAsync();
        timeline.Ranges.ShouldBe([new ClusterRange(At(5), At(60))]);
        timeline.Gaps.ShouldBeEmpty();
        Directory.EnumerateFileSystemEntries(Path.Combine(scene.Daemon.SpillFolder, "restores")).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_one_set_lacks_the_cluster_lacks_and_the_set_is_named()
    {
        await using var scene = await StartAsync();
        foreach (var set in new[] { "config", "s0", "s1" })
        {
            await scene[set].ShipAsync(Noop(At(set == "s1" ? 30u : 50u)));
        }

        (await scene.TimelineAsync()).Ranges.ShouldBe([new ClusterRange(At(5), At(30))], "the one that lags ends it");
        var late = await RefusalAsync(scene, At(31));
        late.Number.ShouldBe(DaemonErrors.ClusterMoment);
        late.IsTransient.ShouldBeTrue();
        late.Message.ShouldContain("'s1'");
        late.Hint.ShouldContain(At(30).ToString());

        (await RefusalAsync(scene, At(3))).Hint.ShouldContain(At(5).ToString());
    }

    [Fact]
    public async Task A_shard_is_needed_from_when_the_config_servers_name_it_until_they_no_longer_do()
    {
        await using var scene = await StartAsync();
        await scene["config"].ShipAsync(Noop(At(19)));
        await scene["config"].ShipAsync(Insert(At(20), "config.shards", ShardsId, Shard("s2")));
        await scene["config"].ShipAsync(Noop(At(60)));
        await scene["s0"].ShipAsync(Noop(At(100)));
        await scene["s1"].ShipAsync(Noop(At(100)));

        var before = await scene.TimelineAsync();
        before.Ranges.ShouldBe([new ClusterRange(At(5), At(19))], "nothing of s2 is backed up yet");
        before.Gaps.ShouldHaveSingleItem().Set.ShouldBe("s2");
        (await scene.OrdersAsync(At(19))).Count.ShouldBe(20);
        (await RefusalAsync(scene, At(20))).Number.ShouldBe(DaemonErrors.ShardNotBackedUp);

        // The new shard is copied at last; later it is removed again, and its data stay.
        await scene.FoundAsync("config", "s0", "s1", "s2");
        await scene.CopyAsync("s2", 30, (Orders, OrdersId, [Document(500, "orphan")]));
        await scene["s2"].ShipAsync(Noop(At(70)));
        await scene["config"].ShipAsync(Noop(At(79)));
        await scene["config"].ShipAsync(Remove(At(80), "config.shards", ShardsId, "s2"));
        await scene["config"].ShipAsync(Noop(At(100)));
        await scene.FoundAsync("config", "s0", "s1");

        var after = await scene.TimelineAsync();
        after.Ranges.ShouldBe([
            new ClusterRange(At(5), At(19)),
            new ClusterRange(At(34), At(70)),
            new ClusterRange(At(80), At(100)),
        ]);
        after.Gaps.Select(static gap => (gap.Set, gap.IsAbsent)).ShouldBe([("s2", true), ("s2", true)]);
        (await scene.OrdersAsync(At(50))).Order().ShouldBe(Enumerable.Range(0, 20), "s2 owns nothing");
        (await scene.OrdersAsync(At(90))).Order().ShouldBe(Enumerable.Range(0, 20));
        var between = await RefusalAsync(scene, At(25));
        between.Message.ShouldContain("'s2'");
        between.Hint.ShouldContain(At(19).ToString());
        between.Hint.ShouldContain(At(34).ToString());
    }

    [Fact]
    public async Task Before_the_first_shard_there_is_no_cluster_to_restore()
    {
        await using var scene = await EmptyAsync();
        await scene.CopyAsync("config", ("config.version", Guid.NewGuid(), [ExtendedJson.Parse("""{"_id":1}""")]));
        await scene["config"].ShipAsync(Noop(At(10)));
        var timeline = await scene.TimelineAsync();
        timeline.Ranges.ShouldBeEmpty();
        (await RefusalAsync(scene, At(8))).Number.ShouldBe(Backup.Snapshots.SnapshotsErrors.NotConfigServers);
    }

    private static Task<BackupException> RefusalAsync(ClusterScene scene, Optime at) =>
        Should.ThrowAsync<BackupException>(() => scene.OrdersAsync(at));
}
