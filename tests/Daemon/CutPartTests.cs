using Backup.Blockstore;
using Backup.Daemon;
using Backup.Daemon.PointInTime;
using Backup.Foundation;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Backup.Snapshots.Manifests;
using Shouldly;
using Xunit;

namespace Backup.Tests.Daemon;

/// <summary>
/// What heads give for a cut through a cluster; the judge is a bank that knows what each shard holds at each moment. Agents and the server for them
/// are played by the tests.
/// </summary>
public sealed class CutPartTests
{
    private static readonly uint Start = (uint)TimeProvider.System.GetUtcNow().AddHours(-2).ToUnixTimeSeconds();

    [Theory]
    [InlineData(1, 2, false)]
    [InlineData(2, 3, false)]
    [InlineData(3, 3, true)]
    [InlineData(4, 2, true)]
    [InlineData(5, 3, true)]
    public async Task At_any_cut_every_part_holds_what_was_committed_by_its_time(int seed, int shards, bool restarts)
    {
        var random = new Random(seed);
        var model = new BankModel(random, shards, Start);
        await using var cluster = await ClusterFixture.StartAsync(shards);
        await cluster.SyncAsync(model);
        var ahead = 0;
        for (var round = 0; round < 6; round++)
        {
            await StepAsync(cluster, model, random, random.Next(1, 30));
            var cut = await cluster.AddCutAsync();
            await StepAsync(cluster, model, random, random.Next(8));
            await cluster.MarkingAsync(cut);
            await MaybeRestartAsync(cluster, restarts && random.Next(3) == 0);
            // What is stored from here on may be later than the tokens: heads hold.
            var time = ClusterFixture.Tokens(model);
            await StepAsync(cluster, model, random, random.Next(25));
            await MaybeRestartAsync(cluster, restarts && random.Next(3) == 0);
            var before = Enumerable.Range(0, shards).Select(cluster.Live).ToList();
            before.ShouldAllBe(live => live <= time);
            await cluster.SettledAsync(cut, time);
            await StepAsync(cluster, model, random, random.Next(25));
            await MaybeRestartAsync(cluster, restarts && random.Next(3) == 0);
            model.Settle();
            Enumerable.Range(0, shards).ToList().ForEach(shard => model.Note(shard));
            await cluster.ShipAllAsync(model);

            var parts = await cluster.WaitForPartsAsync(cut);
            await MaybeRestartAsync(cluster, restarts && random.Next(3) == 0);
            (await cluster.Metadata.Clusters.CompleteCutAsync(cut, expiresAt: null)).ShouldBeTrue();
            ahead += await ShouldHoldAsync(cluster, model, parts, time);
            await ShouldGoOnAsync(cluster, model);
        }

        ahead.ShouldBeGreaterThan(0, "transactions were committed by a cut's time and logged as such after it");

        // From a part the oplog goes on, whatever was committed ahead of its entry.
        var cuts = await cluster.Metadata.Clusters.CutsAsync(ClusterFixture.ClusterId);
        foreach (var (cut, shard) in cuts.SelectMany(_ => Enumerable.Range(0, shards), (cut, shard) => (cut, shard)))
        {
            var later = new Optime(cut.Time.T + (uint)random.Next(1, 8), (uint)random.Next(1, 5));
            var moment = later < model.Now ? later : cut.Time;
            var restored = await cluster.Daemon.RestoreAsync(cluster.Sets[shard], RestorePoint.UpTo(moment));
            restored
                .GetValueOrDefault(BankModel.Ns, [])
                .ShouldBe(model.Contents(shard, moment), $"{shard} at {moment} from {cut.Time}");
        }
    }

    [Fact]
    public async Task A_head_holds_at_once_and_gives_nothing_before_its_oplog_is_stored_up_to_the_time()
    {
        var model = new BankModel(new Random(7), 2, Start);
        await using var cluster = await ClusterFixture.StartAsync(2);
        await cluster.SyncAsync(model);
        var cut = await cluster.AddCutAsync();
        await cluster.MarkingAsync(cut);
        var before = cluster.Live(1);
        var time = ClusterFixture.Tokens(model);
        var entries = model.Take(0);
        model.Note(0);
        await cluster.ShipAsync(0, entries);
        await Task.Delay(300);
        cluster.Live(0).ShouldBeLessThan(time);

        await cluster.SettledAsync(cut, time);
        await cluster.Daemon.UntilAsync(() => Task.FromResult(cluster.Live(0) >= entries[^1].At()), () => "not there");
        await Task.Delay(300);
        (await cluster.Metadata.Clusters.PartsAsync(cut)).ShouldBeEmpty(
            "nothing says that no entry up to the time is on its way"
        );
        cluster.Live(1).ShouldBe(before);

        await cluster.ShipAllAsync(model);
        var parts = await cluster.WaitForPartsAsync(cut);
        parts.ShouldAllBe(part => part.Optime == time && part.CutId == cut);
        (await cluster.Metadata.Snapshots.ListAsync(cluster.Sets[0])).ShouldNotContain(
            one => one.CutId == cut,
            "not before it is complete"
        );
    }

