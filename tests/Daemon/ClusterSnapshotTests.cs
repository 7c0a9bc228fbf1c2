using System.Security.Cryptography;
using Backup.Blockstore;
using Backup.Blockstore.Sealing;
using Backup.Daemon;
using Backup.Daemon.Jobs;
using Backup.Foundation.Secrets;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Backup.Tests.Blockstore;
using Shouldly;
using Xunit;
using static Backup.Tests.Daemon.StoredSource;

namespace Backup.Tests.Daemon;

/// <summary>The job that makes a snapshot of a cluster, and the schedule of it.</summary>
public sealed class ClusterSnapshotTests
{
    private static readonly uint Start = (uint)TimeProvider.System.GetUtcNow().AddHours(-2).ToUnixTimeSeconds();

    [Fact]
    public async Task The_first_snapshot_is_taken_by_itself_and_only_as_a_whole()
    {
        var model = new BankModel(new Random(1), 2, Start);
        await using var cluster = await ClusterFixture.StartAsync(2, schedules: true);
        await cluster.SyncAsync(model);
        CutRecord? cut = null;
        await cluster.Daemon.UntilAsync(
            async () => (cut = await cluster.Metadata.Clusters.OpenCutAsync(ClusterFixture.ClusterId)) is not null,
            () => "no cut is asked for"
        );
        cut!.Trigger.ShouldBe("policy");
        cut.Sets.ShouldBe(cluster.Sets);
        var time = await cluster.PlayAsync(model, cut.Id, rested: false);
        await cluster.WaitForJobAsync(cut.Id, JobState.Succeeded);

        foreach (var shard in Enumerable.Range(0, 2))
        {
            var snapshot = (await cluster.Metadata.Snapshots.ListAsync(cluster.Sets[shard])).ShouldHaveSingleItem(
                "a set of a cluster has no schedule of its own"
            );
            snapshot.CutId.ShouldBe(cut.Id);
            (await cluster.Daemon.ReadAsync(snapshot))[BankModel.Ns].ShouldBe(model.Contents(shard, time));
        }

        (await cluster.Metadata.Clusters.FindCutAsync(cut.Id))!.ExpiresAt.ShouldBeNull("the policy decides");
        (await cluster.AlertsAsync()).ShouldBe([$"balancer-not-stopped BK{DaemonErrors.BalancerNotStopped}"]);
        (await cluster.Metadata.Jobs.ListAsync(10)).ShouldHaveSingleItem("nothing else is due");

        var verify = JobKinds.New(
            JobKinds.Verify,
            null,
            $$"""{"snapshotId":"{{cut.Id}}"}""",
            TimeProvider.System.GetUtcNow()
        );
        await cluster.Metadata.Jobs.AddAsync(verify);
        var verified = await cluster.WaitForJobAsync(verify.Id, JobState.Succeeded);
        verified.Result!.ShouldContain("\"documents\":12,");
        verified.Result!.ShouldContain("\"set\":\"config\"");
    }

