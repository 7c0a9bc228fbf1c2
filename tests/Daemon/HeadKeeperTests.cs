using Backup.Daemon;
using Backup.Foundation;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Shouldly;
using Xunit;
using static Backup.Tests.Daemon.StoredSource;

namespace Backup.Tests.Daemon;

public sealed class HeadKeeperTests
{
    private const string Ns = "shop.orders";
    private static readonly Guid Orders = new("11111111-1111-4111-8111-111111111111");

    private static Optime At(uint t) => new(t, 1, 1);

    [Fact]
    public async Task Builds_the_head_from_the_copy_and_everything_shipped_since_its_begin()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SyncAsync(daemon);
        await daemon.WaitForStateAsync(ReplicaSetState.Tailing);

        var contents = await daemon.SnapshotAsync();

        contents.Keys.ShouldBe([Ns]);
        contents[Ns]
            .ShouldBe(
                new SortedDictionary<int, string>
                {
                    [1] = "one, later",
                    [3] = "three",
                    [4] = "four",
                }
            );
    }

    [Fact]
    public async Task What_another_says_of_a_head_that_tails_does_not_stay()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SyncAsync(daemon);
        await daemon.WaitForStateAsync(ReplicaSetState.Tailing);

        // A server for agents that was held up between what it was told of the copy and what it writes of it.
        await daemon.Metadata.Deployments.SetStateAsync(daemon.Source.Set.Id, ReplicaSetState.CatchingUp);

        await daemon.WaitForStateAsync(ReplicaSetState.Tailing);
    }

    [Fact]
    public async Task Takes_no_snapshot_before_the_end_of_the_initial_sync()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        daemon.Source.Lists(Ns, Orders);
        await daemon.Source.BeginAsync("s1", At(100));
        await daemon.Source.CopyAsync(Orders, Document(1, "one"));
        await daemon.Source.DoneAsync(Orders);
        await daemon.Source.CopiedAsync(At(105));
        await daemon.Source.ShipAsync(Noop(At(100)), Insert(At(104), Ns, Orders, Document(2, "two")));
        await daemon.WaitForOptimeAsync(At(104));

        var job = await daemon.QueueSnapshotAsync();
        await daemon.Source.SeenAsync();
        await Task.Delay(500);
        (await daemon.Metadata.Snapshots.ListAsync(daemon.Source.Set.Id)).ShouldBeEmpty();

        await daemon.Source.ShipAsync(Noop(At(105)));
        await daemon.Source.SeenAsync();
        (await daemon.WaitForJobAsync(job)).State.ShouldBe(JobState.Succeeded);
        var snapshot = (await daemon.Metadata.Snapshots.ListAsync(daemon.Source.Set.Id))[0];
        snapshot.Optime.ShouldBe(At(105));
        (await daemon.ReadAsync(snapshot))[Ns].Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_snapshot_on_demand_holds_what_the_source_had_committed_when_it_was_asked_for()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SyncAsync(daemon);
        await daemon.WaitForStateAsync(ReplicaSetState.Tailing);

        var job = await daemon.QueueSnapshotAsync();
        // Told after the request, read before it: what a hung agent says of the source when it goes on.
        var read = (await daemon.Metadata.Jobs.FindAsync(job))!.CreatedAt;
        await daemon.Metadata.Deployments.SetSourceOptimeAsync(daemon.Source.Set.Id, At(103), read);
        await Task.Delay(300);
        (await daemon.Metadata.Jobs.FindAsync(job))!.State.ShouldBe(JobState.Running);
        await daemon.Metadata.Deployments.SetSourceOptimeAsync(daemon.Source.Set.Id, At(120));
        await Task.Delay(300);
        (await daemon.Metadata.Jobs.FindAsync(job))!.State.ShouldBe(JobState.Running);

        await daemon.Source.ShipAsync(Insert(At(120), Ns, Orders, Document(9, "nine")));
        (await daemon.WaitForJobAsync(job)).State.ShouldBe(JobState.Succeeded);
        var snapshot = (await daemon.Metadata.Snapshots.ListAsync(daemon.Source.Set.Id))[0];
        (await daemon.ReadAsync(snapshot))[Ns].ShouldContainKeyAndValue(9, "nine");
    }

    [Fact]
    public async Task A_snapshot_of_a_paused_source_holds_what_is_stored_at_once()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SyncAsync(daemon);
        await daemon.WaitForStateAsync(ReplicaSetState.Tailing);
        await daemon.Metadata.Deployments.SetSourceAsync(
            daemon.Source.Set.DeploymentId,
            new SourceSettings(PausedAt: TimeProvider.System.GetUtcNow())
        );
        await daemon.Metadata.Deployments.SetSourceOptimeAsync(daemon.Source.Set.Id, At(120));
        (await daemon.WaitForJobAsync(await daemon.QueueSnapshotAsync())).State.ShouldBe(JobState.Succeeded);
        var taken = await daemon.Metadata.Snapshots.ListAsync(daemon.Source.Set.Id);
        taken.ShouldContain(one => one.Trigger == "test");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_restart_at_any_stage_ends_in_the_same_contents(int stage)
    {
        await using var daemon = await DaemonFixture.StartAsync();
        daemon.Source.Lists(Ns, Orders);
        await daemon.Source.BeginAsync("s1", At(100));
        await daemon.Source.CopyAsync(Orders, Document(1, "one"), Document(2, "two"));
        await RestartAsync(daemon, stage == 0);
        await daemon.Source.CopyAsync(Orders, Document(3, "three"));
        await daemon.Source.DoneAsync(Orders);
        await RestartAsync(daemon, stage == 1);
        await daemon.Source.CopiedAsync(At(103));
        await daemon.Source.ShipAsync(
            Noop(At(100)),
            Set1(At(101), Ns, Orders, 1, "one, later"),
            Delete(At(102), Ns, Orders, 2),
            Insert(At(103), Ns, Orders, Document(4, "four"))
        );
        await daemon.WaitForStateAsync(ReplicaSetState.Tailing);
        await RestartAsync(daemon, stage == 2);
        await daemon.Source.ShipAsync(Set1(At(104), Ns, Orders, 4, "four, later"));
        await daemon.WaitForOptimeAsync(At(104));
        await RestartAsync(daemon, stage == 3);

        var contents = await daemon.SnapshotAsync();

        contents[Ns]
            .ShouldBe(
                new SortedDictionary<int, string>
                {
                    [1] = "one, later",
                    [3] = "three",
                    [4] = "four, later",
                }
            );
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ranges_that_come_in_any_order_make_one_collection(bool restarted)
    {
        await using var daemon = await DaemonFixture.StartAsync();
        var source = daemon.Source;
        source.Lists(Ns, Orders);
        await source.BeginAsync("s1", At(100), ranges: 4);
        await source.CopyRangeAsync(Orders, 2, Document(20, "a"), Document(21, "b"));
        await source.DoneAsync(Orders, 2);
        await source.CopyRangeAsync(Orders, 0, Document(1, "c"));
        await Task.Delay(600);
        if (restarted)
        {
            await daemon.StopAsync();
            daemon.Start();
        }

        await source.CopyRangeAsync(Orders, 3, Document(30, "d"));
        await source.CopyRangeAsync(Orders, 0, Document(2, "e"), Document(9, "f"));
        await source.DoneAsync(Orders, 0);
        await source.DoneAsync(Orders, 1);
        await Task.Delay(600);
        await source.CopyRangeAsync(Orders, 3, Document(31, "g"));
        await source.DoneAsync(Orders, 3);
        await source.CopiedAsync(At(101));
        await source.ShipAsync(Noop(At(100)), Set1(At(101), Ns, Orders, 21, "later"));
        await daemon.WaitForStateAsync(ReplicaSetState.Tailing);

        var held = (await daemon.SnapshotAsync())[Ns];
        held.Keys.ShouldBe([1, 2, 9, 20, 21, 30, 31]);
        string.Concat(held.Values).ShouldBe("cefalaterdg");
    }

    [Fact]
    public async Task A_range_that_is_copied_afresh_replaces_what_was_built_of_it()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        daemon.Source.Lists(Ns, Orders);
        await daemon.Source.BeginAsync("s1", At(100));
        await daemon.Source.CopyAsync(Orders, Document(1, "one"), Document(2, "two"));
        await Task.Delay(600);
        await daemon.Metadata.Syncs.ResetCollectionAsync("s1", Orders, 0);
        await daemon.Source.CopyAsync(Orders, Document(7, "seven"));
        await daemon.Source.DoneAsync(Orders);
        await daemon.Source.CopiedAsync(At(100));
        await daemon.Source.ShipAsync(Noop(At(100)));
        await daemon.WaitForStateAsync(ReplicaSetState.Tailing);

        (await daemon.SnapshotAsync())[Ns].Keys.ShouldBe([7]);
    }

    [Fact]
    public async Task An_unknown_command_stops_the_head_and_leaves_every_snapshot()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SyncAsync(daemon);
        await daemon.WaitForStateAsync(ReplicaSetState.Tailing);
        await daemon.SnapshotAsync();
        var before = await daemon.Metadata.Snapshots.ListAsync(daemon.Source.Set.Id);

        await daemon.Source.ShipAsync(
            Command(At(110), "shop.$cmd", BsonDocument.Build(w => w.String("inventedCommand"u8, "orders")))
        );

        var set = await daemon.WaitForStateAsync(ReplicaSetState.Stopped);
        set.StopCode.ShouldNotBeNull().ShouldStartWith("BK3");
        set.StopMessage.ShouldNotBeNull().ShouldContain("inventedCommand");
        set.StopHint.ShouldNotBeNullOrEmpty();
        var job = await daemon.QueueSnapshotAsync();
        (await daemon.WaitForJobAsync(job)).State.ShouldBe(JobState.Failed);
        (await daemon.Metadata.Snapshots.ListAsync(daemon.Source.Set.Id)).ShouldBe(before);
        (await daemon.ReadAsync(before[0]))[Ns].Count.ShouldBe(3);
    }

    [Fact]
    public async Task A_stopped_head_goes_on_with_the_next_initial_sync()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SyncAsync(daemon);
        await daemon.Source.ShipAsync(
            Command(At(110), "shop.$cmd", BsonDocument.Build(w => w.String("inventedCommand"u8, "orders")))
        );
        await daemon.WaitForStateAsync(ReplicaSetState.Stopped);

        await daemon.Source.BeginAsync("s2", At(200));
        await daemon.Source.CopyAsync(Orders, Document(5, "five"));
        await daemon.Source.DoneAsync(Orders);
        await daemon.Source.CopiedAsync(At(200));
        await daemon.Source.ShipAsync(Noop(At(200)));
        await daemon.WaitForStateAsync(ReplicaSetState.Tailing);

        (await daemon.SnapshotAsync())[Ns].Keys.ShouldBe([5]);
    }

    [Theory]
    [InlineData("FindReplicaSetAsync")]
    [InlineData("SetStateAsync")]
    public async Task A_stopped_head_outlives_a_catalogue_that_is_away_for_a_while(string call)
    {
        await using var daemon = await DaemonFixture.CreateAsync();
        await daemon.Source.RegisterAsync();
        var catalogue = new AwayFor(call);
        daemon.Start(new DaemonOptions { SpillFolder = daemon.SpillFolder }, catalogue.Of(daemon.Metadata));
        await SyncAsync(daemon);
        await daemon.WaitForStateAsync(ReplicaSetState.Tailing);
        catalogue.Away(calls: 3);
        await daemon.Source.ShipAsync(
            Command(At(110), "shop.$cmd", BsonDocument.Build(w => w.String("inventedCommand"u8, "orders")))
        );
        await daemon.WaitForStateAsync(ReplicaSetState.Stopped);
        await daemon.UntilAsync(() => Task.FromResult(catalogue.Left == 0), () => $"{catalogue.Left} calls are left");

        await daemon.Source.BeginAsync("s2", At(200));
        await daemon.Source.CopyAsync(Orders, Document(5, "five"));
        await daemon.Source.DoneAsync(Orders);
        await daemon.Source.CopiedAsync(At(200));
        await daemon.Source.ShipAsync(Noop(At(200)));
        await daemon.WaitForStateAsync(ReplicaSetState.Tailing);
    }

    [Fact]
    public async Task A_damaged_slice_stops_the_head_loudly()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SyncAsync(daemon);
        await daemon.WaitForStateAsync(ReplicaSetState.Tailing);
        await daemon.StopAsync();
        await daemon.Source.ShipAsync(Insert(At(110), Ns, Orders, Document(8, "eight")));
        await daemon.Objects.PutAsync($"{SliceNames.OplogPrefix("s1")}1", new byte[] { 1, 2, 3 });

        daemon.Start();

        (await daemon.WaitForStateAsync(ReplicaSetState.Stopped)).StopCode.ShouldBe("BK1002");
    }

    [Fact]
    public async Task Slices_of_a_built_sync_are_deleted_and_oplog_slices_stay_for_the_window()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SyncAsync(daemon);
        await daemon.WaitForStateAsync(ReplicaSetState.Tailing);

        var names = new List<string>();
        await foreach (var name in daemon.Objects.ListAsync("sync/"))
        {
            names.Add(name);
        }

        names.ShouldBeEmpty();
        (await daemon.Metadata.OplogSlices.NewestAsync("s1")).ShouldNotBeNull();
    }

    private static async Task SyncAsync(DaemonFixture daemon)
    {
        var source = daemon.Source;
        source.Lists(Ns, Orders);
        await source.BeginAsync("s1", At(100));
        await source.CopyAsync(Orders, Document(1, "one"), Document(2, "two"));
        await source.CopyAsync(Orders, Document(3, "three"));
        await source.DoneAsync(Orders);
        await source.CopiedAsync(At(103));
        await source.ShipAsync(
            Noop(At(100)),
            Set1(At(101), Ns, Orders, 1, "one, later"),
            Delete(At(102), Ns, Orders, 2),
            Insert(At(103), Ns, Orders, Document(4, "four"))
        );
    }

    private static async Task RestartAsync(DaemonFixture daemon, bool now)
    {
        if (now)
        {
            await Task.Delay(400);
            await daemon.StopAsync();
            daemon.Start();
        }
    }
}
