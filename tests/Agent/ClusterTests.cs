using Backup.Metadata;
using Backup.Sandbox;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Agent;

/// <summary>Sharded clusters: what they are made of, and cuts through their sets, with the agent, the server and the balancer failing at each stage.</summary>
public sealed class ClusterTests
{
    private const string Cluster = "d1";
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task EverySetOfAClusterIsCopiedAndFollowedAndACutPassesThroughAllOfThem()
    {
        await using var source = await SandboxClusterSet.StartAsync(Options());
        await CutsGoThroughAsync(source);
    }

    [RealClusterFact]
    public async Task TheSameOfARealCluster()
    {
        await using var source = await RealShardedCluster.StartAsync();
        await source.RunAsync("admin", """{"balancerStart":1}""");
        await CutsGoThroughAsync(source);
    }

    [Fact]
    public async Task AShardThatIsAddedAndOneThatIsRemovedAreFoundByThemselves()
    {
        await using var source = await SandboxClusterSet.StartAsync(Options());
        await using var all = await ProtectedAsync(source);
        _ = await SetsAsync(all, 3);
        await source.RunAsync(
            "admin",
            $$"""{"addShard":"{{await source.Sandbox.StartShardAsync(new SandboxOptions { ReplicaSetName = "late" })}}"}"""
        );
        (await SetsAsync(all, 4)).ShouldContain(set => set.Name == "late");
        await source.RunAsync("admin", """{"removeShard":"late"}""");
        await source.RunAsync("admin", """{"removeShard":"late"}""");
        _ = await all.UntilAsync(
            async () =>
                (await all.Metadata.Deployments.ListAsync()).FirstOrDefault(one =>
                    one is { Cluster.Shard: "late", IsProtected: false }
                ),
            "the shard that is gone is still protected"
        );
    }

    /// <summary>Whoever has the lease goes on where another left off, and the balancer is on in the end, whatever the stage.</summary>
    [Theory]
    [InlineData(CutState.Stopping)]
    [InlineData(CutState.Marking)]
    public async Task AnotherAgentGoesOnWithACutThatItsMakerLeft(CutState at)
    {
        await using var source = await SandboxClusterSet.StartAsync(Options());
        await using var all = await ProtectedAsync(source);
        var sets = await SetsAsync(all, 3);
        await all.StopAgentAsync();
        var cut = await AskAsync(all, sets);
        (await all.Metadata.Clusters.StopBalancerAsync(cut.Id, wasOn: true)).ShouldBeTrue();
        if (at == CutState.Marking)
        {
            // Killed just after the balancer was stopped and before a token was written.
            await source.RunAsync("admin", """{"balancerStop":1}""");
            var marking = cut with { State = CutState.Marking, BalancerRested = true };
            (await all.Metadata.Clusters.AdvanceCutAsync(marking, CutState.Stopping)).ShouldBeTrue();
        }

        all.Identity = await all.EnrolAsync();
        all.StartAgent();
        await SettledAsync(all, cut.Id);
        await BalancerOnAsync(all, source);
    }

    [Fact]
    public async Task TheBalancerOfACutThatFailedIsOnAgain()
    {
        await using var source = await SandboxClusterSet.StartAsync(Options());
        await using var all = await ProtectedAsync(source);
        var sets = await SetsAsync(all, 3);
        await all.StopAgentAsync();
        var cut = await AskAsync(all, sets);
        (await all.Metadata.Clusters.StopBalancerAsync(cut.Id, wasOn: true)).ShouldBeTrue();
        await source.RunAsync("admin", """{"balancerStop":1}""");
        await all.Metadata.Clusters.FailCutAsync(cut.Id, "BK9999", "given up", "");
        all.StartAgent();
        await BalancerOnAsync(all, source);
    }

    [Fact]
    public async Task ABalancerThatWasOffStaysOff()
    {
        await using var source = await SandboxClusterSet.StartAsync(Options() with { Balancer = false });
        await using var all = await ProtectedAsync(source);
        var cut = await AskAsync(all, await SetsAsync(all, 3));
        (await SettledAsync(all, cut.Id)).BalancerRested.ShouldBe(true);
        await all.Metadata.Clusters.FailCutAsync(cut.Id, "BK9999", "not needed", "");
        await Task.Delay(TimeSpan.FromSeconds(3));
        (await ModeAsync(source)).ShouldBe("off");
        (await all.Metadata.Clusters.FindAsync(Cluster))!.Debt.ShouldBeNull();
    }

    [Theory]
    [InlineData(BalancerRule.Flag)]
    [InlineData(BalancerRule.Refuse)]
    public async Task ABalancerThatCannotBeStoppedIsFlaggedOrRefusedAsSet(BalancerRule rule)
    {
        await using var source = await SandboxClusterSet.StartAsync(Options());
        await using var all = await ProtectedAsync(source, TimeSpan.FromSeconds(1));
        var sets = await SetsAsync(all, 3);
        await all.Metadata.Deployments.SetPolicyAsync(SnapshotPolicy.Default(Cluster) with { Balancer = rule });
        source.Sandbox.Faults.HoldBalancerRound(true);
        // Between two rounds it could be stopped.
        await all.UntilAsync(
            async () =>
                (await source.RunAsync("admin", """{"balancerStatus":1}""")).View["inBalancerRound"u8].AsBoolean
                    ? "in a round"
                    : null,
            "the balancer begins no round"
        );
        var cut = await AskAsync(all, sets);
        var seen = await all.UntilAsync(
            async () =>
                await all.Metadata.Clusters.FindCutAsync(cut.Id) is { State: CutState.Settled or CutState.Failed } ended
                    ? ended
                    : null,
            "the cut goes nowhere"
        );
        (seen.State, seen.Code).ShouldBe((rule == BalancerRule.Flag ? CutState.Settled : CutState.Failed, "BK7031"));
        seen.BalancerRested.ShouldBe(rule == BalancerRule.Flag ? false : null);
        source.Sandbox.Faults.HoldBalancerRound(false);
        await BalancerOnAsync(all, source);
    }

