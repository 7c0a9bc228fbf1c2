using System.Text;
using System.Text.Json;
using Backup.Daemon;
using Backup.Daemon.Clusters;
using Backup.Daemon.Jobs;
using Backup.Daemon.PointInTime;
using Backup.Daemon.Restores;
using Backup.Foundation;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Microsoft.Extensions.Logging.Abstractions;

namespace Backup.Tests.Daemon;

/// <summary>
/// A cluster whose sets are stored as their agents would have shipped them: config servers, <c>s0</c> and <c>s1</c>. <c>shop.orders</c> is sharded by
/// <c>_id</c>: below 10 on s0, the rest on s1; s0 also has 10 to 19, which a migration left behind.
/// </summary>
internal sealed class ClusterScene : IAsyncDisposable
{
    internal const string Id = "clus";
    internal const string Orders = "shop.orders";
    internal static readonly Guid OrdersId = new("11111111-1111-4111-8111-111111111111");
    internal static readonly Guid ShardsId = new("22222222-2222-4222-8222-222222222201");
    internal static readonly Guid ChunksId = new("22222222-2222-4222-8222-222222222202");

    private static readonly uint Start = (uint)TimeProvider.System.GetUtcNow().AddHours(-2).ToUnixTimeSeconds();
    private readonly Dictionary<string, StoredSource> _sets = [];

    private ClusterScene(DaemonFixture daemon) => Daemon = daemon;

    internal DaemonFixture Daemon { get; }

    internal Deployment Cluster { get; private set; } = null!;

    internal StoredSource this[string set] => _sets[set];

    internal static Optime At(uint seconds, uint ordinal = 1) => new(Start + seconds, ordinal, 1);

    /// <summary>Config servers, of which nothing is stored yet.</summary>
    internal static async Task<ClusterScene> EmptyAsync()
    {
        var scene = new ClusterScene(await DaemonFixture.StartAsync());
        await scene.FoundAsync("config");
        return scene;
    }

    internal static async Task<ClusterScene> StartAsync()
    {
        var scene = new ClusterScene(await DaemonFixture.StartAsync());
        await scene.FoundAsync("config", "s0", "s1");
        await scene.CopyAsync(
            "config",
            ("config.shards", ShardsId, [Shard("s0"), Shard("s1")]),
            ("config.databases", Guid.NewGuid(), [ExtendedJson.Parse("""{"_id":"shop","primary":"s0"}""")]),
            (
                "config.collections",
                Guid.NewGuid(),
                [ExtendedJson.Parse("""{"_id":"shop.orders","key":{"_id":1},"unique":false}""")]
            ),
            (
                "config.chunks",
                ChunksId,
                [
                    ExtendedJson.Parse(
                        """{"_id":"a","ns":"shop.orders","min":{"_id":{"$minKey":1} },"max":{"_id":10},"shard":"s0"}"""
                    ),
                    ExtendedJson.Parse(
                        """{"_id":"b","ns":"shop.orders","min":{"_id":10},"max":{"_id":{"$maxKey":1} },"shard":"s1"}"""
                    ),
                ]
            )
        );
        await scene.CopyAsync("s0", (Orders, OrdersId, Numbers(0, 20)));
        await scene.CopyAsync("s1", (Orders, OrdersId, Numbers(10, 20)));
        return scene;
    }

    internal static BsonDocument Shard(string name) =>
        ExtendedJson.Parse($$"""{"_id":"{{name}}","host":"{{name}}/h:1"}""");

    /// <summary>An update of one field, of a document by its text <c>_id</c>.</summary>
    internal static BsonDocument Change(Optime at, string ns, Guid uuid, string id, string field, string value) =>
        StoredSource.Entry(
            at,
            "u",
            ns,
            uuid,
            w =>
                w.Document("o2"u8, BsonDocument.Build(o => o.String("_id"u8, id)))
                    .Document("o"u8, ExtendedJson.Parse($$"""{"$v":1,"$set":{"{{field}}":"{{value}}"} }"""))
        );

    internal static BsonDocument Remove(Optime at, string ns, Guid uuid, string id) =>
        StoredSource.Entry(at, "d", ns, uuid, w => w.Document("o"u8, BsonDocument.Build(o => o.String("_id"u8, id))));

