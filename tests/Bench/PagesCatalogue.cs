using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Backup.BackupHttpServer;
using Backup.Blockstore;
using Backup.Daemon.Jobs;
using Backup.Daemon.Schedule;
using Backup.Foundation;
using Backup.Foundation.Compression;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Manifests;

namespace Backup.Tests.Bench;

/// <summary>
/// The catalogue of an appliance that has protected many deployments for a year, by the default policy: what retention has left of their snapshots, the
/// window's oplog slices, a job for every snapshot that was ever taken, samples of monitoring, agents and their reports.
/// </summary>
/// <param name="metadata">Empty.</param>
/// <param name="blocks">Takes two manifests, which all snapshots share.</param>
/// <param name="objects">Takes the slices that pages read.</param>
/// <param name="now">The year ends then.</param>
internal sealed class PagesCatalogue(
    IMetadataStore metadata,
    IBlockStore blocks,
    IObjectStore objects,
    DateTimeOffset now
)
{
    private const int Clusters = 4;
    private const int SetsOfCluster = 5;
    private const int Agents = 20;
    private const int Days = 365;
    private const int Collections = 50;

    /// <summary>The last slices of config servers that no checkpoint holds yet.</summary>
    private const int SlicesAhead = 5;

    private static readonly TimeSpan Interval = TimeSpan.FromHours(6);
    private static readonly TimeSpan Slice = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Window = TimeSpan.FromHours(30);
    private static readonly ParallelOptions AtOnce = new() { MaxDegreeOfParallelism = 32 };

    private readonly List<Subject> _subjects = [];
    private string _group = "";
    private string _manifest = "";
    private string _config = "";

    /// <param name="Id">Of the deployment.</param>
    /// <param name="Sets">One, or those of a cluster.</param>
    internal sealed record Subject(string Id, IReadOnlyList<string> Sets)
    {
        internal bool IsCluster => Sets.Count > 1;

        /// <summary>What has the snapshots.</summary>
        internal string Owner => IsCluster ? Id : Sets[0];

        /// <summary>Newest first.</summary>
        internal List<(DateTimeOffset At, string Id)> Kept { get; } = [];
    }

    internal IReadOnlyList<Subject> Subjects => _subjects;

    internal string Group => _group;

    /// <param name="deployments">In all; twenty of them are the parts of four clusters.</param>
    internal async Task FillAsync(int deployments)
    {
        _group = (await metadata.Access.EnsureGroupAsync("default")).Id;
        _manifest = await ManifestAsync(
            Enumerable.Range(0, Collections).Select(static n => ($"shop{n % 5}", $"c{n:00}", BsonDocument.Empty))
        );
        _config = await ManifestAsync(
            Enumerable
                .Range(0, SetsOfCluster - 1)
                .Select(static n =>
                    ("config", "shards", ExtendedJson.Parse($$"""{"_id":"s{{n}}","host":"s{{n}}/h:1"}"""))
                )
        );
        await DeploymentsAsync(deployments - (Clusters * (SetsOfCluster + 1)));
        await Parallel.ForEachAsync(_subjects, AtOnce, async (one, _) => await SnapshotsAsync(one));
        await Parallel.ForEachAsync(
            _subjects.SelectMany(static one => one.Sets),
            AtOnce,
            async (one, _) => await SlicesAsync(one)
        );
        await JobsAsync();
        await AgentsAsync();
        await Parallel.ForEachAsync(_subjects, AtOnce, async (one, _) => await MonitoringAsync(one));
        await AuditAsync();
    }

    private async Task DeploymentsAsync(int replicaSets)
    {
        for (var n = 0; n < replicaSets; n++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"shop-{n:000}");
            var deployment = await metadata.Deployments.EnsureAsync(
                New(name, DeploymentTypes.ReplicaSet, $"mongodb://{name}-a,{name}-b,{name}-c/?replicaSet=rs0")
            );
            _subjects.Add(new Subject(deployment.Id, [await SetAsync(deployment, "rs0")]));
        }

        for (var n = 0; n < Clusters; n++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"cluster-{n}");
            var cluster = await metadata.Deployments.EnsureAsync(
                New(name, DeploymentTypes.ShardedCluster, $"mongodb://{name}-r1,{name}-r2/")
            );
            string[] parts = [ClusterMembership.ConfigServers, "s0", "s1", "s2", "s3"];
            await metadata.Clusters.FoundAsync(
                new ClusterRecord(cluster.Id, $"{n:x24}", "4.2.4", [$"{name}-r1:27017"], BalancerState.On, now),
                [
                    .. parts.Select(part =>
                        New($"{name}-{part}", DeploymentTypes.ReplicaSet, $"mongodb://{name}-{part}/") with
                        {
                            Cluster = new ClusterMembership(cluster.Id, part),
                        }
                    ),
                ]
            );
            var members = (await metadata.Deployments.ListAsync())
                .Where(one => one.Cluster?.DeploymentId == cluster.Id)
                .OrderBy(static one => one.Cluster!.IsConfigServers ? 0 : 1);
            var sets = new List<string>();
            foreach (var member in members)
            {
                sets.Add(await SetAsync(member, member.Cluster!.Shard));
            }

            _subjects.Add(new Subject(cluster.Id, sets));
        }
    }

    private Deployment New(string name, string type, string uri) =>
        new(Guid.NewGuid().ToString("N"), _group, name, type, uri, now.AddDays(-Days));

    /// <summary>A set whose head was built from a sync of a year ago.</summary>
    private async Task<string> SetAsync(Deployment deployment, string name)
    {
        var id = Guid.NewGuid().ToString("N");
        await metadata.Deployments.EnsureReplicaSetAsync(
            new ReplicaSetRecord(
                id,
                deployment.Id,
                name,
                id[..24],
                "4.2.4",
                "4.2",
                "wiredTiger",
                ReplicaSetState.Waiting,
                null,
                null,
                null,
                null,
                Optime.Zero,
                null
            )
        );
        var begin = At(now.AddDays(-Days));
        await metadata.Syncs.BeginAsync(
            new SyncRecord(SyncOf(id), id, SyncState.Copying, begin, null, now.AddDays(-Days)),
            [],
            []
        );
        await metadata.Syncs.CopiedAsync(SyncOf(id), begin);
        var checkpoint = At(now - (Slice * SlicesAhead));
        var manifest = name == ClusterMembership.ConfigServers ? _config : _manifest;
        await metadata.Syncs.BuiltAsync(
            SyncOf(id),
            new HeadRecord(id, SyncOf(id), manifest, checkpoint, checkpoint, true, 1_000_000, now)
        );
        await metadata.Deployments.SetStateAsync(id, ReplicaSetState.Tailing);
        await metadata.Deployments.SetSourceOptimeAsync(id, At(now), now);
        return id;
    }

    private static string SyncOf(string set) => $"sync-{set}";

    private static Optime At(DateTimeOffset time) => new((uint)time.ToUnixTimeSeconds(), 1, 1);

    /// <summary>Those of a year of which the default policy has not let go.</summary>
    private async Task SnapshotsAsync(Subject subject)
    {
        var policy = SnapshotPolicy.Default(subject.Owner);
        var taken = Enumerable
            .Range(0, Days * 4)
            .Select(n => new RetentionItem(Guid.NewGuid().ToString("N"), Last() - (Interval * n)))
            .ToList();
        var plan = RetentionPlanner.Plan(policy, TimeZoneInfo.Utc, taken, now);
        foreach (var (item, _) in taken.Zip(plan).Where(static one => one.Second.IsKept).Reverse())
        {
            subject.Kept.Insert(0, (item.TakenAt, item.Id));
            if (subject.IsCluster)
            {
                await CutAsync(subject, item);
            }
            else
            {
                await metadata.Snapshots.AddAsync(Snapshot(item.Id, subject.Sets[0], item.TakenAt, _manifest));
            }
        }
    }

    private DateTimeOffset Last() => now - TimeSpan.FromTicks(now.Ticks % Interval.Ticks);

    private async Task CutAsync(Subject cluster, RetentionItem item)
    {
        var cut = CutRecord.New(item.Id, cluster.Id, CutKind.Snapshot, "policy", cluster.Sets, item.TakenAt);
        await metadata.Clusters.AddCutAsync(cut);
        var settled = cut with
        {
            State = CutState.Settled,
            Time = At(item.TakenAt) with { Term = -1 },
            BalancerRested = true,
        };
        await metadata.Clusters.AdvanceCutAsync(settled, CutState.Wanted);
        foreach (var (index, set) in cluster.Sets.Index())
        {
            var part = Snapshot(Guid.NewGuid().ToString("N"), set, item.TakenAt, index == 0 ? _config : _manifest);
            await metadata.Clusters.AddPartAsync(cut.Id, part);
        }

        await metadata.Clusters.CompleteCutAsync(cut.Id, null);
    }

    private static SnapshotRecord Snapshot(string id, string set, DateTimeOffset at, string manifest) =>
        new(
            id,
            set,
            At(at),
            manifest,
            1_000_000,
            2_000_000_000,
            20_000_000,
            700_000_000,
            0.2,
            "policy",
            at,
            null,
            SyncOf(set),
            At(at)
        );

    /// <summary>One a minute, back to the snapshot before the window.</summary>
    private async Task SlicesAsync(string set)
    {
        var isConfig = _subjects.Exists(one => one.IsCluster && one.Sets[0] == set);
        var count = (int)(Window / Slice);
        var previous = At(now - Window);
        for (var n = 0; n < count; n++)
        {
            var at = At(now - (Slice * (count - 1 - n)));
            var name = string.Create(CultureInfo.InvariantCulture, $"{SliceNames.OplogPrefix(SyncOf(set))}{n:D12}");
            var raw = Noop(at);
            var frame = new byte[Zstd.MaxCompressedLength(raw.Length)];
            var length = Zstd.Compress(raw.Span, frame, level: 1);
            if (isConfig && count - n <= SlicesAhead + 1)
            {
                await objects.PutAsync(name, frame.AsMemory(0, length));
            }

            var slice = new OplogSlice(
                set,
                SyncOf(set),
                n,
                n == 0 ? at : previous,
                at,
                at,
                1,
                name,
                raw.Length,
                length,
                SHA256.HashData(raw.Span),
                now
            );
            if (!await metadata.OplogSlices.AddAsync(slice))
            {
                throw new InvalidOperationException($"slice {n} does not follow");
            }

            previous = at;
        }
    }

    private static BsonDocument Noop(Optime at) =>
        BsonDocument.Build(w =>
            w.Timestamp("ts"u8, at.Timestamp)
                .Int64("t"u8, 1)
                .Int64("h"u8, 0)
                .Int32("v"u8, 2)
                .String("op"u8, "n")
                .String("ns"u8, "")
                .BeginDocument("o"u8)
                .EndDocument()
        );

    /// <summary>One for every snapshot of the year, oldest first; most of the snapshots are gone.</summary>
    private async Task JobsAsync()
    {
        var kept = _subjects.ToDictionary(
            static one => one.Id,
            static one => one.Kept.ToDictionary(static two => two.At, static two => two.Id)
        );
        for (var n = (Days * 4) - 1; n >= 0; n--)
        {
            var at = Last() - (Interval * n);
            await Parallel.ForEachAsync(
                _subjects,
                AtOnce,
                async (subject, _) =>
                {
                    var id = kept[subject.Id].GetValueOrDefault(at) ?? Guid.NewGuid().ToString("N");
                    var kind = subject.IsCluster ? JobKinds.ClusterSnapshot : JobKinds.Snapshot;
                    await metadata.Jobs.AddAsync(
                        JobKinds.New(kind, subject.Owner, """{"trigger":"policy"}""", at) with
                        {
                            // A cut has its job's id.
                            Id = subject.IsCluster ? id : Guid.NewGuid().ToString("N"),
                            State = JobState.Succeeded,
                            Result = JsonSerializer.Serialize(new { snapshotId = id }),
                            Progress = 1,
                            Attempts = 1,
                            StartedAt = at,
                            FinishedAt = at,
                        }
                    );
                }
            );
        }
    }

    /// <summary>Twenty, two for each deployment, of which one works on it.</summary>
    private async Task AgentsAsync()
    {
        var agents = new List<AgentRecord>();
        for (var n = 0; n < Agents; n++)
        {
            var (secret, key) = (RandomNumberGenerator.GetBytes(32), RandomNumberGenerator.GetBytes(32));
            await metadata.Access.AddTokenAsync(new EnrolmentToken(secret, _group, now.AddHours(1), false));
            var id = Guid.NewGuid().ToString("N");
            var agent = await metadata.Access.EnrolAsync(
                secret,
                new AgentRecord(id, _group, $"host-{n}", "0.1.0", now, now, false),
                new ApiKeyRecord(Guid.NewGuid().ToString("N"), _group, id, key, ApiKeyState.Valid, now)
            );
            agents.Add(agent!);
        }

        var source = new SourceReport(
            "host:27017",
            "the secondary that answers first",
            0,
            new OplogWindow(WireOptime.From(At(now.AddDays(-2))), WireOptime.From(At(now)), 172_800)
        );
        var told = JsonSerializer.Serialize(source, AgentJson.Default.SourceReport);
        foreach (var (index, deployment) in (await metadata.Deployments.ListAsync()).Index())
        {
            // As if they went on reporting while it is measured.
            var (active, standby, at) = (agents[index % Agents], agents[(index + 1) % Agents], now.AddHours(1));
            await metadata.Leases.GrantAsync(deployment.Id, active.Id, "session", null);
            await metadata.Deployments.SetAgentReportAsync(
                new AgentReport(deployment.Id, active.Id, "tailing the oplog", null, null, null, at, told)
            );
            await metadata.Deployments.SetAgentReportAsync(
                new AgentReport(deployment.Id, standby.Id, "standing by", null, null, null, at)
            );
        }
    }

    /// <summary>Two days of a cluster's sets, an hour of the others: a page asks for one deployment.</summary>
    private async Task MonitoringAsync(Subject subject)
    {
        var minutes = subject.IsCluster || _subjects.IndexOf(subject) < 10 ? 2 * 24 * 60 : 60;
        var hosts = Enumerable.Range(0, 3).Select(static n => $"host-{n}:27017").ToList();
        for (var n = minutes; n >= 0; n--)
        {
            var at = now.AddMinutes(-n);
            var optime = WireOptime.From(At(at));
            await Monitoring.AddAsync(
                metadata,
                subject.Id,
                new MonitoringSample(
                    at,
                    [
                        .. hosts.Select(host => new HostSample(
                            host,
                            "4.2.4",
                            1_000_000 - n,
                            100 + (n % 7),
                            800,
                            new Dictionary<string, long>
                            {
                                ["insert"] = 1_000_000 - n,
                                ["query"] = 5_000_000 - n,
                                ["update"] = 10_000 - n,
                                ["delete"] = 0,
                                ["getmore"] = 7,
                                ["command"] = 900_000 - n,
                            },
                            2000 + (n % 13),
                            1_000_000_000 + n,
                            2_000_000_000,
                            50_000_000_000 - n,
                            70_000_000_000 - n
                        )),
                    ],
                    [
                        .. hosts.Select(
                            (host, index) =>
                                new MemberSample(host, index == 0 ? "PRIMARY" : "SECONDARY", true, optime, index)
                        ),
                    ],
                    [
                        .. Enumerable
                            .Range(0, 5)
                            .Select(static index => new DatabaseSample(
                                $"shop{index}",
                                10,
                                200_000,
                                400_000_000,
                                150_000_000,
                                20_000_000
                            )),
                    ],
                    0,
                    new OplogSample(WireOptime.From(At(at.AddDays(-2))), optime, 172_800)
                ),
                at
            );
        }
    }

    private async Task AuditAsync()
    {
        for (var n = 0; n < 5000; n++)
        {
            var at = now.AddHours(-n);
            await metadata.Audit.AddAsync(
                new AuditRecord(
                    at,
                    "user ada@example.com",
                    "10.0.0.1",
                    "snapshot.take",
                    $"shop-{n % 100:000}",
                    AuditOutcomes.Ok
                )
                {
                    GroupId = _group,
                }
            );
        }
    }

    /// <summary>Of a set that has one document in each of these collections.</summary>
    private async Task<string> ManifestAsync(IEnumerable<(string Database, string Name, BsonDocument Document)> content)
    {
        using var head = Head.Create(blocks, new ReplicaSetIdentity("rs0", "", "4.2.4", "4.2", "wiredTiger"));
        foreach (var collection in content.GroupBy(static one => (one.Database, one.Name)))
        {
            var id = Guid.NewGuid();
            head.Catalogue.Set(
                new CatalogueCollection(
                    id,
                    collection.Key.Database,
                    collection.Key.Name,
                    CollectionType.Collection,
                    BsonDocument.Empty,
                    []
                )
            );
            foreach (var (_, _, document) in collection)
            {
                var stored = document.View.Has("_id"u8) ? document : ExtendedJson.Parse("""{"_id":1}""");
                head.Put(id, stored.View, isInsert: true);
            }
        }

        var at = At(now - (Slice * SlicesAhead));
        return (await head.FlushAsync(new HeadPosition(at, at, Consistent: true, at, at))).Manifest.ToString();
    }
}