    [Theory]
    [InlineData(CutState.Wanted)]
    [InlineData(CutState.Stopping)]
    [InlineData(CutState.Marking)]
    [InlineData(CutState.Settled)]
    [InlineData(CutState.Complete)]
    public async Task A_daemon_that_is_killed_at_any_stage_goes_on_with_the_same_cut(CutState stage)
    {
        var model = new BankModel(new Random(2), 2, Start);
        await using var cluster = await StartAsync(model, o => o with { JobLease = TimeSpan.FromMilliseconds(600) });
        var job = await cluster.QueueAsync();
        await cluster.WaitForCutAsync(job, CutState.Wanted);
        await RestartAsync(cluster, stage == CutState.Wanted);
        await cluster.Metadata.Clusters.StopBalancerAsync(job, wasOn: true);
        await RestartAsync(cluster, stage == CutState.Stopping);
        var cut = (await cluster.Metadata.Clusters.FindCutAsync(job))!;
        await cluster.Metadata.Clusters.AdvanceCutAsync(cut with { State = CutState.Marking }, CutState.Stopping);
        await RestartAsync(cluster, stage == CutState.Marking);
        var time = ClusterFixture.Tokens(model);
        await cluster.SettledAsync(job, time);
        model.Note(0);
        await cluster.ShipAsync(0, model.Take(0));
        await RestartAsync(cluster, stage == CutState.Settled);
        if (stage == CutState.Complete)
        {
            // The last part and the end of the cut are the last that the killed one did.
            await cluster.Daemon.UntilAsync(
                async () => (await cluster.Metadata.Clusters.PartsAsync(job)).Count == 1,
                () => "no part"
            );
            await cluster.Daemon.StopAsync();
            var part = (await cluster.Metadata.Clusters.PartsAsync(job))[0];
            await cluster.Metadata.Clusters.AddPartAsync(
                job,
                part with
                {
                    Id = "other",
                    ReplicaSetId = cluster.Sets.Single(one => one != part.ReplicaSetId),
                }
            );
            (await cluster.Metadata.Clusters.CompleteCutAsync(job, null)).ShouldBeTrue();
            cluster.Start();
        }

        model.Note(1);
        await cluster.ShipAllAsync(model);
        var done = await cluster.WaitForJobAsync(job, JobState.Succeeded);
        done.Result!.ShouldContain(job);
        var all = await cluster.Metadata.Clusters.CutsAsync(ClusterFixture.ClusterId);
        all.ShouldHaveSingleItem().State.ShouldBe(CutState.Complete);
        (await cluster.AlertsAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_cluster_without_an_agent_fails_the_snapshot_and_the_next_one_resolves_the_alert()
    {
        var model = new BankModel(new Random(3), 2, Start);
        await using var cluster = await StartAsync(model, Impatient);
        var failed = await cluster.WaitForJobAsync(await cluster.QueueAsync(), JobState.Failed);
        failed.ErrorCode.ShouldBe($"BK{DaemonErrors.CutSilent}");
        failed.ErrorMessage!.ShouldContain("no agent works on it");
        failed.ErrorHint.ShouldNotBeNullOrEmpty();
        (await cluster.Metadata.Clusters.FindCutAsync(failed.Id))!.State.ShouldBe(CutState.Failed);
        (await cluster.AlertsAsync()).ShouldBe([$"cluster-snapshot-failed {failed.ErrorCode}"]);

        await RestartAsync(
            cluster,
            o => o with { CutBeginPatience = TimeSpan.FromMinutes(1), CutMarkPatience = TimeSpan.FromMinutes(1) }
        );
        var next = await cluster.QueueAsync();
        await cluster.PlayAsync(model, next);
        await cluster.WaitForJobAsync(next, JobState.Succeeded);
        (await cluster.AlertsAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Tokens_that_do_not_come_fail_the_snapshot_and_heads_go_on()
    {
        var model = new BankModel(new Random(4), 2, Start);
        await using var cluster = await StartAsync(
            model,
            o => o with { CutMarkPatience = TimeSpan.FromMilliseconds(300) }
        );
        var job = await cluster.QueueAsync();
        await cluster.WaitForCutAsync(job, CutState.Wanted);
        await cluster.MarkingAsync(job);
        ClusterFixture.Tokens(model);
        await cluster.ShipAllAsync(model);
        var failed = await cluster.WaitForJobAsync(job, JobState.Failed);
        failed.ErrorMessage!.ShouldContain("tokens");
        await ShouldGoOnAsync(cluster);
    }

    [Fact]
    public async Task A_set_whose_oplog_does_not_come_is_named()
    {
        var model = new BankModel(new Random(5), 3, Start);
        await using var cluster = await StartAsync(
            model,
            o => o with { CutPartPatience = TimeSpan.FromMilliseconds(300), CutDecisionPatience = TimeSpan.Zero },
            shards: 3
        );
        var job = await cluster.QueueAsync();
        await cluster.WaitForCutAsync(job, CutState.Wanted);
        await cluster.MarkingAsync(job);
        await cluster.SettledAsync(job, ClusterFixture.Tokens(model));
        ClusterFixture.Tokens(model);
        await cluster.ShipAsync(0, model.Take(0));
        await cluster.ShipAsync(2, model.Take(2));
        var failed = await cluster.WaitForJobAsync(job, JobState.Failed);
        failed.ErrorCode.ShouldBe($"BK{DaemonErrors.PartMissing}");
        failed.ErrorMessage!.ShouldContain("the oplog of s1 is stored up to");
        failed.ErrorMessage!.ShouldNotContain("s2");
        (await cluster.Metadata.Snapshots.ListAsync(cluster.Sets[0])).ShouldBeEmpty("nothing of it is offered");
        await cluster.ShipAllAsync(model);
        await ShouldGoOnAsync(cluster);
    }

    [Fact]
    public async Task A_head_that_stops_fails_the_snapshot_with_its_cause_and_the_others_go_on()
    {
        var model = new BankModel(new Random(6), 2, Start);
        await using var cluster = await StartAsync(model);
        var job = await cluster.QueueAsync();
        await cluster.WaitForCutAsync(job, CutState.Wanted);
        var bad = model.Note(1);
        model.Take(1);
        await cluster.ShipAsync(
            1,
            [Command(bad, "bank.$cmd", BsonDocument.Build(w => w.String("inventedCommand"u8, "accounts")))]
        );
        await cluster.MarkingAsync(job);
        await cluster.SettledAsync(job, ClusterFixture.Tokens(model));
        ClusterFixture.Tokens(model);
        await cluster.ShipAllAsync(model);
        var failed = await cluster.WaitForJobAsync(job, JobState.Failed);
        failed.ErrorCode.ShouldBe($"BK{DaemonErrors.HeadStopped}");
        failed.ErrorMessage!.ShouldContain("'s1'");
        failed.ErrorMessage!.ShouldContain("inventedCommand");
        await cluster.Daemon.UntilAsync(
            () => Task.FromResult(cluster.Live(0) >= cluster.Shards[0].Last),
            () => $"{cluster.Live(0)}"
        );
    }

    [Fact]
    public async Task A_cancelled_snapshot_lets_its_heads_go()
    {
        var model = new BankModel(new Random(7), 2, Start);
        await using var cluster = await StartAsync(model);
        var job = await cluster.QueueAsync();
        await cluster.WaitForCutAsync(job, CutState.Wanted);
        await cluster.MarkingAsync(job);
        ClusterFixture.Tokens(model);
        await cluster.ShipAllAsync(model);
        await cluster.Metadata.Jobs.CancelAsync(job);
        (await cluster.WaitForCutAsync(job, CutState.Failed)).Code.ShouldBe($"BK{DaemonErrors.CutAbandoned}");
        await ShouldGoOnAsync(cluster);
        await cluster.Daemon.UntilAsync(async () => (await cluster.AlertsAsync()).Count == 1, () => "no alert");
    }

    [Fact]
    public async Task A_cut_whose_job_ended_with_its_process_is_failed_by_the_schedule()
    {
        var model = new BankModel(new Random(8), 2, Start);
        await using var cluster = await StartAsync(model);
        var cut = await cluster.AddCutAsync();
        await cluster.MarkingAsync(cut);
        await cluster.Metadata.Jobs.CancelAsync(cut);
        await cluster.RestartAsync();
        (await cluster.WaitForCutAsync(cut, CutState.Failed)).Code.ShouldBe($"BK{DaemonErrors.CutAbandoned}");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_set_that_is_synced_anew_meanwhile_gives_its_part_from_an_older_base_or_fails_the_snapshot(
        bool isStored
    )
    {
        var random = new Random(9);
        var model = new BankModel(random, 2, Start);
        await using var cluster = await StartAsync(model);
        var first = await cluster.QueueAsync();
        await cluster.PlayAsync(model, first);
        await cluster.WaitForJobAsync(first, JobState.Succeeded);
        Enumerable.Range(0, 20).ToList().ForEach(_ => model.Step());

        // What is built is not lost to a groom that is over before it is recorded, and is sealed as the group's blocks are from now on.
        await cluster.Daemon.StopAsync();
        using var master = new MasterKey(RandomNumberGenerator.GetBytes(32));
        using var keys = await KeyRing.OpenAsync(new KeysInMemory(), [master], seals: true, TimeProvider.System);
        var built = 0;
        cluster.Daemon.Start(
            cluster.Options,
            HookedMetadata.Of(
                cluster.Metadata,
                beforePart: async () =>
                {
                    if (built++ == 0)
                    {
                        // The first one is built for the store that the group was in.
                        var group = (await cluster.Metadata.Deployments.FindAsync(ClusterFixture.ClusterId))!.GroupId;
                        await cluster.Metadata.GroupStores.AssignAsync(
                            group,
                            "b",
                            [new TaggedStore("a", []), new TaggedStore("b", [])]
                        );
                    }

                    await cluster.Daemon.Groomer.WholeAsync();
                }
            ),
            keys
        );
        var job = await cluster.QueueAsync();
        await cluster.WaitForCutAsync(job, CutState.Wanted);
        await cluster.MarkingAsync(job);
        var time = ClusterFixture.Tokens(model);
        model.Settle();
        ClusterFixture.Tokens(model);
        await cluster.ShipAsync(0, model.Take(0));
        await cluster.ShipAsync(1, model.Take(1, isStored ? int.MaxValue : 2));
        await cluster.Metadata.Syncs.AbandonAsync(cluster.Shards[1].SyncId);
        model.Take(1);
        await cluster.SettledAsync(job, time);
        if (!isStored)
        {
            var failed = await cluster.WaitForJobAsync(job, JobState.Failed);
            failed.ErrorCode.ShouldBe($"BK{DaemonErrors.PartImpossible}");
            failed.ErrorMessage!.ShouldContain("'s1'");
            return;
        }

        await cluster.WaitForJobAsync(job, JobState.Succeeded);
        built.ShouldBe(2, "what was built for another store is not recorded");
        foreach (var shard in Enumerable.Range(0, 2))
        {
            var part = (await cluster.Metadata.Snapshots.ListAsync(cluster.Sets[shard])).Single(one =>
                one.CutId == job
            );
            (await cluster.Daemon.ReadAsync(part))[BankModel.Ns].ShouldBe(model.Contents(shard, time));
            BlockId.TryParse(part.ManifestBlock, out var manifest).ShouldBeTrue();
            using var raw = await cluster.Daemon.Blocks.GetAsync(manifest);
            BlockId.Of(raw.Memory.Span).ShouldNotBe(manifest, "the id of a sealed block tells nothing of its content");
        }
    }

    [Fact]
    public async Task A_checkpoint_is_complete_once_its_time_is_known_and_a_snapshot_of_one_set_can_be_taken_as_ever()
    {
        var model = new BankModel(new Random(10), 2, Start);
        await using var cluster = await StartAsync(model);
        var job = await cluster.QueueAsync(JobKinds.ClusterCheckpoint);
        await cluster.WaitForCutAsync(job, CutState.Wanted);
        await cluster.MarkingAsync(job);
        var time = ClusterFixture.Tokens(model);
        await cluster.SettledAsync(job, time);
        await cluster.WaitForJobAsync(job, JobState.Succeeded);
        (await cluster.Metadata.Clusters.FindCutAsync(job))!.Time.Timestamp.ShouldBe(time.Timestamp);

        var one = JobKinds.New(
            JobKinds.Snapshot,
            cluster.Sets[1],
            """{"trigger":"policy"}""",
            TimeProvider.System.GetUtcNow()
        );
        await cluster.Metadata.Jobs.AddAsync(one);
        await cluster.WaitForJobAsync(one.Id, JobState.Succeeded);
        (await cluster.Metadata.Snapshots.ListAsync(cluster.Sets[1])).ShouldHaveSingleItem().CutId.ShouldBeNull();
    }

    private static DaemonOptions Impatient(DaemonOptions options) =>
        options with
        {
            CutBeginPatience = TimeSpan.FromMilliseconds(200),
        };

    private static async Task<ClusterFixture> StartAsync(
        BankModel model,
        Func<DaemonOptions, DaemonOptions>? change = null,
        int shards = 2
    )
    {
        var cluster = await ClusterFixture.StartAsync(shards);
        await RestartAsync(cluster, change ?? (options => options));
        await cluster.SyncAsync(model);
        return cluster;
    }

    private static async Task RestartAsync(ClusterFixture cluster, Func<DaemonOptions, DaemonOptions> change)
    {
        cluster.Options = change(cluster.Options);
        await cluster.RestartAsync();
    }

    private static async Task RestartAsync(ClusterFixture cluster, bool now)
    {
        if (now)
        {
            await cluster.RestartAsync();
        }
    }

    private static Task ShouldGoOnAsync(ClusterFixture cluster)
    {
        var ends = cluster.Shards.Select(one => one.Last).ToList();
        return cluster.Daemon.UntilAsync(
            () => Task.FromResult(ends.Index().All(one => cluster.Live(one.Index) >= one.Item)),
            () => "a head does not go on"
        );
    }
}