    /// <summary>The agent found these sets; those of before that are not among them were removed.</summary>
    internal async Task FoundAsync(params string[] names)
    {
        var now = TimeProvider.System.GetUtcNow();
        var group = await Daemon.Metadata.Access.EnsureGroupAsync("default");
        Cluster = await Daemon.Metadata.Deployments.EnsureAsync(
            new Deployment(Id, group.Id, "clus", DeploymentTypes.ShardedCluster, "mongodb://routers/", now)
        );
        await Daemon.Metadata.Clusters.FoundAsync(
            new ClusterRecord(Id, new string('5', 24), "4.2.4", ["h:1"], BalancerState.On, now),
            [
                .. names.Select(name => new Deployment(
                    $"d-{name}",
                    group.Id,
                    $"clus-{name}",
                    "replicaSet",
                    $"mongodb://{name}/",
                    now
                )
                {
                    Cluster = new ClusterMembership(Id, name),
                }),
            ]
        );
        foreach (var name in names.Where(name => !_sets.ContainsKey(name)))
        {
            var source = new StoredSource(Daemon.Metadata, Daemon.Objects, TimeProvider.System);
            await source.RegisterAsync($"r-{name}", $"d-{name}", name, "5f0000000000000000000001");
            _sets[name] = source;
        }
    }

    /// <summary>The initial sync of a set and a snapshot of it, at 5 s.</summary>
    internal Task CopyAsync(string set, params (string Namespace, Guid Uuid, BsonDocument[] Documents)[] collections) =>
        CopyAsync(set, 1, collections);

    internal async Task CopyAsync(
        string set,
        uint begin,
        params (string Namespace, Guid Uuid, BsonDocument[] Documents)[] collections
    )
    {
        var source = _sets[set];
        foreach (var (ns, uuid, _) in collections)
        {
            source.Lists(ns, uuid);
        }

        await source.BeginAsync($"sync-{set}", At(begin));
        foreach (var (_, uuid, documents) in collections)
        {
            await source.CopyAsync(uuid, documents);
            await source.DoneAsync(uuid);
        }

        await source.CopiedAsync(At(begin + 4));
        await source.ShipAsync(StoredSource.Noop(At(begin)), StoredSource.Noop(At(begin + 4)));
        await SnapshotAsync(set);
    }

    internal async Task SnapshotAsync(string set)
    {
        var job = JobKinds.New(
            JobKinds.Snapshot,
            _sets[set].Set.Id,
            """{"trigger":"test"}""",
            TimeProvider.System.GetUtcNow()
        );
        await Daemon.Metadata.Jobs.AddAsync(job);
        JobRecord? now = null;
        await Daemon.UntilAsync(
            async () =>
            {
                await _sets[set].SeenAsync();
                now = await Daemon.Metadata.Jobs.FindAsync(job.Id);
                return now!.State is not (JobState.Queued or JobState.Running);
            },
            () => $"the snapshot of {set} is {now?.State} {now?.Phase}"
        );
        Xunit.Assert.True(now!.State == JobState.Succeeded, $"{now.ErrorCode} {now.ErrorMessage}");
    }

    internal Task<ClusterTimeline> TimelineAsync() => new ClusterTimelineReader(Services()).ReadAsync(Id);

    internal ClusterRestoreService Restores() => new(Services());

    /// <summary>The orders of a moment, in the order in which they are written.</summary>
    internal async Task<List<int>> OrdersAsync(Optime at)
    {
        await using var restore = await Restores()
            .OpenMergedAsync(Cluster, new ClusterPoint(null, RestorePoint.UpTo(at)), RestoreFormat.Ndjson);
        using var output = new MemoryStream();
        await restore.WriteAsync(output);
        return
        [
            .. Encoding
                .UTF8.GetString(output.ToArray())
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(static line => JsonDocument.Parse(line).RootElement)
                .Where(static line => line.GetProperty("ns").GetString() == Orders)
                .Select(static line =>
                    int.Parse(
                        line.GetProperty("doc").GetProperty("_id").GetProperty("$numberInt").GetString()!,
                        System.Globalization.CultureInfo.InvariantCulture
                    )
                ),
        ];
    }

    public ValueTask DisposeAsync() => Daemon.DisposeAsync();

    private static BsonDocument[] Numbers(int from, int to) =>
        [.. Enumerable.Range(from, to - from).Select(static id => StoredSource.Document(id, "x"))];

    internal RestoreServices Services() =>
        new(
            Daemon.Metadata,
            Daemon.Blocks,
            Daemon.Objects,
            new DaemonOptions { SpillFolder = Daemon.SpillFolder },
            TimeProvider.System,
            NullLogger.Instance
        );
}
