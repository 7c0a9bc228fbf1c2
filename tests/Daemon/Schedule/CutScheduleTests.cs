using Backup.Daemon.PointInTime;
using Backup.Daemon.Schedule;
using Backup.Foundation;
using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.Daemon.Schedule;

public sealed class CutScheduleTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private static readonly SnapshotPolicy Policy = SnapshotPolicy.Default("c1") with
    {
        At = new TimeOnly(12, 0),
        CheckpointInterval = TimeSpan.FromMinutes(15),
    };

    [Fact]
    public void The_first_snapshot_is_due_at_once_and_the_next_at_the_policys_time()
    {
        CutSchedule.Due(Policy, [], Noon).ShouldBe(CutKind.Snapshot);
        var taken = Cut(CutKind.Snapshot, CutState.Complete, Noon);
        Due(Noon.AddMinutes(14), taken).ShouldBeNull();
        Due(Noon.AddHours(6).AddSeconds(1), taken).ShouldBe(CutKind.Snapshot);
    }

    [Fact]
    public void Nothing_is_due_while_a_cut_is_being_made() =>
        Due(Noon.AddDays(1), Cut(CutKind.Checkpoint, CutState.Marking, Noon)).ShouldBeNull();

    [Fact]
    public void After_failures_it_is_tried_again_less_and_less_often()
    {
        CutRecord[] Failures(int count) =>
            [.. Enumerable.Range(0, count).Select(n => Cut(CutKind.Snapshot, CutState.Failed, Noon.AddHours(-n)))];

        Due(Noon.AddSeconds(59), Failures(1)).ShouldBeNull();
        Due(Noon.AddSeconds(61), Failures(1)).ShouldBe(CutKind.Snapshot);
        Due(Noon.AddMinutes(3.9), Failures(3)).ShouldBeNull();
        Due(Noon.AddMinutes(4.1), Failures(3)).ShouldBe(CutKind.Snapshot);
        Due(Noon.AddMinutes(14.9), Failures(40)).ShouldBeNull();
        Due(Noon.AddMinutes(15.1), Failures(40)).ShouldBe(CutKind.Snapshot);
    }

    [Fact]
    public void Checkpoints_lie_between_snapshots_and_are_made_though_snapshots_fail()
    {
        var taken = Cut(CutKind.Snapshot, CutState.Complete, Noon);
        Due(Noon.AddMinutes(15), taken).ShouldBe(CutKind.Checkpoint);
        var failed = Cut(CutKind.Checkpoint, CutState.Failed, Noon.AddMinutes(15));
        Due(Noon.AddMinutes(16), failed, taken).ShouldBeNull("it is tried again at its next time");
        Due(Noon.AddMinutes(30), failed, taken).ShouldBe(CutKind.Checkpoint);
        var snapshot = Cut(CutKind.Snapshot, CutState.Failed, Noon.AddHours(6.3));
        Due(Noon.AddHours(6.3), snapshot, taken).ShouldBe(CutKind.Checkpoint);
        CutSchedule.Due(Policy with { CheckpointInterval = null }, [taken], Noon.AddHours(1)).ShouldBeNull();
        CutSchedule.Due(Policy with { PointInTimeWindow = TimeSpan.Zero }, [taken], Noon.AddHours(1)).ShouldBeNull();
    }

    [Fact]
    public void Checkpoints_stay_for_the_window_and_failures_for_a_week()
    {
        CutRecord[] cuts =
        [
            Cut(CutKind.Snapshot, CutState.Failed, Noon) with
            {
                Id = "failed",
            },
            Cut(CutKind.Checkpoint, CutState.Complete, Noon.AddHours(-1)) with
            {
                Id = "checkpoint",
            },
            Cut(CutKind.Snapshot, CutState.Complete, Noon.AddYears(-1)) with
            {
                Id = "a snapshot is not its to remove",
            },
            Cut(CutKind.Checkpoint, CutState.Complete, Noon.AddDays(-5)) with
            {
                Id = "old checkpoint",
            },
            Cut(CutKind.Snapshot, CutState.Failed, Noon.AddDays(-8)) with
            {
                Id = "old failure",
            },
        ];

        CutSchedule
            .Outdated(cuts, TimeSpan.FromDays(4.5), Noon)
            .Select(cut => cut.Id)
            .ShouldBe(["old checkpoint", "old failure"]);
    }

    [Fact]
    public async Task A_snapshot_goes_as_a_whole_and_the_oplog_behind_the_parts_of_an_open_cut_stays()
    {
        var start = (uint)TimeProvider.System.GetUtcNow().AddHours(-2).ToUnixTimeSeconds();
        var model = new BankModel(new Random(1), 2, start);
        await using var cluster = await ClusterFixture.StartAsync(2);
        cluster.Options = cluster.Options with { JobLease = TimeSpan.FromMilliseconds(600) };
        await cluster.RestartAsync();
        await cluster.SyncAsync(model);
        var cut = await cluster.QueueAsync();
        await cluster.WaitForCutAsync(cut, CutState.Wanted);
        await cluster.MarkingAsync(cut);
        var time = ClusterFixture.Tokens(model);
        await cluster.SettledAsync(cut, time);
        model.Note(0);
        await cluster.ShipAsync(0, model.Take(0));
        await cluster.Daemon.UntilAsync(
            async () => (await cluster.Metadata.Clusters.PartsAsync(cut)).Count == 1,
            () => "no part"
        );
        var later = model.Note(0);
        await cluster.ShipAsync(0, model.Take(0));
        await cluster.Daemon.UntilAsync(() => Task.FromResult(cluster.Live(0) >= later), () => "behind");
        // As if the head had gone on for hours.
        await cluster.Daemon.StopAsync();
        var set = cluster.Sets[0];
        var head = (await cluster.Metadata.Heads.FindAsync(set))!;
        await cluster.Metadata.Heads.SetAsync(head with { Optime = later, ReplayFrom = later });
        await GroomAsync(cluster, set);
        (await cluster.Metadata.OplogSlices.ExtentAsync("sync-0"))!.ReachesBackTo(head.Optime).ShouldBeTrue();

        cluster.Start();
        model.Note(1);
        await cluster.ShipAllAsync(model);
        await cluster.WaitForCutAsync(cut, CutState.Complete);
        var range = (await new TimelineReader(cluster.Metadata, cluster.Daemon.Blocks).ReadAsync(set)).Ranges[0];
        (range.From.Timestamp, range.To).ShouldBe((time.Timestamp, later));

        await cluster.Metadata.Clusters.RemoveCutAsync(cut);
        foreach (var one in cluster.Sets)
        {
            (await cluster.Metadata.Snapshots.ListAsync(one)).ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task Sets_of_a_cluster_follow_its_policy()
    {
        await using var cluster = await ClusterFixture.StartAsync(2);
        var policy = SnapshotPolicy.Default(ClusterFixture.ClusterId) with { PointInTimeWindow = TimeSpan.FromDays(9) };
        await cluster.Metadata.Deployments.SetPolicyAsync(policy);
        foreach (var set in await cluster.Metadata.Deployments.ReplicaSetsAsync())
        {
            (await Policies.OfAsync(cluster.Metadata, set)).ShouldBe(policy);
        }
    }

    private static Task GroomAsync(ClusterFixture cluster, string setId) =>
        Task.Run(async () =>
            await new OplogRetention(
                cluster.Metadata,
                cluster.Daemon.Blocks,
                cluster.Daemon.Objects,
                TimeProvider.System
            ).GroomAsync((await cluster.Metadata.Deployments.FindReplicaSetAsync(setId))!)
        );

    private static CutKind? Due(DateTimeOffset now, params CutRecord[] cuts) => CutSchedule.Due(Policy, cuts, now);

    private static CutRecord Cut(CutKind kind, CutState state, DateTimeOffset at) =>
        CutRecord.New("cut", "c1", kind, "policy", ["r1"], at) with
        {
            State = state,
            Time = new Optime((uint)at.ToUnixTimeSeconds(), 1),
        };
}
