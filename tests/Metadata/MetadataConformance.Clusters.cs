using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

public abstract partial class MetadataConformance
{
    [Fact]
    public async Task A_cluster_has_deployments_of_its_sets_which_come_and_go_with_it()
    {
        var (cluster, members) = await ClusterAsync("s0", "s1");
        (await Store.Deployments.FindAsync(cluster.DeploymentId))!.Type.ShouldBe(DeploymentTypes.ShardedCluster);
        members.Select(one => one.Cluster!.Shard).ShouldBe(["config", "s0", "s1"]);
        (await Store.Clusters.FindAsync(cluster.DeploymentId)).ShouldBeEquivalentTo(cluster);

        // A shard that was added, one that is no longer there, one whose hosts have changed.
        var found = cluster with
        {
            Balancer = BalancerState.Off,
            Routers = new List<string> { "r2:1" },
            SeenAt = Time.GetUtcNow(),
        };
        await Store.Clusters.FoundAsync(
            found,
            [
                .. members.Take(2).Select(one => one with { Uri = Store.Deployments.OpenUri(one) + "&x=1" }),
                Member(cluster, "s2"),
            ]
        );
        (await Store.Clusters.ListAsync()).Single().ShouldBeEquivalentTo(found);
        var now = await MembersAsync(cluster);
        now.Select(one => (one.Cluster!.Shard, one.IsProtected))
            .ShouldBe([("config", true), ("s0", true), ("s1", false), ("s2", true)]);
        Store.Deployments.OpenUri(now[1]).ShouldBe(Store.Deployments.OpenUri(members[1]) + "&x=1");
        now[1].Id.ShouldBe(members[1].Id);

        await Store.Clusters.FoundAsync(found, members);
        var before = await MembersAsync(cluster);
        await Store.Clusters.FoundAsync(found, before.Where(static one => one.IsProtected).ToList());
        (await MembersAsync(cluster)).ShouldBe(before, "what is found again as it was is not sealed again");
        (await MembersAsync(cluster)).Select(one => one.IsProtected).ShouldBe([true, true, true, false]);

        await Store.Deployments.RemoveAsync(cluster.DeploymentId);
        (await MembersAsync(cluster)).ShouldAllBe(one => !one.IsProtected);
        await ShouldFailAsync(6017, () => Store.Clusters.FoundAsync(found with { SourceId = "other" }, members));
    }

    [Fact]
    public async Task A_shard_that_was_protected_by_itself_becomes_the_clusters()
    {
        var alone = await DeploymentAsync("mongodb://s0-1/?replicaSet=s0");
        var (_, members) = await ClusterAsync("s0");
        members.Single(one => one.Cluster!.Shard == "s0").Id.ShouldBe(alone.Id);
    }

