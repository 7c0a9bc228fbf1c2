using System.Net.Sockets;
using Backup.Daemon.Clusters;
using Backup.Daemon.PointInTime;
using Backup.Daemon.Restores;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.MongoQuery.Spilling;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Shouldly;
using Xunit;
using static Backup.Tests.Daemon.StoredSource;

namespace Backup.Tests.Daemon.Serving;

/// <summary>What a served backup promises beside the answers of its query language: which moment it shows, and what it does not let itself in for.</summary>
public sealed class ServeTests
{
    private const string Ns = "shop.orders";
    private static readonly Guid Orders = Guid.NewGuid();
    private static readonly uint Start = (uint)TimeProvider.System.GetUtcNow().AddHours(-2).ToUnixTimeSeconds();

    [Fact]
    public async Task Any_moment_between_snapshots_is_served_as_it_was()
    {
        await using var daemon = await SyncedAsync(Document(1, "one"), Document(2, "two"));
        await daemon.SnapshotAsync();
        await daemon.Source.ShipAsync(
            Insert(At(10), Ns, Orders, Document(3, "three")),
            Set1(At(20), Ns, Orders, 1, "changed"),
            Delete(At(30), Ns, Orders, 2),
            Noop(At(40))
        );
        string[] one = ["""{"_id":1,"text":"one"}"""];
        string[] two = ["""{"_id":2,"text":"two"}"""];
        string[] three = ["""{"_id":3,"text":"three"}"""];
        string[] changed = ["""{"_id":1,"text":"changed"}"""];
        foreach (
            var (second, expected) in new (uint, List<string>)[]
            {
                (9, [.. one, .. two]),
                (10, [.. one, .. two, .. three]),
                (29, [.. changed, .. two, .. three]),
                (30, [.. changed, .. three]),
            }
        )
        {
            await using var served = await ServedScene.StartAsync(
                await daemon.OpenRestoreAsync(RestorePoint.UpTo(At(second)))
            );
            (await served.ListAsync("""{"find":"orders"}""")).ShouldBe(expected, $"at {second}");
            (await served.ListAsync("""{"find":"orders","sort":{"_id":-1},"batchSize":1}""")).ShouldBe(
                Enumerable.Reverse(expected),
                $"at {second}"
            );
            (await served.ListAsync("""{"find":"orders","filter":{"_id":{"$in":[3,2,7]}}}""")).ShouldBe(
                expected.Where(static text => !text.StartsWith("""{"_id":1""", StringComparison.Ordinal)),
                $"at {second}"
            );
            (await served.ListAsync("""{"find":"orders","filter":{"_id":1}}""")).ShouldBe([expected[0]]);
            (await served.AskAsync("""{"count":"orders"}""")).View["n"u8].AsInt32.ShouldBe(expected.Count);
            (await served.AskAsync("""{"count":"orders","query":{"_id":2}}"""))
                .View["n"u8]
                .AsInt32.ShouldBe(second < 30 ? 1 : 0);
        }

        Directory.EnumerateFileSystemEntries(Path.Combine(daemon.SpillFolder, "restores")).ShouldBeEmpty();
        (await daemon.Metadata.Holds.ListAsync(daemon.Source.Set.Id)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Of_a_whole_cluster_each_document_is_served_once_in_the_middle_of_a_migration_too()
    {
        await using var scene = await ClusterScene.StartAsync();
        for (var id = 0; id < 10; id++)
        {
            await scene["s1"]
                .ShipAsync(
                    Insert(
                        ClusterScene.At(20, (uint)id + 1),
                        ClusterScene.Orders,
                        ClusterScene.OrdersId,
                        Document(id, "x")
                    )
                );
        }

        foreach (var set in new[] { "config", "s0", "s1" })
        {
            await scene[set].ShipAsync(Noop(ClusterScene.At(60)));
        }

        foreach (var at in new[] { ClusterScene.At(6), ClusterScene.At(20, 5), ClusterScene.At(30) })
        {
            var restore = await scene
                .Restores()
                .OpenMergedAsync(scene.Cluster, new ClusterPoint(null, RestorePoint.UpTo(at)), RestoreFormat.Archive);
            await using var served = await ServedScene.StartAsync(restore);
            var whole = Enumerable.Range(0, 20).Select(static id => $$"""{"_id":{{id}},"text":"x"}""").ToList();
            (await served.ListAsync("""{"find":"orders","sort":{"_id":1},"batchSize":7}""")).ShouldBe(whole, $"{at}");
            (await served.ListAsync("""{"find":"orders"}""")).Order().ShouldBe(whole.Order(), $"{at}");
            (await served.ListAsync("""{"find":"orders","filter":{"_id":15}}""")).ShouldBe([whole[15]], $"{at}");
            (await served.AskAsync("""{"count":"orders"}""")).View["n"u8].AsInt32.ShouldBe(20, $"{at}");
            (await served.AskAsync("""{"distinct":"orders","key":"text"}"""))
                .View["values"u8]
                .AsDocument.First.AsString.ShouldBe("x");
        }
    }

    [Fact]
    public async Task More_connections_than_it_takes_are_closed_and_those_that_are_open_go_on()
    {
        await using var daemon = await SnapshotAsync(Document(1, "one"));
        await using var served = await ServedAsync(daemon, static options => options with { MaxConnections = 4 });
        await served.AskAsync("""{"ping":1}""");
        var held = new List<Socket>();
        while (served.Endpoint.Connections < 4)
        {
            held.Add(await ConnectAsync(served));
            await Task.Delay(10);
        }

        using (var tooMany = await ConnectAsync(served))
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            var read = 0;
            try
            {
                read = await tooMany.ReceiveAsync(new byte[1], limit.Token);
            }
            catch (SocketException)
            {
                // A reset says the same.
            }

            read.ShouldBe(0, "it is closed");
        }

        (await served.ListAsync("""{"find":"orders"}""")).Count.ShouldBe(1);
        held.ForEach(static socket => socket.Dispose());
        await daemon.UntilAsync(
            () => Task.FromResult(served.Endpoint.Connections < 4),
            () => $"{served.Endpoint.Connections} connections"
        );
        await using var other = served.NewClient();
        using var reply = await other.RunCommandAsync(
            "admin",
            ExtendedJson.Parse("""{"ping":1}"""),
            ReadTarget.Primary,
            CancellationToken.None
        );
    }

    [Fact]
    public async Task A_request_that_is_too_large_ends_its_connection_alone()
    {
        await using var daemon = await SnapshotAsync(Document(1, "one"));
        await using var served = await ServedAsync(daemon);
        var fits = $$"""{"find":"orders","filter":{"text":"{{new string('x', 3 << 20)}}"} }""";
        (await served.ListAsync(fits)).ShouldBeEmpty();
        await using (var greedy = served.NewClient())
        {
            var large = ExtendedJson.Parse($$"""{"find":"orders","filter":{"text":"{{new string('x', 5 << 20)}}"} }""");
            (
                await Should.ThrowAsync<BackupException>(() =>
                    greedy.RunCommandAsync("shop", large, ReadTarget.Primary, CancellationToken.None)
                )
            ).ShouldNotBeOfType<CommandException>();
        }

        (await served.ListAsync("""{"find":"orders"}""")).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Open_cursors_are_counted_those_that_hold_documents_more_strictly()
    {
        await using var daemon = await SnapshotAsync([.. Enumerable.Range(0, 20).Select(id => Document(id, "x"))]);
        await using var served = await ServedAsync(
            daemon,
            static options => options with { MaxCursors = 3, MaxHoldingCursors = 1 }
        );
        const string plain = """{"find":"orders","batchSize":2}""";
        const string sorted = """{"find":"orders","sort":{"text":1},"batchSize":2}""";
        const string whole = """{"find":"orders","sort":{"text":1},"batchSize":30}""";

        var first = await served.OpenCursorAsync(sorted);
        (await served.CodeOfAsync(sorted)).ShouldBe(202);
        (await served.CodeOfAsync(whole)).ShouldBe(0, "it needs no cursor");
        await served.OpenCursorAsync(plain);
        await served.OpenCursorAsync(plain);
        (await served.CodeOfAsync(plain)).ShouldBe(202);
        (await served.CodeOfAsync("""{"find":"orders","filter":{"_id":3}}""")).ShouldBe(0);

        var killed = await served.AskAsync(
            $$"""{"killCursors":"orders","cursors":[{"$numberLong":"{{first}}"},{"$numberLong":"77"}]}"""
        );
        killed.View["cursorsKilled"u8].AsDocument.First.AsInt64.ShouldBe(first);
        killed.View["cursorsNotFound"u8].AsDocument.First.AsInt64.ShouldBe(77);
        (await served.OpenCursorAsync(sorted)).ShouldNotBe(0);
    }

    [Fact]
    public async Task A_cursor_that_nobody_reads_is_closed_and_one_that_is_read_stays()
    {
        await using var daemon = await SnapshotAsync([.. Enumerable.Range(0, 20).Select(id => Document(id, "x"))]);
        await using var served = await ServedAsync(daemon, static options => options with { MaxCursors = 2 });
        const string find = """{"find":"orders","batchSize":2}""";
        var (idle, read) = (await served.OpenCursorAsync(find), await served.OpenCursorAsync(find));
        for (var minutes = 0; minutes < 15; minutes += 5)
        {
            served.Clock.Advance(TimeSpan.FromMinutes(5));
            (await served.CodeOfAsync(More(read))).ShouldBe(0);
        }

        (await served.CodeOfAsync(More(idle))).ShouldBe(43, "it is gone");
        (await served.OpenCursorAsync(find)).ShouldNotBe(0, "it counts no more");
        (await served.CodeOfAsync(More(read, "others"))).ShouldBe(13, "it is a cursor of another collection");
        served.Clock.Advance(TimeSpan.FromMinutes(11));
        (await served.CodeOfAsync(More(read))).ShouldBe(43);

        static string More(long id, string collection = "orders") =>
            $$"""{"getMore":{"$numberLong":"{{id}}"},"collection":"{{collection}}","batchSize":1}""";
    }

    [Fact]
    public async Task A_query_ends_when_the_time_that_the_client_gives_is_over()
    {
        await using var daemon = await SnapshotAsync([
            .. Enumerable.Range(0, 10_000).Select(id => Document(id, new string('a', 1000))),
        ]);
        await using var served = await ServedAsync(daemon);
        const string slow = """
            {"find":"orders","filter":{"$expr":{"$eq":["x",{"$toUpper":{"$concat":["$text","$text","$text"]}}]}},"maxTimeMS":5}
            """;
        (await served.CodeOfAsync(slow)).ShouldBe(50);
        (await served.CodeOfAsync("""{"count":"orders","maxTimeMS":60000}""")).ShouldBe(0);
        (await served.CodeOfAsync("""{"find":"orders","maxTimeMS":-1}""")).ShouldBe(14);
    }

    /// <summary>The codes are those of a server of 4.2, asked for the same.</summary>
    [Fact]
    public async Task What_would_hold_too_much_is_refused_with_the_servers_own_code()
    {
        await using var daemon = await SnapshotAsync([
            .. Enumerable.Range(0, 40).Select(id => Document(id, $"{id:d5}{new string('x', 50_000)}")),
        ]);
        await using var served = await ServedAsync(daemon, static options => options with { MemoryBytes = 1 << 20 });
        (await served.CodeOfAsync("""{"find":"orders","sort":{"text":1}}""")).ShouldBe(96);
        (await CodeOfStageAsync("""{"$sort":{"text":1}}""")).ShouldBe(16819);
        (await CodeOfStageAsync("""{"$group":{"_id":"$text"}}""")).ShouldBe(16945);
        (await CodeOfStageAsync("""{"$sortByCount":"$text"}""")).ShouldBe(16945);
        (await CodeOfStageAsync("""{"$group":{"_id":null,"all":{"$push":"$text"}}}""")).ShouldBe(146);
        (await CodeOfStageAsync("""{"$group":{"_id":null,"all":{"$addToSet":"$text"}}}""")).ShouldBe(146);
        (await CodeOfStageAsync("""{"$sample":{"size":39}}""")).ShouldBe(16820);

        // What holds less is answered: by _id, the first few, counts.
        (await served.ListAsync("""{"find":"orders","sort":{"_id":1},"projection":{"_id":1}}""")).Count.ShouldBe(40);
        (await served.ListAsync("""{"find":"orders","sort":{"text":-1},"limit":3,"projection":{"_id":1}}""")).ShouldBe([
            """{"_id":39}""",
            """{"_id":38}""",
            """{"_id":37}""",
        ]);
        (await CodeOfStageAsync("""{"$group":{"_id":{"$size":[["x"]]},"n":{"$sum":1}}}""")).ShouldBe(0);
        (await CodeOfStageAsync("""{"$sample":{"size":5}}""")).ShouldBe(0);

        Task<int> CodeOfStageAsync(string stage) =>
            served.CodeOfAsync($$"""{"aggregate":"orders","pipeline":[{{stage}}],"cursor":{ } }""");
    }

    [Fact]
    public async Task With_the_disk_allowed_sorts_and_groups_beyond_memory_are_answered_and_leave_nothing()
    {
        await using var daemon = await SnapshotAsync([
            .. Enumerable.Range(0, 200).Select(id => Document(id, $"{id * 7919 % 200:d5}{new string('x', 50_000)}")),
        ]);
        var folder = Path.Combine(daemon.SpillFolder, "queries");
        var space = new SpillSpace(folder, 40 << 20);
        await using var served = await ServedAsync(
            daemon,
            static options => options with { MemoryBytes = 1 << 20 },
            space
        );
        const string find =
            """{"find":"orders","sort":{"text":1},"projection":{"_id":1},"batchSize":3,"allowDiskUse":true}""";
        var expected = Enumerable
            .Range(0, 200)
            .OrderBy(static id => id * 7919 % 200)
            .Select(static id => $$"""{"_id":{{id}}}""")
            .ToList();
        (await served.ListAsync(find)).ShouldBe(expected);
        (await served.ListAsync(Staged("""{"$sort":{"text":1}},{"$project":{"_id":1}}"""))).ShouldBe(expected);
        (
            await served.ListAsync(
                Staged("""{"$group":{"_id":"$text","n":{"$sum":"$_id"}}},{"$project":{"_id":0,"n":1}}""")
            )
        ).ShouldBe([.. expected.Select(static text => text.Replace("_id", "n", StringComparison.Ordinal))]);
        space.UsedBytes.ShouldBe(0);

        // What is not read to its end goes with its cursor; the files have no names at any time.
        var cursor = await served.OpenCursorAsync(find);
        space.UsedBytes.ShouldBeGreaterThan(5 << 20);
        Directory.EnumerateFileSystemEntries(folder).ShouldBeEmpty();
        await served.AskAsync($$"""{"killCursors":"orders","cursors":[{"$numberLong":"{{cursor}}"}]}""");
        space.UsedBytes.ShouldBe(0);

        (await served.CodeOfAsync("""{"find":"orders","sort":{"text":1}}""")).ShouldBe(96, "it was not allowed");
        (await served.CodeOfAsync(Staged("""{"$group":{"_id":null,"all":{"$push":"$text"}}}"""))).ShouldBe(
            146,
            "a document could not hold it"
        );
        await using var tight = await ServedAsync(
            daemon,
            static options => options with { MemoryBytes = 1 << 20 },
            new SpillSpace(folder, 3 << 20)
        );
        (await tight.CodeOfAsync(find)).ShouldBe(14031);
        (await tight.ListAsync("""{"find":"orders","filter":{"_id":7},"projection":{"_id":1}}""")).Count.ShouldBe(1);

        static string Staged(string stages) =>
            $$"""{"aggregate":"orders","pipeline":[{{stages}}],"cursor":{ },"allowDiskUse":true}""";
    }

    internal static async Task<DaemonFixture> SnapshotAsync(params BsonDocument[] documents)
    {
        var daemon = await SyncedAsync(documents);
        await daemon.TakeSnapshotAsync();
        return daemon;
    }

    internal static async Task<ServedScene> ServedAsync(
        DaemonFixture daemon,
        Func<Backup.Daemon.Serving.ServeOptions, Backup.Daemon.Serving.ServeOptions>? change = null,
        SpillSpace? spill = null
    )
    {
        var snapshot = (await daemon.Metadata.Snapshots.ListAsync(daemon.Source.Set.Id))[0];
        var restore = await new RestoreService(daemon.RestoreServices()).OpenAsync(snapshot, RestoreFormat.Archive);
        return await ServedScene.StartAsync(restore, change, spill);
    }

    private static Optime At(uint seconds) => new(Start + seconds, 1, 1);

    private static async Task<DaemonFixture> SyncedAsync(params BsonDocument[] documents)
    {
        var daemon = await DaemonFixture.StartAsync();
        daemon.Source.Lists(Ns, Orders);
        await daemon.Source.BeginAsync("sync", At(0));
        await daemon.Source.CopyAsync(Orders, documents);
        await daemon.Source.DoneAsync(Orders);
        await daemon.Source.CopiedAsync(At(5));
        await daemon.Source.ShipAsync(Noop(At(0)), Noop(At(5)));
        return daemon;
    }

    private static async Task<Socket> ConnectAsync(ServedScene served)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(served.Endpoint.EndPoint);
        return socket;
    }
}