    [Fact]
    public async Task A_part_waits_for_the_decision_on_what_was_prepared_and_fails_the_cut_where_it_does_not_come()
    {
        var model = new BankModel(new Random(11), 2, Start);
        await using var cluster = await ClusterFixture.StartAsync(2);
        cluster.Options = cluster.Options with { CutDecisionPatience = TimeSpan.FromMilliseconds(200) };
        await cluster.RestartAsync();
        await cluster.SyncAsync(model);
        while (model.Open == 0)
        {
            model.Step();
        }

        var cut = await cluster.AddCutAsync();
        await cluster.MarkingAsync(cut);
        var time = ClusterFixture.Tokens(model);
        model.Note(0);
        await cluster.ShipAllAsync(model);
        await cluster.SettledAsync(cut, time);

        var failed = await cluster.WaitForCutAsync(cut, CutState.Failed);
        failed.Code.ShouldBe($"BK{DaemonErrors.PartNotDecided}");
        failed.Message!.ShouldContain("rs-");
        failed.Hint.ShouldNotBeNullOrEmpty();
        (await cluster.Metadata.Clusters.PartsAsync(cut)).ShouldBeEmpty();
        model.Settle();
        await cluster.ShipAllAsync(model);
        await ShouldGoOnAsync(cluster, model);
        (await cluster.Metadata.Deployments.ReplicaSetsAsync()).ShouldAllBe(set =>
            set.State == ReplicaSetState.Tailing
        );
    }

    [Fact]
    public async Task What_is_stored_between_a_look_at_the_cut_and_the_next_is_not_applied_while_it_is_marked()
    {
        var model = new BankModel(new Random(23), 2, Start);
        await using var cluster = await ClusterFixture.StartAsync(2);
        await cluster.SyncAsync(model);
        await cluster.Daemon.StopAsync();
        var cut = await cluster.AddCutAsync();
        var (time, marked) = (Optime.Zero, 0);
        // The cut is marked, and entries behind its time are stored, the moment after a head saw that it is not.
        var hooked = HookedMetadata.Of(
            cluster.Metadata,
            async seen =>
            {
                if (seen is { State: CutState.Wanted } && Interlocked.Exchange(ref marked, 1) == 0)
                {
                    await cluster.MarkingAsync(cut);
                    time = ClusterFixture.Tokens(model);
                    Enumerable.Range(0, 20).ToList().ForEach(_ => model.Step());
                    await cluster.ShipAllAsync(model);
                }
            }
        );
        cluster.Daemon.Start(cluster.Options, hooked);
        await cluster.Daemon.UntilAsync(() => Task.FromResult(!time.IsZero), () => "the cut is not looked at");
        await Task.Delay(300);
        Enumerable.Range(0, 2).ShouldAllBe(shard => cluster.Live(shard) < time);

        await cluster.SettledAsync(cut, time);
        model.Settle();
        ClusterFixture.Tokens(model);
        await cluster.ShipAllAsync(model);
        await ShouldHoldAsync(cluster, model, await cluster.WaitForPartsAsync(cut), time);
    }

    [Fact]
    public async Task Heads_go_on_where_the_cut_fails()
    {
        var model = new BankModel(new Random(13), 2, Start);
        await using var cluster = await ClusterFixture.StartAsync(2);
        await cluster.SyncAsync(model);
        var cut = await cluster.AddCutAsync();
        await cluster.MarkingAsync(cut);
        model.Note(0);
        model.Note(1);
        await cluster.ShipAllAsync(model);
        await Task.Delay(200);
        cluster.Live(1).ShouldBeLessThan(model.Now);

        await cluster.Metadata.Clusters.FailCutAsync(cut, "BK9999", "no agent", "none");
        await ShouldGoOnAsync(cluster, model);
    }

