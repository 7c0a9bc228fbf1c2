using Backup.Daemon;
using Backup.Daemon.PointInTime;
using Backup.Daemon.Restores;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Shouldly;
using Xunit;
using static Backup.Tests.Daemon.StoredSource;

namespace Backup.Tests.Daemon;

/// <summary>Moments between snapshots, over stored slices; the judge is a plain dictionary that every operation is done to at once.</summary>
public sealed class PointInTimeTests
{
    private const string Ns = "shop.orders";
    private const string Other = "shop.others";
    private static readonly Guid Orders = new("11111111-1111-4111-8111-111111111111");
    private static readonly Guid Others = new("22222222-2222-4222-8222-222222222222");
    private static readonly uint Start = (uint)TimeProvider.System.GetUtcNow().AddHours(-2).ToUnixTimeSeconds();

    private static Optime At(uint seconds, uint ordinal = 1) => new(Start + seconds, ordinal, 1);

    [Theory]
    [InlineData(1, 1 << 20)]
    [InlineData(2, 1)]
    [InlineData(3, 1)]
    [InlineData(4, 20_000)]
    public async Task Any_moment_is_what_a_plain_replay_from_nothing_comes_to(int seed, long memory)
    {
        var random = new Random(seed);
        await using var daemon = await DaemonFixture.StartAsync();
        var model = new Model(random);
        await SyncAsync(daemon);
        var moments = new List<(Optime At, Dictionary<string, SortedDictionary<int, string>> Contents)>();
        uint second = 10;
        for (var slice = 0; slice < 40; slice++)
        {
            var entries = new List<BsonDocument>();
            for (var n = random.Next(1, 60); n > 0; n--)
            {
                var at = random.Next(3) == 0 ? At(second += 2) : At(second, (uint)n + 100);
                at = moments.Count > 0 && at <= moments[^1].At ? At(second += 2) : at;
                entries.Add(model.Step(at));
                moments.Add((at, model.Copy()));
            }

            await daemon.Source.ShipAsync([.. entries]);
            if (slice is 7 or 23)
            {
                await daemon.WaitForOptimeAsync(moments[^1].At);
                await daemon.SnapshotAsync();
            }
        }

        var first = (await daemon.Metadata.Snapshots.ListAsync(daemon.Source.Set.Id))[^1].Optime;
        var blocks = daemon.Blocks.Statistics.Blocks;
        var restorable = moments.FindAll(one => one.At >= first).ToArray();
        random.Shuffle(restorable);
        foreach (var moment in restorable.Take(12))
        {
            var (contents, result) = await daemon.RestoreAsync(RestorePoint.UpTo(moment.At), memory);
            ShouldBe(contents, moment.Contents, $"at {moment.At}");
            result.Optime.ShouldBe(moment.At);
        }

        daemon.Blocks.Statistics.Blocks.ShouldBe(blocks, "a restore writes nothing into the store");
        Directory.EnumerateFileSystemEntries(Path.Combine(daemon.SpillFolder, "restores")).ShouldBeEmpty();
        (await daemon.Metadata.Holds.ListAsync(daemon.Source.Set.Id)).ShouldBeEmpty();
    }

    /// <summary>Not in the system's temporary folder, which may be memory: what a capped collection of any size takes belongs on the disk that was given for it.</summary>
    [Fact]
    public async Task Capped_collections_are_sorted_in_the_spill_folder()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SyncAsync(daemon);
        var snapshot = await daemon.TakeSnapshotAsync();
        await daemon.Source.ShipAsync(Insert(At(20, 1), Ns, Orders, Document(20, "a")), Noop(At(30)));
        var set = await daemon.Metadata.Deployments.FindReplicaSetAsync(daemon.Source.Set.Id);
        var opener = new SourceOpener(daemon.RestoreServices());

        await using var plain = await opener.OpenAsync(snapshot, CancellationToken.None);
        await using var moment = await opener.OpenAsync(
            set!,
            RestorePoint.UpTo(At(20, 1)),
            null,
            CancellationToken.None
        );

