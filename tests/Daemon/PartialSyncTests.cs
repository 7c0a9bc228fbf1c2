using Backup.Daemon.PointInTime;
using Backup.Foundation;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Shouldly;
using Xunit;
using static Backup.Tests.Daemon.ModelShipping;
using static Backup.Tests.Daemon.StoredSource;

namespace Backup.Tests.Daemon;

/// <summary>A fresh copy of some collections, beside a head that goes on: right from its seam on, without a trace before it.</summary>
public sealed class PartialSyncTests
{
    private const string Ns = "shop.orders";
    private static readonly Guid Orders = new("11111111-1111-4111-8111-111111111111");
    private static readonly Guid Items = new("22222222-2222-4222-8222-222222222222");

    private static Optime At(uint t) => new(t, 1, 1);

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 8)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Whatever_happens_during_the_copy_the_head_is_the_source_from_the_seam_on_and_as_it_was_before_it(
        int seed
    )
    {
        var random = new Random(seed);
        // Not long ago: what is older than the window is given up with each start.
        var model = new SourceModel(random, (uint)TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - 3600);
        await using var daemon = await DaemonFixture.StartAsync();
        model.Add(Ns, damaged: true);
        model.Add("shop.items");
        model.Add("shop.other");
        await SyncAsync(daemon, model);
        await daemon.WaitForStateAsync(ReplicaSetState.Tailing);
        await WriteAsync(daemon, model, random, 5);
        model.Settle();
        await ShipAsync(daemon, model);
        SourceModelShouldBe(await daemon.SnapshotAsync(), model.At(model.Now).Held);
        var before = (await daemon.Metadata.Snapshots.ListAsync(daemon.Source.Set.Id))[0];

        var partial = await daemon.Source.OrderAsync(Ns);
        var copied = await CopyAsync(daemon, model, random, partial);
        await daemon.WaitForSyncAsync(partial, SyncState.Built);
        await WriteAsync(daemon, model, random, 10);
        model.Settle();
        await ShipAsync(daemon, model);

        // What was called otherwise when the copy was listed is as it was.
        Dictionary<Guid, ModelCollection> After(Optime at)
        {
            var (truth, held) = model.At(at);
            return truth.Keys.ToDictionary(uuid => uuid, uuid => copied.Contains(uuid) ? truth[uuid] : held[uuid]);
        }

        SourceModelShouldBe(await daemon.SnapshotAsync(), After(model.Now));
        var snapshots = await daemon.Metadata.Snapshots.ListAsync(daemon.Source.Set.Id);
        var seam = snapshots.Single(one => one.Trigger.StartsWith("copy of", StringComparison.Ordinal));
        SourceModelShouldBe(await daemon.ReadAsync(seam), After(seam.Optime));
        SourceModelShouldBe(await daemon.ReadAsync(before), model.At(before.Optime).Held);
        for (var t = before.Optime.T; t <= model.Now.T; t += (uint)random.Next(1, 12))
        {
            var wanted = At(t) >= seam.Optime ? After(At(t)) : model.At(At(t)).Held;
            var (contents, _) = await daemon.RestoreAsync(RestorePoint.UpTo(At(t)));
            SourceModelShouldBe(contents, wanted, emptyAreMissing: true);
        }
    }

    [Fact]
    public async Task Until_the_copy_is_whole_the_head_holds_what_it_held_and_no_agent_copies_for_nothing()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SmallSyncAsync(daemon);
        var partial = await daemon.Source.OrderAsync(Ns);
        await daemon.Source.BeginPartialAsync(partial, At(103), (Ns, Orders));
        await daemon.Source.CopyRangeAsync(partial, Orders, 0, Document(1, "one, fresh"));
        await daemon.Source.ShipAsync(Insert(At(104), Ns, Orders, Document(5, "five")));
        await daemon.WaitForOptimeAsync(At(104));
        (await daemon.SnapshotAsync())[Ns].ShouldContainKeyAndValue(1, "one");

        await daemon.Metadata.PartialSyncs.AbandonAsync(partial);
        await daemon.Source.ShipAsync(Noop(At(105)));
        await daemon.WaitForOptimeAsync(At(105));
        (await daemon.SnapshotAsync())[Ns].Keys.ShouldBe([1, 2, 5]);
        (await daemon.TimelineAsync()).Events.ShouldBeEmpty();
        (await daemon.Metadata.OplogSlices.DoomedAsync(10)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_copy_that_cannot_be_used_harms_nothing_and_says_why()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SmallSyncAsync(daemon);
        var partial = await daemon.Source.OrderAsync(Ns);
        await daemon.Source.BeginPartialAsync(partial, At(103), (Ns, Orders));
        await daemon.Source.CopyRangeAsync(partial, Orders, 0, Document(1, "one"));
        await daemon.Metadata.Syncs.CollectionDoneAsync(partial, Orders, 0);
        await daemon.Metadata.Syncs.CopiedAsync(partial, At(104));
        // Behind the copy's end the document must be there.
        await daemon.Source.ShipAsync(Noop(At(104)), Set1(At(105), Ns, Orders, 2, "two, later"));

        var failed = await daemon.WaitForSyncAsync(partial, SyncState.Abandoned);
        failed.Failure.ShouldNotBeNull().ShouldStartWith("BK4001");
        await daemon.Source.ShipAsync(Noop(At(106)));
        await daemon.WaitForOptimeAsync(At(106));
        (await daemon.SnapshotAsync())[Ns][2].ShouldBe("two, later");
    }

    [Fact]
    public async Task A_collection_that_was_lost_can_be_restored_again_from_the_seam_on()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SmallSyncAsync(daemon);
        await daemon.SnapshotAsync();
        await daemon.Source.ShipAsync(
            Command(
                At(110),
                "shop.$cmd",
                BsonDocument.Build(w => w.String("importCollection"u8, "shop.orders")),
                Orders
            ),
            Insert(At(111), Ns, Orders, Document(7, "seven"))
        );
        await daemon.WaitForOptimeAsync(At(111));
        await daemon.SnapshotAsync();
        (await daemon.TimelineAsync()).Gaps.ShouldHaveSingleItem().To.ShouldBeNull();

        // The head asks for it by itself; nobody has begun it.
        var asked = (await daemon.Metadata.PartialSyncs.ListAsync("s1")).ShouldHaveSingleItem();
        asked.Order!.Namespaces.ShouldBe([Ns]);
        await daemon.Metadata.PartialSyncs.AbandonAsync(asked.Id, "another is begun");
        var partial = await daemon.Source.OrderAsync(Ns, "shop.none");
        await daemon.Source.BeginPartialAsync(partial, At(111), (Ns, Orders));
        await daemon.Source.CopyRangeAsync(partial, Orders, 0, Document(7, "seven"), Document(8, "eight"));
        await daemon.Metadata.Syncs.CollectionDoneAsync(partial, Orders, 0);
        await daemon.Metadata.Syncs.CopiedAsync(partial, At(113));
        await daemon.Source.ShipAsync(Insert(At(112), Ns, Orders, Document(8, "eight")), Noop(At(113)));
        await daemon.WaitForSyncAsync(partial, SyncState.Built);
        await daemon.Source.ShipAsync(Insert(At(114), Ns, Orders, Document(9, "nine")));
        await daemon.WaitForOptimeAsync(At(114));

        var timeline = await daemon.TimelineAsync();
        var gap = timeline.Gaps.ShouldHaveSingleItem();
        (gap.Kind, gap.Namespace, gap.To).ShouldBe((HoleKind.CollectionLost, Ns, At(113)));
        timeline
            .Events.Select(one => (one.Kind, one.Namespace, one.At))
            .ShouldBe([(TimelineEventKind.Copied, Ns, At(113)), (TimelineEventKind.NotFound, "shop.none", At(113))]);
        var (before, lost) = await daemon.RestoreAsync(RestorePoint.UpTo(At(112)));
        before.ShouldNotContainKey(Ns);
        lost.Excluded.ShouldHaveSingleItem().Namespace.ShouldBe(Ns);
        var (after, whole) = await daemon.RestoreAsync(RestorePoint.UpTo(At(114)));
        after[Ns].Keys.ShouldBe([7, 8, 9]);
        whole.Excluded.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_oplog_since_the_begin_of_a_copy_stays_until_it_is_taken_over()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SmallSyncAsync(daemon);
        var partial = await daemon.Source.OrderAsync(Ns);
        await daemon.Source.BeginPartialAsync(partial, At(103), (Ns, Orders));
        await daemon.Source.ShipAsync(Noop(At(104)));
        await daemon.Source.ShipAsync(Noop(At(105)));

        await daemon.Metadata.OplogSlices.RemoveBeforeAsync("s1", At(999));
        (await daemon.Metadata.OplogSlices.ExtentAsync("s1"))!.ReachesBackTo(At(103)).ShouldBeTrue();
        await daemon.Metadata.PartialSyncs.AbandonAsync(partial);
        await daemon.Metadata.OplogSlices.RemoveBeforeAsync("s1", At(999));
        (await daemon.Metadata.OplogSlices.ExtentAsync("s1"))!.ReachesBackTo(At(103)).ShouldBeFalse();

        var late = await daemon.Source.OrderAsync(Ns);
        (await daemon.Metadata.PartialSyncs.BeginAsync(late, At(103), [], [])).ShouldBeFalse("its begin is gone");
    }

    private static async Task SmallSyncAsync(DaemonFixture daemon)
    {
        daemon.Source.Lists(Ns, Orders);
        daemon.Source.Lists("shop.items", Items);
        await daemon.Source.BeginAsync("s1", At(100));
        await daemon.Source.CopyAsync(Orders, Document(1, "one"), Document(2, "two"));
        await daemon.Source.DoneAsync(Orders);
        await daemon.Source.DoneAsync(Items);
        await daemon.Source.CopiedAsync(At(100));
        await daemon.Source.ShipAsync(Noop(At(100)), Noop(At(103)));
        await daemon.WaitForStateAsync(ReplicaSetState.Tailing);
    }

    /// <summary>An initial sync of what the head is to hold, which may not be what the source has.</summary>
    private static async Task SyncAsync(DaemonFixture daemon, SourceModel model)
    {
        foreach (var one in model.Held.Values)
        {
            daemon.Source.Lists(one.Namespace, one.Uuid);
        }

        model.Noop();
        await daemon.Source.BeginAsync("s1", model.Now);
        foreach (var one in model.Held.Values)
        {
            await daemon.Source.CopyAsync(one.Uuid, [.. one.Texts.Select(pair => Document(pair.Key, pair.Value))]);
            await daemon.Source.DoneAsync(one.Uuid);
        }

        await daemon.Source.CopiedAsync(model.Now);
        await ShipAsync(daemon, model);
    }

    /// <summary>What an agent does, with the source at work and crashes of the appliance in between.</summary>
    /// <returns>What it listed.</returns>
    private static async Task<HashSet<Guid>> CopyAsync(
        DaemonFixture daemon,
        SourceModel model,
        Random random,
        string partial
    )
    {
        model.Settle();
        model.Noop();
        var begin = model.Now;
        await WriteAsync(daemon, model, random, random.Next(8));
        var listed = model.Truth.Values.Where(one => one.Namespace == Ns).ToList();
        await ShipAsync(daemon, model);
        await daemon.Source.BeginPartialAsync(partial, begin, [.. listed.Select(one => (one.Namespace, one.Uuid))]);
        foreach (var one in listed)
        {
            var next = int.MinValue;
            while (model.Truth.TryGetValue(one.Uuid, out var now))
            {
                var chunk = now.Texts.Where(pair => pair.Key >= next).Take(random.Next(1, 6)).ToList();
                if (chunk.Count == 0)
                {
                    break;
                }

                await daemon.Source.CopyRangeAsync(
                    partial,
                    one.Uuid,
                    0,
                    [.. chunk.Select(pair => Document(pair.Key, pair.Value))]
                );
                next = chunk[^1].Key + 1;
                await WriteAsync(daemon, model, random, random.Next(10));
                if (random.Next(6) == 0)
                {
                    await RestartAsync(daemon);
                }
            }

            await daemon.Metadata.Syncs.CollectionDoneAsync(partial, one.Uuid, 0);
        }

        model.Noop();
        await daemon.Metadata.Syncs.CopiedAsync(partial, model.Now);
        await WriteAsync(daemon, model, random, random.Next(6));
        if (random.Next(2) == 0)
        {
            await RestartAsync(daemon);
        }

        model.Settle();
        await ShipAsync(daemon, model);
        return [.. listed.Select(one => one.Uuid)];
    }

    private static async Task RestartAsync(DaemonFixture daemon)
    {
        await daemon.StopAsync();
        daemon.Start();
    }

    private static void SourceModelShouldBe(
        Dictionary<string, SortedDictionary<int, string>> contents,
        Dictionary<Guid, ModelCollection> wanted,
        bool emptyAreMissing = false
    )
    {
        var texts = SourceModel
            .Contents(wanted)
            .Where(one => !emptyAreMissing || one.Value.Count > 0)
            .ToDictionary(one => one.Key, one => one.Value);
        contents.Keys.Order().ShouldBe(texts.Keys.Order());
        foreach (var (ns, held) in texts)
        {
            contents[ns].ShouldBe(held, ns);
        }
    }
}