    [Fact]
    public async Task A_checkpoint_holds_no_head()
    {
        var model = new BankModel(new Random(17), 2, Start);
        await using var cluster = await ClusterFixture.StartAsync(2);
        await cluster.SyncAsync(model);
        var cut = await cluster.AddCutAsync(CutKind.Checkpoint);
        await cluster.MarkingAsync(cut);
        ClusterFixture.Tokens(model);
        await cluster.ShipAllAsync(model);
        await ShouldGoOnAsync(cluster, model);
    }

    [Fact]
    public async Task Another_filter_waits_until_the_head_has_passed_its_part()
    {
        var model = new BankModel(new Random(19), 2, Start);
        await using var cluster = await ClusterFixture.StartAsync(2);
        await cluster.SyncAsync(model);
        var cut = await cluster.AddCutAsync();
        // While no head is at work: the first thing that each sees is a cut that is marked.
        await cluster.Daemon.StopAsync();
        await cluster.MarkingAsync(cut);
        await cluster.Metadata.Deployments.SetNamespacesAsync("d-config", new NamespaceFilter([], [BankModel.Ns]));
        cluster.Daemon.Start(cluster.Options);
        var time = ClusterFixture.Tokens(model);
        await cluster.ShipAllAsync(model);
        await Task.Delay(300);
        (await cluster.Metadata.Heads.EventsAsync(cluster.Sets[0])).ShouldBeEmpty();
        await cluster.SettledAsync(cut, time);
        model.Note(0);
        var later = model.Note(1);
        await cluster.ShipAsync(1, model.Take(1));
        await Task.Delay(300);
        (await cluster.Metadata.Heads.EventsAsync(cluster.Sets[0])).ShouldBeEmpty();

        await cluster.ShipAllAsync(model);
        var parts = await cluster.WaitForPartsAsync(cut);
        await ShouldHoldAsync(cluster, model, parts, time);
        await cluster.Daemon.UntilAsync(
            async () => (await cluster.Metadata.Heads.EventsAsync(cluster.Sets[0])).Count > 0,
            () => "the filter is not in force"
        );
        (await cluster.Metadata.Heads.EventsAsync(cluster.Sets[0])).ShouldAllBe(one => one.At > time && one.At < later);
    }

    private static async Task StepAsync(ClusterFixture cluster, BankModel model, Random random, int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            model.Step();
            if (random.Next(3) == 0)
            {
                var shard = random.Next(model.Shards);
                await cluster.ShipAsync(shard, model.Take(shard, random.Next(1, 8)));
            }
        }
    }

    private static async Task MaybeRestartAsync(ClusterFixture cluster, bool restarts)
    {
        if (restarts)
        {
            await cluster.RestartAsync();
        }
    }

    /// <returns>How many transactions are in it whose commits were logged after it.</returns>
    private static async Task<int> ShouldHoldAsync(
        ClusterFixture cluster,
        BankModel model,
        IReadOnlyList<SnapshotRecord> parts,
        Optime time
    )
    {
        var (sum, ahead) = (0, 0);
        for (var shard = 0; shard < model.Shards; shard++)
        {
            var part = parts.Single(one => one.ReplicaSetId == cluster.Sets[shard]);
            part.Optime.Timestamp.ShouldBe(time.Timestamp);
            var held = (await cluster.Daemon.ReadAsync(part))[BankModel.Ns];
            held.ShouldBe(model.Contents(shard, time), $"shard {shard} at {time}");
            sum += held.Values.Sum(int.Parse);
            BlockId.TryParse(part.ManifestBlock, out var id).ShouldBeTrue();
            var manifest = await ManifestStore.ReadAsync(cluster.Daemon.Blocks, id);
            manifest.PreparedTransactions.ShouldBeEmpty();
            ahead += manifest.AppliedAhead.Count;
        }

        sum.ShouldBe(model.Total);
        return ahead;
    }

    private static Task ShouldGoOnAsync(ClusterFixture cluster, BankModel model)
    {
        var ends = cluster.Shards.Select(one => one.Last).ToList();
        return cluster.Daemon.UntilAsync(
            () => Task.FromResult(Enumerable.Range(0, model.Shards).All(shard => cluster.Live(shard) >= ends[shard])),
            () =>
                $"heads at {string.Join(" ", Enumerable.Range(0, model.Shards).Select(cluster.Live))}, not {string.Join(" ", ends)}"
        );
    }
}

internal static class Entries
{
    internal static Optime At(this BsonDocument entry) => Optime.FromTimestamp(entry.View["ts"u8].AsTimestamp);
}