    [Fact]
    public async Task ACutWaitsForAShardThatDoesNotAnswerAndSaysWhich()
    {
        await using var source = await SandboxClusterSet.StartAsync(Options());
        await using var all = await ProtectedAsync(source);
        var sets = await SetsAsync(all, 3);
        await source.KillAsync("s1");
        var cut = await AskAsync(all, sets);
        _ = await all.UntilAsync(
            async () =>
                (await all.Metadata.Deployments.AgentReportsAsync()).FirstOrDefault(report =>
                    report is { DeploymentId: Cluster, Code: "BK7033" } && report.Message!.Contains("s1")
                ),
            "nobody says that s1 does not answer"
        );
        (await all.Metadata.Clusters.FindCutAsync(cut.Id))!.State.ShouldBe(CutState.Marking);
        await source.ReviveAsync("s1");
        await SettledAsync(all, cut.Id);
        await BalancerOnAsync(all, source);
    }

    private static async Task CutsGoThroughAsync(ShardedClusterUnderTest source)
    {
        await using var all = await ProtectedAsync(source);
        var sets = await SetsAsync(all, 3);
        var cluster = (await all.Metadata.Clusters.FindAsync(Cluster))!;
        cluster.Routers.ShouldHaveSingleItem();
        cluster.Balancer.ShouldBe(BalancerState.On);
        for (var round = 0; round < 2; round++)
        {
            var before = (await source.RunOnAsync("s0", "admin", """{"ping":1}""")).View["operationTime"u8].AsTimestamp;
            var cut = await AskAsync(all, sets);
            var settled = await SettledAsync(all, cut.Id);
            settled.BalancerRested.ShouldBe(true);
            settled.Time.Timestamp.ShouldBeGreaterThan(before);
            foreach (var set in sets)
            {
                // Every oplog is known to be whole up to the cut.
                _ = await all.UntilAsync(
                    async () =>
                        await all.Metadata.OplogSlices.NewestAsync(set.SyncId!) is { } newest
                        && newest.Last.Timestamp > settled.Time.Timestamp
                            ? newest
                            : null,
                    $"{set.Name} does not pass the cut"
                );
            }

            // While the cut waits for heads, chunks may move again.
            await BalancerOnAsync(all, source);
            (await all.Metadata.Clusters.CompleteCutAsync(cut.Id, expiresAt: null)).ShouldBeTrue();
        }
    }

    private static SandboxClusterOptions Options() => new() { BalancerInterval = TimeSpan.FromSeconds(1) };

    private static async Task<Appliance> ProtectedAsync(ShardedClusterUnderTest source, TimeSpan? patience = null)
    {
        var all = await Appliance.StartAsync(with: options =>
            options with
            {
                LeaseSilence = Silence,
                BalancerPatience = patience ?? TimeSpan.FromMinutes(1),
            }
        );
        await all.ProtectAsync(source.ConnectionString);
        all.StartAgent();
        return all;
    }

    private static Task<IReadOnlyList<ReplicaSetRecord>> SetsAsync(Appliance all, int count) =>
        all.UntilAsync<IReadOnlyList<ReplicaSetRecord>>(
            async () =>
                await all.Metadata.Deployments.ReplicaSetsAsync() is { } sets
                && sets.Count(set => set.SyncId is not null) == count
                    ? sets
                    : null,
            $"not {count} sets are followed"
        );

    private static async Task<CutRecord> AskAsync(Appliance all, IReadOnlyList<ReplicaSetRecord> sets)
    {
        var cut = CutRecord.New(
            Guid.NewGuid().ToString("N"),
            Cluster,
            CutKind.Checkpoint,
            "test",
            [.. sets.Select(set => set.Id)],
            TimeProvider.System.GetUtcNow()
        );
        await all.Metadata.Clusters.AddCutAsync(cut);
        return cut;
    }

    private static Task<CutRecord> SettledAsync(Appliance all, string cutId) =>
        all.UntilAsync(
            async () => await all.Metadata.Clusters.FindCutAsync(cutId) is { State: CutState.Settled } cut ? cut : null,
            "the cut is not settled"
        );

    private static async Task BalancerOnAsync(Appliance all, ShardedClusterUnderTest source)
    {
        _ = await all.UntilAsync(
            async () => (await all.Metadata.Clusters.FindAsync(Cluster))!.Debt is null ? "paid" : null,
            "the balancer is not started again"
        );
        (await ModeAsync(source)).ShouldBe("full");
    }

    private static async Task<string> ModeAsync(ShardedClusterUnderTest source) =>
        (await source.RunAsync("admin", """{"balancerStatus":1}""")).View["mode"u8].AsString;
}