    [Fact]
    public async Task The_balancer_is_owed_its_start_from_before_it_is_stopped_until_no_cut_needs_it_at_rest()
    {
        var (cluster, _) = await ClusterAsync("s0");
        async Task<BalancerDebt?> DebtAsync() => (await Store.Clusters.FindAsync(cluster.DeploymentId))!.Debt;
        var cut = await CutAsync(cluster);
        (await Store.Clusters.StopBalancerAsync(cut.Id, wasOn: true)).ShouldBeTrue();
        (await DebtAsync()).ShouldBe(new BalancerDebt(cut.Id, Time.GetUtcNow()));
        (await Store.Clusters.StopBalancerAsync(cut.Id, wasOn: true)).ShouldBeFalse();
        (await Store.Clusters.BalancerStartedAsync(cluster.DeploymentId)).ShouldBeFalse();

        // What is found of a cluster meanwhile leaves the debt as it is; another cut that finds the balancer off takes it over.
        await Store.Clusters.FoundAsync(cluster with { Balancer = BalancerState.Off }, await MembersAsync(cluster));
        (await Store.Clusters.FailCutAsync(cut.Id, "BK1", "m", "h")).ShouldBeTrue();
        var next = await CutAsync(cluster);
        (await Store.Clusters.StopBalancerAsync(next.Id, wasOn: false)).ShouldBeTrue();
        (await DebtAsync())!.CutId.ShouldBe(next.Id);
        (await Store.Clusters.FailCutAsync(next.Id, "BK1", "m", "h")).ShouldBeTrue();
        (await Store.Clusters.BalancerStartedAsync(cluster.DeploymentId)).ShouldBeTrue();
        (await DebtAsync()).ShouldBeNull();

        // One that was off is owed nothing.
        var third = await CutAsync(cluster);
        (await Store.Clusters.StopBalancerAsync(third.Id, wasOn: false)).ShouldBeTrue();
        (await DebtAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task What_was_built_beside_a_head_is_recorded_only_where_it_stands_as_it_did()
    {
        var (cluster, _) = await ClusterAsync("s0");
        var set = (await SetsAsync(cluster))[0];
        var group = (await Store.Deployments.FindAsync(cluster.DeploymentId))!.GroupId;
        var cut = await CutAsync(cluster);
        await Store.Clusters.StopBalancerAsync(cut.Id, wasOn: false);
        await Store.Clusters.AdvanceCutAsync(cut with { State = CutState.Marking }, CutState.Stopping);
        cut = cut with { State = CutState.Settled, Time = At(500) };
        var (own, others) = (Guid.NewGuid(), Guid.NewGuid());
        var nowhere = new PartPremise(group, null, [own, others]);
        (await AddAsync(nowhere)).ShouldBeFalse("it is not settled");
        (await Store.Clusters.AdvanceCutAsync(cut, CutState.Marking)).ShouldBeTrue();
        (await AddAsync(nowhere)).ShouldBeTrue();

        TaggedStore[] all = [new("a", []), new("b", [])];
        var moving = await Store.GroupStores.AssignAsync(group, "b", all);
        moving.IsMoving.ShouldBeTrue("the part is somewhere");
        await ShouldFailAsync(MetadataErrors.PlaceChanged, () => AddAsync(nowhere));
        (await AddAsync(nowhere with { Place = moving })).ShouldBeTrue();
        var proven = (await Store.Clusters.PartsAsync(cut.Id)).Select(static one => one.ManifestBlock).ToHashSet();
        (await Store.GroupStores.MovedAsync(group, "b", proven, [])).ShouldBeTrue();
        await ShouldFailAsync(MetadataErrors.PlaceChanged, () => AddAsync(nowhere with { Place = moving }));
        var there = nowhere with { Place = await Store.GroupStores.FindAsync(group) };
        (await AddAsync(there)).ShouldBeTrue();

        var before = await Store.Clusters.PartsAsync(cut.Id);
        await Store.StoreSessions.RevokeAsync([others]);
        await ShouldFailAsync(MetadataErrors.StoreSessionRevoked, () => AddAsync(there));
        (await Store.Clusters.PartsAsync(cut.Id)).ShouldBe(before);
        (await AddAsync(there with { Sessions = [own] })).ShouldBeTrue();

        Task<bool> AddAsync(PartPremise premise) => Store.Clusters.AddBuiltPartAsync(cut.Id, Part(set, cut), premise);
    }

    [Fact]
    public async Task A_cut_is_published_with_all_its_parts_or_not_at_all()
    {
        var (cluster, _) = await ClusterAsync("s0");
        var sets = await SetsAsync(cluster);
        var cut = await CutAsync(cluster);
        await ShouldFailAsync(6016, () => CutAsync(cluster));
        (await Store.Clusters.OpenCutAsync(cluster.DeploymentId)).ShouldBeEquivalentTo(cut);
        (
            await Store.Clusters.AdvanceCutAsync(cut with { State = CutState.Marking }, CutState.Stopping)
        ).ShouldBeFalse();
        (await Store.Clusters.StopBalancerAsync(cut.Id, wasOn: true)).ShouldBeTrue();
        Time.Advance(TimeSpan.FromSeconds(3));
        cut = cut with { State = CutState.Marking, BalancerRested = true };
        (await Store.Clusters.AdvanceCutAsync(cut, CutState.Stopping)).ShouldBeTrue();
        cut = cut with { State = CutState.Settled, Time = At(500, 7, -1) };
        (await Store.Clusters.AddPartAsync(cut.Id, Part(sets[0], cut))).ShouldBeFalse();
        (await Store.Clusters.AdvanceCutAsync(cut, CutState.Marking)).ShouldBeTrue();
        cut = cut with { ChangedAt = Time.GetUtcNow() };
        (await Store.Clusters.FindCutAsync(cut.Id)).ShouldBeEquivalentTo(cut);

        (await Store.Clusters.AddPartAsync(cut.Id, Part(sets[0], cut))).ShouldBeTrue();
        var first = Part(sets[0], cut);
        (await Store.Clusters.AddPartAsync(cut.Id, first)).ShouldBeTrue();
        (await Store.Clusters.PartsAsync(cut.Id)).ShouldBe([first with { CutId = cut.Id }]);
        (await Store.Clusters.CompleteCutAsync(cut.Id, null)).ShouldBeFalse();
        (await Store.Snapshots.ListAsync(sets[0].Id)).ShouldBeEmpty();

        (await Store.Clusters.AddPartAsync(cut.Id, Part(sets[1], cut))).ShouldBeTrue();
        await ReopenAsync();
        var expires = Time.GetUtcNow().AddDays(2);
        (await Store.Clusters.CompleteCutAsync(cut.Id, expires)).ShouldBeTrue();
        (await Store.Clusters.CompleteCutAsync(cut.Id, expires)).ShouldBeFalse();
        (await Store.Clusters.OpenCutAsync(cluster.DeploymentId)).ShouldBeNull();
        (await Store.Snapshots.ListAsync(sets[0].Id)).ShouldBe([first with { CutId = cut.Id, ExpiresAt = expires }]);
        (await Store.Clusters.PartsAsync(cut.Id)).ShouldBeEmpty();
        (await Store.Clusters.FailCutAsync(cut.Id, "BK1", "m", "h")).ShouldBeFalse();

        var failed = await CutAsync(cluster);
        await ShouldFailAsync(6016, () => Store.Clusters.RemoveCutAsync(failed.Id));
        (await Store.Clusters.FailCutAsync(failed.Id, "BK9", "why", "way out")).ShouldBeTrue();
        var cuts = await Store.Clusters.CutsAsync(cluster.DeploymentId);
        cuts.Select(one => (one.State, one.Code)).ShouldBe([(CutState.Failed, "BK9"), (CutState.Complete, null)]);
        await Store.Clusters.RemoveCutAsync(cut.Id);
        (await Store.Snapshots.ListAsync(sets[1].Id)).ShouldBeEmpty();
        (await Store.Clusters.CutsAsync(cluster.DeploymentId)).Select(one => one.Id).ShouldBe([failed.Id]);
        await ShouldFailAsync(6009, () => Store.Clusters.RemoveCutAsync(cut.Id));
    }

    [Fact]
    public async Task A_failed_cut_leaves_no_parts()
    {
        var (cluster, _) = await ClusterAsync("s0");
        var sets = await SetsAsync(cluster);
        var cut = await CutAsync(cluster);
        var settled = cut with { State = CutState.Settled, Time = At(9) };
        (await Store.Clusters.AdvanceCutAsync(settled, CutState.Wanted)).ShouldBeTrue();
        (await Store.Clusters.AddPartAsync(cut.Id, Part(sets[0], settled))).ShouldBeTrue();
        (await Store.Clusters.FailCutAsync(cut.Id, "BK9", "why", "way out")).ShouldBeTrue();
        (await Store.Clusters.PartsAsync(cut.Id)).ShouldBeEmpty();
        (await Store.Clusters.AddPartAsync(cut.Id, Part(sets[0], settled))).ShouldBeFalse();
    }

    [Fact]
    public async Task A_cluster_has_a_policy()
    {
        var (cluster, _) = await ClusterAsync("s0");
        var policy = SnapshotPolicy.Default(cluster.DeploymentId) with
        {
            CheckpointInterval = TimeSpan.FromMinutes(15),
            Balancer = BalancerRule.Refuse,
        };
        await Store.Deployments.SetPolicyAsync(policy);
        await ReopenAsync();
        (await Store.Deployments.PolicyAsync(cluster.DeploymentId)).ShouldBe(policy);
        var odd = policy with { CheckpointInterval = TimeSpan.FromMinutes(20) };
        await ShouldFailAsync(6012, () => Store.Deployments.SetPolicyAsync(odd));
    }

    private async Task<(ClusterRecord Cluster, IReadOnlyList<Deployment> Members)> ClusterAsync(params string[] shards)
    {
        var deployment = await DeploymentAsync("mongodb://r1,r2/");
        var cluster = new ClusterRecord(
            deployment.Id,
            "5f00000000000000000000cc",
            "4.2.4",
            new List<string> { "r1:27017" },
            BalancerState.On,
            Time.GetUtcNow()
        );
        await Store.Clusters.FoundAsync(
            cluster,
            [Member(cluster, "config"), .. shards.Select(shard => Member(cluster, shard))]
        );
        return (cluster, await MembersAsync(cluster));
    }

    private Deployment Member(ClusterRecord cluster, string shard) =>
        new(
            Guid.NewGuid().ToString("N"),
            Store.Access.EnsureGroupAsync("default").GetAwaiter().GetResult().Id,
            $"orders/{shard}",
            DeploymentTypes.ReplicaSet,
            $"mongodb://{shard}-1/?replicaSet={shard}",
            Time.GetUtcNow()
        )
        {
            Cluster = new ClusterMembership(cluster.DeploymentId, shard),
        };

    private async Task<IReadOnlyList<Deployment>> MembersAsync(ClusterRecord cluster) =>
        [
            .. (await Store.Deployments.ListAsync())
                .Where(one => one.Cluster?.DeploymentId == cluster.DeploymentId)
                .OrderBy(one => one.Cluster!.Shard, StringComparer.Ordinal),
        ];

    private async Task<IReadOnlyList<ReplicaSetRecord>> SetsAsync(ClusterRecord cluster)
    {
        var sets = new List<ReplicaSetRecord>();
        foreach (var member in await MembersAsync(cluster))
        {
            sets.Add(await Store.Deployments.EnsureReplicaSetAsync(NewReplicaSet(member.Id, member.Id)));
        }

        return sets;
    }

    private async Task<CutRecord> CutAsync(ClusterRecord cluster)
    {
        var sets = (await SetsAsync(cluster)).Select(set => set.Id).ToList();
        var id = Guid.NewGuid().ToString("N");
        var cut = CutRecord.New(id, cluster.DeploymentId, CutKind.Snapshot, "policy", sets, Time.GetUtcNow());
        await Store.Clusters.AddCutAsync(cut);
        return cut;
    }

    private SnapshotRecord Part(ReplicaSetRecord set, CutRecord cut) =>
        new(
            Guid.NewGuid().ToString("N"),
            set.Id,
            cut.Time,
            new string('b', 64),
            10,
            1000,
            100,
            200,
            0.5,
            "policy",
            Time.GetUtcNow(),
            null,
            "sync",
            At(400)
        )
        {
            Filters = "[]",
        };
}