        plain.Reader.Sorting.Folder.ShouldStartWith(Path.Combine(daemon.SpillFolder, "restores"));
        moment.Reader.Sorting.Folder.ShouldBe(plain.Reader.Sorting.Folder, "it is emptied when the daemon starts");
    }

    [Fact]
    public async Task A_second_is_meant_as_before_it_and_an_optime_as_up_to_and_including_it()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SyncAsync(daemon);
        await daemon.SnapshotAsync();
        await daemon.Source.ShipAsync(
            Insert(At(20, 1), Ns, Orders, Document(20, "a")),
            Insert(At(20, 2), Ns, Orders, Document(21, "b")),
            Insert(At(21, 1), Ns, Orders, Document(22, "c")),
            Noop(At(30))
        );

        async Task<IEnumerable<int>> Ids(RestorePoint point) =>
            (await daemon.RestoreAsync(point)).Contents[Ns].Keys.Where(id => id >= 20);

        (await Ids(RestorePoint.UpTo(At(20, 1)))).ShouldBe([20]);
        (await Ids(RestorePoint.UpTo(At(20, 2)))).ShouldBe([20, 21]);
        (await Ids(RestorePoint.UpTo(At(20, 99)))).ShouldBe([20, 21], "no entry need be there");
        (await Ids(RestorePoint.Before(At(20).WallClock))).ShouldBe([]);
        (await Ids(RestorePoint.Before(At(21).WallClock))).ShouldBe([20, 21]);
        (await Ids(RestorePoint.Before(At(21).WallClock.AddMilliseconds(999)))).ShouldBe([20, 21]);
        (await Ids(RestorePoint.Before(At(22).WallClock))).ShouldBe([20, 21, 22]);
        (await Ids(RestorePoint.Before(At(30).WallClock))).ShouldBe([20, 21, 22]);
        await ShouldRefuseAsync(daemon, DaemonErrors.MomentNotStored, RestorePoint.Before(At(31).WallClock));
        (await daemon.RestoreAsync(RestorePoint.Before(At(30).WallClock))).Result.Optime.ShouldBe(At(21, 1));
    }

    [Theory]
    [InlineData(RestoreFormat.Archive, false)]
    [InlineData(RestoreFormat.Directory, true)]
    [InlineData(RestoreFormat.Ndjson, true)]
    public async Task A_moment_is_the_same_bytes_whatever_it_is_put_together_from(RestoreFormat format, bool gzip)
    {
        await using var daemon = await DaemonFixture.StartAsync();
        var model = new Model(new Random(9));
        await SyncAsync(daemon);
        await daemon.SnapshotAsync();
        var moment = At(10);
        for (uint slice = 0; slice < 6; slice++)
        {
            await daemon.Source.ShipAsync([
                .. Enumerable.Range(0, 40).Select(n => model.Step(moment = At(10 + slice, (uint)n + 1))),
            ]);
        }

        await daemon.WaitForOptimeAsync(moment);
        var replayed = await BytesAsync(memory: 1 << 20);
        (await BytesAsync(memory: 1)).Bytes.ShouldBe(replayed.Bytes, "spilled again and again");
        await daemon.SnapshotAsync();
        var stored = await BytesAsync(memory: 1 << 20);
        stored.Identity.ShouldBe(replayed.Identity);
        stored.Bytes.ShouldBe(replayed.Bytes, "from a snapshot of that very moment, without a replay");

        async Task<(string Identity, byte[] Bytes)> BytesAsync(long memory)
        {
            await using var restore = await daemon.OpenRestoreAsync(RestorePoint.UpTo(moment), memory, format);
            using var bytes = new MemoryStream();
            await restore.WriteAsync(bytes, gzip);
            return (restore.Identity, bytes.ToArray());
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_prepared_transaction_belongs_to_a_moment_exactly_if_it_was_committed_by_then(bool preparedFirst)
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SyncAsync(daemon);
        BsonDocument[] prepared =
        [
            Prepare(At(20), 1, Ns, Orders, Document(31, "committed in time")),
            Prepare(At(21), 2, Ns, Orders, Document(32, "committed later")),
            Prepare(At(22), 3, Ns, Orders, Document(33, "aborted")),
        ];
        if (preparedFirst)
        {
            // The base is taken while they are open: it must be read from where the first of them begins.
            await daemon.Source.ShipAsync(prepared);
            await daemon.WaitForOptimeAsync(At(22));
            await daemon.SnapshotAsync();
        }
        else
        {
            await daemon.SnapshotAsync();
            await daemon.Source.ShipAsync(prepared);
        }

        await daemon.Source.ShipAsync(
            Insert(At(25), Ns, Orders, Document(34, "an insert")),
            Insert(At(26), Ns, Orders, Document(35, "another"))
        );
        var undecided = await ShouldRefuseAsync(daemon, DaemonErrors.TransactionUndecided, RestorePoint.UpTo(At(25)));
        undecided.IsTransient.ShouldBeTrue();

        await daemon.Source.ShipAsync(Commit(At(40), 1, At(20), At(24)), Insert(At(41), Ns, Orders, Document(36, "d")));
        await ShouldRefuseAsync(daemon, DaemonErrors.TransactionUndecided, RestorePoint.UpTo(At(25)));
        await daemon.Source.ShipAsync(Commit(At(42), 2, At(21), At(26)), Abort(At(43), 3, At(22)), Noop(At(50)));

        async Task<IEnumerable<int>> Ids(RestorePoint point) =>
            (await daemon.RestoreAsync(point)).Contents[Ns].Keys.Where(id => id >= 30);

        (await Ids(RestorePoint.UpTo(At(23)))).ShouldBe([]);
        (await Ids(RestorePoint.UpTo(At(24)))).ShouldBe([31]);
        (await Ids(RestorePoint.UpTo(At(25)))).ShouldBe([31, 34]);
        (await Ids(RestorePoint.UpTo(At(26)))).ShouldBe([31, 32, 34, 35]);
        (await Ids(RestorePoint.Before(At(26).WallClock))).ShouldBe([31, 34]);
        (await Ids(RestorePoint.UpTo(At(50)))).ShouldBe([31, 32, 34, 35, 36]);
    }

    [Fact]
    public async Task A_snapshot_taken_before_a_decision_is_completed_by_it_and_says_what_it_lacks_until_then()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SyncAsync(daemon);
        await daemon.StopAsync();
        daemon.Start(decisionPatience: TimeSpan.Zero);
        await daemon.Source.ShipAsync(
            Prepare(At(20), 1, Ns, Orders, Document(31, "committed in time")),
            Prepare(At(21), 2, Ns, Orders, Document(32, "committed later")),
            Insert(At(25), Ns, Orders, Document(34, "an insert"))
        );
        await daemon.WaitForOptimeAsync(At(25));
        await daemon.SnapshotAsync();

        var open = await daemon.RestoreNewestSnapshotAsync();
        open.Contents[Ns].Keys.Where(id => id >= 30).ShouldBe([34]);
        open.Result.Undecided.Select(at => at with { Term = 1 }).ShouldBe([At(20), At(21)]);

        await daemon.Source.ShipAsync(
            Commit(At(40), 1, At(20), At(24)),
            Commit(At(41), 2, At(21), At(30)),
            Insert(At(42), Ns, Orders, Document(36, "later"))
        );
        await daemon.WaitForOptimeAsync(At(42));
        var complete = await daemon.RestoreNewestSnapshotAsync();
        complete.Contents[Ns].Keys.Where(id => id >= 30).ShouldBe([31, 34]);
        complete.Result.Undecided.ShouldBeEmpty();
        complete.Result.Optime.ShouldBe(At(25));
        (await daemon.Metadata.Holds.ListAsync(daemon.Source.Set.Id)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_transaction_that_begins_in_an_earlier_slice_than_it_is_prepared_in_belongs_to_the_moment_all_the_same()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SyncAsync(daemon);
        await daemon.StopAsync();
        daemon.Start(decisionPatience: TimeSpan.Zero);
        await daemon.Source.ShipAsync(Begin(At(20), 1, Ns, Orders, Document(31, "its first part")));
        await daemon.Source.ShipAsync(
            Prepare(At(21), 1, Ns, Orders, Document(32, "its second part"), previous: At(20)),
            Insert(At(25), Ns, Orders, Document(34, "an insert"))
        );
        await daemon.WaitForOptimeAsync(At(25));
        // The base stands at the moment itself, before the decision.
        await daemon.SnapshotAsync();
        await daemon.Source.ShipAsync(Commit(At(40), 1, At(21), At(24)), Noop(At(42)));
        await daemon.WaitForOptimeAsync(At(42));

        var snapshot = await daemon.RestoreNewestSnapshotAsync();
        snapshot.Contents[Ns].Keys.Where(id => id >= 30).ShouldBe([31, 32, 34]);
        snapshot.Result.Undecided.ShouldBeEmpty();
        var moment = await daemon.RestoreAsync(RestorePoint.UpTo(At(25)));
        moment.Contents[Ns].Keys.Where(id => id >= 30).ShouldBe([31, 32, 34]);
    }

    [Fact]
    public async Task Before_there_is_a_snapshot_nothing_can_be_restored()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        (await daemon.TimelineAsync()).Ranges.ShouldBeEmpty();
        await ShouldRefuseAsync(daemon, DaemonErrors.NothingToRestore, RestorePoint.UpTo(At(1)));
    }

    [Fact]
    public async Task Moments_outside_are_refused_with_the_cause_and_the_nearest_ones()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SyncAsync(daemon);
        await daemon.SnapshotAsync();
        var first = (await daemon.Metadata.Snapshots.ListAsync(daemon.Source.Set.Id))[^1].Optime;
        await daemon.Source.ShipAsync(Noop(At(50)));
        await daemon.WaitForOptimeAsync(At(50));

        var old = await ShouldRefuseAsync(daemon, DaemonErrors.MomentTooOld, RestorePoint.UpTo(At(1)));
        old.Hint.ShouldContain($"{first} ");
        var late = await ShouldRefuseAsync(daemon, DaemonErrors.MomentNotStored, RestorePoint.UpTo(At(51)));
        late.Hint.ShouldContain($"{At(50)} ");
        late.IsTransient.ShouldBeTrue();
        var future = await ShouldRefuseAsync(
            daemon,
            DaemonErrors.MomentNotStored,
            RestorePoint.Before(TimeProvider.System.GetUtcNow().AddDays(1))
        );
        future.Message.ShouldContain("future");
        future.IsTransient.ShouldBeFalse();
        (await daemon.TimelineAsync()).Ranges.ShouldHaveSingleItem().ShouldBe(new RestorableRange("s1", first, At(50)));
        (await daemon.TimelineAsync()).Gaps.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_resync_leaves_a_gap_between_two_ranges()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SyncAsync(daemon);
        await daemon.SnapshotAsync();
        await daemon.Source.ShipAsync(Insert(At(50), Ns, Orders, Document(50, "the last of the old copy")));
        await daemon.WaitForOptimeAsync(At(50));
        await daemon.Metadata.Syncs.AbandonAsync("s1");
        var open = (await daemon.TimelineAsync()).Gaps.ShouldHaveSingleItem();
        (open.From, open.To, open.Kind).ShouldBe((At(50), null, HoleKind.Resync));

        await daemon.Source.BeginAsync("s2", At(200));
        await daemon.Source.CopyAsync(Orders, Document(5, "five"));
        await daemon.Source.DoneAsync(Orders);
        await daemon.Source.DoneAsync(Others);
        await daemon.Source.CopiedAsync(At(200));
        await daemon.Source.ShipAsync(Noop(At(200)), Noop(At(210)));
        await daemon.WaitForStateAsync(ReplicaSetState.Tailing);
        await daemon.SnapshotAsync();

        var timeline = await daemon.TimelineAsync();
        timeline.Ranges.Select(range => range.SyncId).ShouldBe(["s1", "s2"]);
        var gap = timeline.Gaps.ShouldHaveSingleItem();
        (gap.From, gap.To, gap.Kind).ShouldBe((At(50), timeline.Ranges[1].From, HoleKind.Resync));
        var refused = await ShouldRefuseAsync(daemon, DaemonErrors.MomentInGap, RestorePoint.UpTo(At(100)));
        refused.Message.ShouldContain(gap.Cause);
        refused.Hint.ShouldContain($"{At(50)} ");
        refused.Hint.ShouldContain($"{gap.To} ");
        (await daemon.RestoreAsync(RestorePoint.UpTo(At(50)))).Contents[Ns].Keys.ShouldContain(50);
        (await daemon.RestoreAsync(RestorePoint.UpTo(gap.To!.Value))).Contents[Ns].Keys.ShouldBe([5]);
    }

    [Fact]
    public async Task An_entry_that_stops_the_head_ends_the_range_until_the_head_goes_on()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SyncAsync(daemon);
        await daemon.SnapshotAsync();
        var set = daemon.Source.Set.Id;
        await daemon.Source.ShipAsync(
            Noop(At(50)),
            Command(At(51), "shop.$cmd", BsonDocument.Build(w => w.String("inventedCommand"u8, "orders"))),
            Noop(At(60))
        );
        await daemon.WaitForStateAsync(ReplicaSetState.Stopped);

        var gap = (await daemon.TimelineAsync()).Gaps.ShouldHaveSingleItem();
        (gap.From, gap.To, gap.Kind, gap.Code).ShouldBe(
            (At(50) with { Term = -1 }, null, HoleKind.HeadStopped, "BK3002")
        );
        (await daemon.TimelineAsync()).Ranges[0].To.Timestamp.ShouldBe(At(50).Timestamp);
        var refused = await ShouldRefuseAsync(daemon, DaemonErrors.MomentInGap, RestorePoint.UpTo(At(55)));
        refused.Message.ShouldContain("inventedCommand");
        await daemon.RestoreAsync(RestorePoint.UpTo(At(50)));

        // As if a release that knows the command had passed it.
        await daemon.StopAsync();
        var head = (await daemon.Metadata.Heads.FindAsync(set))!;
        await daemon.Metadata.Heads.SetAsync(head with { Optime = At(51), ReplayFrom = At(51) });
        daemon.Start();
        await daemon.WaitForOptimeAsync(At(60));
        await daemon.WaitForStateAsync(ReplicaSetState.Tailing);
        (await daemon.Metadata.OplogSlices.HolesAsync(set)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_collection_that_cannot_be_followed_is_a_gap_of_itself_and_is_named_by_a_restore()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SyncAsync(daemon);
        await daemon.SnapshotAsync();
        await daemon.Source.ShipAsync(
            Insert(At(50), Ns, Orders, Document(50, "still there")),
            Insert(At(51), Other, Others, BsonDocument.Build(w => w.String("text"u8, "without an _id"))),
            Insert(At(52), Ns, Orders, Document(52, "goes on"))
        );
        await daemon.WaitForOptimeAsync(At(52));
        await daemon.SnapshotAsync();

        var gap = (await daemon.TimelineAsync()).Gaps.ShouldHaveSingleItem();
        (gap.Kind, gap.Namespace, gap.To).ShouldBe((HoleKind.CollectionLost, Other, null));
        gap.From.ShouldBeLessThan(At(51));
        var (contents, result) = await daemon.RestoreAsync(RestorePoint.UpTo(At(52)));
        contents[Ns].Keys.ShouldContain(52);
        result.Excluded.ShouldHaveSingleItem().Namespace.ShouldBe(Other);
        (await daemon.RestoreAsync(RestorePoint.UpTo(At(50)))).Result.Excluded.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_restore_that_is_killed_leaves_nothing_behind_after_the_next_start()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SyncAsync(daemon);
        await daemon.SnapshotAsync();
        await daemon.Source.ShipAsync(Insert(At(50), Ns, Orders, Document(50, new string('x', 5000))));
        await daemon.Source.ShipAsync(Noop(At(51)));
        await daemon.WaitForOptimeAsync(At(51));
        var restores = Path.Combine(daemon.SpillFolder, "restores");
        var open = await daemon.OpenRestoreAsync(RestorePoint.UpTo(At(51)), memory: 1);
        Directory.EnumerateFiles(restores, "*", SearchOption.AllDirectories).ShouldNotBeEmpty();

        await daemon.StopAsync();
        daemon.Start();

        Directory.Exists(restores).ShouldBeFalse();
        await open.DisposeAsync();
    }

    [Fact]
    public async Task A_damaged_slice_is_refused_by_its_number_and_nothing_is_left_behind()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await SyncAsync(daemon);
        await daemon.SnapshotAsync();
        await daemon.Source.ShipAsync(Insert(At(50), Ns, Orders, Document(50, "a")));
        await daemon.Source.ShipAsync(Insert(At(51), Ns, Orders, Document(51, "b")));
        await daemon.WaitForOptimeAsync(At(51));
        var slice = (await daemon.Metadata.OplogSlices.NewestAsync("s1"))!;
        await daemon.Objects.PutAsync(slice.ObjectName, new byte[] { 1, 2, 3 });

        await ShouldRefuseAsync(daemon, FoundationErrors.ZstdFailed, RestorePoint.UpTo(At(51)));
        Directory.EnumerateFileSystemEntries(Path.Combine(daemon.SpillFolder, "restores")).ShouldBeEmpty();
        (await daemon.Metadata.Holds.ListAsync(daemon.Source.Set.Id)).ShouldBeEmpty();
        await daemon.RestoreAsync(RestorePoint.UpTo(At(50)));
    }

    internal static async Task<BackupException> ShouldRefuseAsync(DaemonFixture daemon, int number, RestorePoint point)
    {
        var refused = await Should.ThrowAsync<BackupException>(() => daemon.RestoreAsync(point));
        refused.Number.ShouldBe(number, refused.Message);
        return refused;
    }

    private static async Task SyncAsync(DaemonFixture daemon)
    {
        var source = daemon.Source;
        source.Lists(Ns, Orders);
        source.Lists(Other, Others);
        await source.BeginAsync("s1", At(0));
        await source.CopyAsync(Orders, Document(1, "one"), Document(2, "two"));
        await source.DoneAsync(Orders);
        await source.DoneAsync(Others);
        await source.CopiedAsync(At(3));
        await source.ShipAsync(Noop(At(0)), Noop(At(3)));
        await daemon.WaitForStateAsync(ReplicaSetState.Tailing);
    }

    private static void ShouldBe(
        Dictionary<string, SortedDictionary<int, string>> restored,
        Dictionary<string, SortedDictionary<int, string>> expected,
        string when
    )
    {
        foreach (var ns in expected.Keys.Union(restored.Keys))
        {
            restored.GetValueOrDefault(ns, []).ShouldBe(expected.GetValueOrDefault(ns, []), $"{ns} {when}");
        }
    }

    /// <summary>The source: what it logs, and what it then holds.</summary>
    private sealed class Model(Random random)
    {
        private readonly Dictionary<string, SortedDictionary<int, string>> _contents = new()
        {
            [Ns] = new() { [1] = "one", [2] = "two" },
            [Other] = [],
        };

        internal BsonDocument Step(Optime at)
        {
            var (ns, uuid) = random.Next(2) == 0 ? (Ns, Orders) : (Other, Others);
            var documents = _contents[ns];
            var id = random.Next(60);
            var text = new string((char)('a' + random.Next(26)), random.Next(2000));
            if (!documents.ContainsKey(id))
            {
                documents[id] = text;
                return Insert(at, ns, uuid, Document(id, text));
            }

            if (random.Next(3) == 0)
            {
                documents.Remove(id);
                return Delete(at, ns, uuid, id);
            }

            documents[id] = text;
            return Set1(at, ns, uuid, id, text);
        }

        internal Dictionary<string, SortedDictionary<int, string>> Copy() =>
            _contents.ToDictionary(pair => pair.Key, pair => new SortedDictionary<int, string>(pair.Value));
    }
}
