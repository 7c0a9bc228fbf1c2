using System.Text.Json;
using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Daemon.Grooming;
using Backup.Daemon.Jobs;
using Backup.Foundation;
using Backup.Metadata;
using Backup.Snapshots.Manifests;
using Shouldly;
using Xunit;
using static Backup.Tests.Daemon.StoredSource;

namespace Backup.Tests.Daemon;

/// <summary>
/// What a groom gives back of what a daemon has stored. That it takes nothing that is needed is held by every test of a daemon: a groom goes on beside
/// each of them all the time.
/// </summary>
public sealed class GroomTests
{
    private const string Ns = "shop.orders";
    private static readonly Guid Orders = new("11111111-1111-4111-8111-111111111111");

    private static async Task SyncAsync(DaemonFixture daemon)
    {
        daemon.Source.Lists(Ns, Orders);
        await daemon.Source.BeginAsync("s1", new Optime(100, 1, 1));
        await daemon.Source.CopyAsync(Orders, Document(1, "one"), Document(2, "two"));
        await daemon.Source.DoneAsync(Orders);
        await daemon.Source.CopiedAsync(new Optime(105, 1, 1));
        await daemon.Source.ShipAsync(Noop(new Optime(100, 1, 1)), Noop(new Optime(105, 1, 1)));
        await daemon.WaitForStateAsync(ReplicaSetState.Tailing);
    }

    [Fact]
    public async Task Snapshots_that_are_removed_give_their_room_back_and_the_others_stay_whole()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        var source = daemon.Source;
        await SyncAsync(daemon);
        var first = await daemon.TakeSnapshotAsync();
        var before = (await daemon.ReadAsync(first))[Ns];
        for (var round = 1u; round <= 12; round++)
        {
            var at = new Optime(200 + round, 1, 1);
            await source.ShipAsync(Insert(at, Ns, Orders, Document(10 + (int)round, $"round {round}")));
            await daemon.TakeSnapshotAsync();
        }

        var last = await daemon.TakeSnapshotAsync();
        var expected = (await daemon.ReadAsync(last))[Ns];
        expected.ShouldNotBe(before);
        foreach (var one in (await daemon.Metadata.Snapshots.ListAsync(source.Set.Id)).Where(one => one.Id != last.Id))
        {
            await daemon.Metadata.Snapshots.DeleteAsync(one.Id, evenLast: false);
        }

        var job = JobKinds.New(
            JobKinds.Groom,
            JobSubjects.Store,
            """{"trigger":"test"}""",
            TimeProvider.System.GetUtcNow()
        );
        await daemon.Groomer.StopAsync();
        await daemon.Metadata.Jobs.AddAsync(job);
        var ended = await daemon.WaitForJobAsync(job.Id);
        ended.State.ShouldBe(JobState.Succeeded, $"{ended.ErrorCode} {ended.ErrorMessage}");
        var result = JsonSerializer.Deserialize<GroomResult>(ended.Result!, JobKinds.Json)!;
        result.LiveBlocks.ShouldBeGreaterThan(0);
        (result.FreedBytes + daemon.Groomer.FreedBytes).ShouldBeGreaterThan(0);
        (await daemon.ReadAsync(last))[Ns].ShouldBe(expected);
        var known = await LastGroom.FindAsync(daemon.Metadata.Settings);
        known!.Result!.LiveBytes.ShouldBe(result.LiveBytes);
        known.ErrorCode.ShouldBeNull();
        (known.GroomedAt, known.Seconds > 0).ShouldBe((known.At, true));
        known.ReclaimableBytes.ShouldBe(
            result.DeadBytes + result.HeldBytes - Math.Min(result.ReclaimableBytes, result.DeadBytes)
        );
    }

    [Fact]
    public async Task A_check_names_the_snapshots_that_are_hit_and_no_others()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SyncAsync(daemon);
        var first = await daemon.TakeSnapshotAsync();
        (await CheckAsync(daemon)).IsWhole.ShouldBeTrue();
        await daemon.Source.ShipAsync(Insert(new Optime(300, 1, 1), Ns, Orders, Document(7, "seven")));
        var second = await daemon.TakeSnapshotAsync();
        await daemon.Groomer.StopAsync();
        var ofFirst = await BlocksAsync(daemon, first);
        var hit = (await BlocksAsync(daemon, second)).Last(id => !ofFirst.Contains(id));
        daemon.Blocks.Damage(hit).ShouldBeTrue();

        var damaged = await CheckAsync(daemon);
        damaged.IsWhole.ShouldBeFalse();
        damaged.Findings.ShouldBe(1);
        damaged.Hit.ShouldContain($"snapshot {second.Id}");
        damaged.Hit.ShouldNotContain($"snapshot {first.Id}");

        daemon.Blocks.Damage(hit).ShouldBeTrue();
        (await CheckAsync(daemon)).IsWhole.ShouldBeTrue();
        daemon.Blocks.Lose(ofFirst[^1]).ShouldBeTrue();
        var lost = await CheckAsync(daemon);
        lost.MissingBlocks.ShouldBe(1);
        lost.Hit.ShouldContain($"snapshot {first.Id}");
    }

    private static async Task<CheckResult> CheckAsync(DaemonFixture daemon)
    {
        var job = JobKinds.New(JobKinds.Check, JobSubjects.Store, "{}", TimeProvider.System.GetUtcNow());
        await daemon.Metadata.Jobs.AddAsync(job);
        var ended = await daemon.WaitForJobAsync(job.Id);
        ended.State.ShouldBe(JobState.Succeeded, $"{ended.ErrorCode} {ended.ErrorMessage}");
        return JsonSerializer.Deserialize<CheckResult>(ended.Result!, JobKinds.Json)!;
    }

    /// <summary>Blocks of documents alone.</summary>
    private static async Task<List<BlockId>> BlocksAsync(DaemonFixture daemon, SnapshotRecord snapshot)
    {
        BlockId.TryParse(snapshot.ManifestBlock, out var manifest).ShouldBeTrue();
        var leaves = new Leaves();
        await BlockTracer.TraceAsync(daemon.Blocks, manifest, leaves);
        return leaves.Ids;
    }

    private sealed class Leaves : IBlockMarks
    {
        internal List<BlockId> Ids { get; } = [];

        public void Keep(BlockId id) => Ids.Add(id);

        public bool Enter(BlockId id) => true;
    }

    [Fact]
    public async Task A_snapshot_that_cannot_be_read_keeps_everything_and_is_named()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SyncAsync(daemon);
        var snapshot = await daemon.TakeSnapshotAsync();
        BlockId.TryParse(snapshot.ManifestBlock, out var manifest).ShouldBeTrue();
        await daemon.Groomer.StopAsync();
        daemon.Blocks.Damage(manifest).ShouldBeTrue();
        var before = daemon.Blocks.Statistics.Blocks;

        var job = JobKinds.New(
            JobKinds.Groom,
            JobSubjects.Store,
            """{"trigger":"test"}""",
            TimeProvider.System.GetUtcNow()
        );
        await daemon.Metadata.Jobs.AddAsync(job);
        var ended = await daemon.WaitForJobAsync(job.Id);
        ended.State.ShouldBe(JobState.Failed);
        ended.ErrorCode.ShouldBe("BK5013");
        ended.ErrorMessage!.ShouldContain(snapshot.Id);
        daemon.Blocks.Statistics.Blocks.ShouldBeGreaterThanOrEqualTo(before);
        (await LastGroom.FindAsync(daemon.Metadata.Settings))!.ErrorCode.ShouldBe("BK5013");
    }
}
