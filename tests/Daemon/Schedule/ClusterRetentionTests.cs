using Backup.Blockstore;
using Backup.Daemon.Schedule;
using Backup.Foundation;
using Backup.Metadata;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Backup.Tests.Daemon.Schedule;

public sealed class ClusterRetentionTests
{
    [Fact]
    public async Task Snapshots_of_a_cluster_are_thinned_out_by_its_rows_and_go_as_a_whole()
    {
        await using var cluster = await ClusterFixture.StartAsync(2);
        await cluster.Daemon.StopAsync();
        var now = TimeProvider.System.GetUtcNow();
        var ids = new List<string>();
        for (var days = 40; days >= 1; days--)
        {
            ids.Add(await CompleteAsync(cluster, now.AddDays(-days)));
        }

        await cluster.Metadata.Clusters.KeepCutAsync(ids[3], new KeepingChange(Pinned: true));
        await cluster.Metadata.Deployments.SetPolicyAsync(
            SnapshotPolicy.Default(ClusterFixture.ClusterId) with
            {
                WeeklyRetention = TimeSpan.Zero,
                MonthlyRetention = TimeSpan.Zero,
            }
        );
        await new ScheduleRound(
            cluster.Metadata,
            new OplogRetention(cluster.Metadata, new MemoryBlockStore(), new MemoryObjectStore(), TimeProvider.System),
            TimeSpan.FromDays(1),
            TimeProvider.System,
            NullLogger.Instance
        ).LookAsync(CancellationToken.None);

        // Taken more than seven days ago they go, but for the one that is pinned.
        List<string> kept = [ids[3], .. ids[^6..]];
        (await cluster.Metadata.Clusters.CutsAsync(ClusterFixture.ClusterId))
            .Select(cut => cut.Id)
            .ShouldBe(kept, ignoreOrder: true);
        foreach (var set in cluster.Sets)
        {
            (await cluster.Metadata.Snapshots.ListAsync(set))
                .Select(part => part.CutId!)
                .ShouldBe(kept, ignoreOrder: true);
        }
    }

    private static async Task<string> CompleteAsync(ClusterFixture cluster, DateTimeOffset at)
    {
        var id = Guid.CreateVersion7(at).ToString();
        var time = new Optime((uint)at.ToUnixTimeSeconds(), 1, -1);
        var cut = CutRecord.New(id, ClusterFixture.ClusterId, CutKind.Snapshot, "policy", [.. cluster.Sets], at);
        await cluster.Metadata.Clusters.AddCutAsync(cut);
        var settled = cut with { State = CutState.Settled, Time = time, BalancerRested = true };
        await cluster.Metadata.Clusters.AdvanceCutAsync(settled, CutState.Wanted);
        foreach (var set in cluster.Sets)
        {
            var part = new SnapshotRecord($"{id}-{set}", set, time, "", 1, 1, 1, 1, 1, "policy", at, ExpiresAt: null);
            (await cluster.Metadata.Clusters.AddPartAsync(id, part)).ShouldBeTrue();
        }

        (await cluster.Metadata.Clusters.CompleteCutAsync(id, expiresAt: null)).ShouldBeTrue();
        return id;
    }
}
