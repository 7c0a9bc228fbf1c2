using Backup.Daemon;
using Backup.Daemon.Jobs;
using Backup.Foundation;
using Backup.Metadata;
using Backup.MongoWire.Bson;

namespace Backup.Tests.Daemon;

/// <summary>A daemon that keeps the sets of a cluster, and what agents and the server for agents do of the cluster's cuts.</summary>
internal sealed class ClusterFixture : IAsyncDisposable
{
    internal const string ClusterId = "c1";

    private ClusterFixture(DaemonFixture daemon, StoredSource[] shards) => (Daemon, Shards) = (daemon, shards);

    internal DaemonFixture Daemon { get; }

    internal StoredSource[] Shards { get; }

    internal IMetadataStore Metadata => Daemon.Metadata;

    internal IReadOnlyList<string> Sets => [.. Shards.Select(one => one.Set.Id)];

    internal DaemonOptions Options { get; set; } = null!;

    /// <summary>The first is the config servers, which hold accounts here as any shard does.</summary>
    /// <param name="shards">How many.</param>
    /// <param name="schedules">Whether the daemon makes cuts by the policy; else the tests make them.</param>
    internal static async Task<ClusterFixture> StartAsync(int shards, bool schedules = false)
    {
        var daemon = await DaemonFixture.CreateAsync();
        var metadata = daemon.Metadata;
        var now = TimeProvider.System.GetUtcNow();
        var group = await metadata.Access.EnsureGroupAsync("default");
        await metadata.Deployments.EnsureAsync(
            new Deployment(ClusterId, group.Id, "bank", DeploymentTypes.ReplicaSet, "mongodb://router/", now)
        );
        var names = Enumerable.Range(0, shards).Select(n => n == 0 ? ClusterMembership.ConfigServers : $"s{n}");
        await metadata.Clusters.FoundAsync(
            new ClusterRecord(ClusterId, "5f00000000000000000000ff", "4.2.4", ["router:27017"], BalancerState.On, now),
            [
                .. names.Select(name => new Deployment(
                    $"d-{name}",
                    group.Id,
                    $"bank-{name}",
                    DeploymentTypes.ReplicaSet,
                    $"mongodb://{name}/",
                    now
                )
                {
                    Cluster = new ClusterMembership(ClusterId, name),
                }),
            ]
        );
        var sources = new List<StoredSource>();
        foreach (var (n, name) in names.Index())
        {
            var source = new StoredSource(metadata, daemon.Objects, TimeProvider.System);
            await source.RegisterAsync($"r-{name}", $"d-{name}", $"rs-{name}", $"5f000000000000000000000{n}");
            sources.Add(source);
        }

        var fixture = new ClusterFixture(daemon, [.. sources])
        {
            Options = new DaemonOptions { SpillFolder = daemon.SpillFolder },
        };
        if (!schedules)
        {
            await fixture.HoldScheduleAsync();
        }

        fixture.Start();
        return fixture;
    }

    /// <summary>Another daemon is at work on a snapshot of the cluster, for ever.</summary>
    private async Task HoldScheduleAsync()
    {
        var now = TimeProvider.System.GetUtcNow();
        await Metadata.Jobs.AddAsync(JobKinds.New(JobKinds.ClusterSnapshot, ClusterId, "{}", now));
        await Metadata.Jobs.TakeAsync([JobKinds.ClusterSnapshot], "another", TimeSpan.FromDays(1));
    }

    internal void Start() => Daemon.Start(Options);

    internal async Task RestartAsync()
    {
        await Daemon.StopAsync();
        Start();
    }

    /// <summary>The initial sync of every shard, up to where the model begins.</summary>
    internal async Task SyncAsync(BankModel model, params int[] except)
    {
        for (var shard = 0; shard < Shards.Length; shard++)
        {
            if (!except.Contains(shard))
            {
                await SyncAsync(model, shard, $"sync-{shard}");
            }
        }

        for (var shard = 0; shard < Shards.Length; shard++)
        {
            if (!except.Contains(shard))
            {
                await WaitForStateAsync(shard, ReplicaSetState.Tailing);
            }
        }
    }

    internal async Task SyncAsync(BankModel model, int shard, string syncId)
    {
        var source = Shards[shard];
        var begin = model.Note(shard);
        source.Lists(BankModel.Ns, model.Uuids[shard]);
        await source.BeginAsync(syncId, begin);
        var contents = model.Contents(shard, begin);
        await source.CopyAsync(
            model.Uuids[shard],
            [.. contents.Select(one => StoredSource.Document(one.Key, one.Value))]
        );
        await source.DoneAsync(model.Uuids[shard]);
        await source.CopiedAsync(begin);
        var entries = model.Take(shard);
        await source.ShipAsync(entries[^1]);
    }

    internal Task WaitForStateAsync(int shard, ReplicaSetState state) =>
        Daemon.UntilAsync(
            async () => (await Metadata.Deployments.FindReplicaSetAsync(Shards[shard].Set.Id))!.State == state,
            () => $"shard {shard} is not {state}: {Daemon.Host?.Trouble(Shards[shard].Set.Id)}"
        );

    internal async Task ShipAsync(int shard, BsonDocument[] entries)
    {
        if (entries.Length > 0)
        {
            await Shards[shard].ShipAsync(entries);
        }
    }

    internal async Task ShipAllAsync(BankModel model)
    {
        for (var shard = 0; shard < Shards.Length; shard++)
        {
            await ShipAsync(shard, model.Take(shard));
        }
    }

    internal Optime Live(int shard) => Daemon.Host!.LiveOptime(Shards[shard].Set.Id) ?? Optime.Zero;

    internal async Task<string> AddCutAsync(CutKind kind = CutKind.Snapshot)
    {
        // A cut has the id of its job; this one's is the test.
        var job = JobKinds.New("test", ClusterId, "{}", TimeProvider.System.GetUtcNow());
        var id = job.Id;
        await Metadata.Jobs.AddAsync(job);
        await Metadata.Clusters.AddCutAsync(
            CutRecord.New(id, ClusterId, kind, "test", Sets, TimeProvider.System.GetUtcNow())
        );
        return id;
    }

    /// <summary>The server, for an agent that stopped the balancer.</summary>
    internal async Task MarkingAsync(string cutId, bool rested = true)
    {
        Xunit.Assert.True(await Metadata.Clusters.StopBalancerAsync(cutId, wasOn: true));
        var cut = (await Metadata.Clusters.FindCutAsync(cutId))!;
        Xunit.Assert.True(
            await Metadata.Clusters.AdvanceCutAsync(
                cut with
                {
                    State = CutState.Marking,
                    BalancerRested = rested,
                },
                CutState.Stopping
            )
        );
    }

    internal async Task SettledAsync(string cutId, Optime time)
    {
        var cut = (await Metadata.Clusters.FindCutAsync(cutId))!;
        Xunit.Assert.True(
            await Metadata.Clusters.AdvanceCutAsync(
                cut with
                {
                    State = CutState.Settled,
                    Time = time with { Term = -1 },
                },
                CutState.Marking
            )
        );
    }

    /// <summary>Tokens on every shard; the greatest of them.</summary>
    internal static Optime Tokens(BankModel model)
    {
        var time = Optime.Zero;
        for (var shard = 0; shard < model.Shards; shard++)
        {
            time = model.Note(shard);
        }

        return time;
    }

    internal async Task<IReadOnlyList<SnapshotRecord>> WaitForPartsAsync(string cutId)
    {
        IReadOnlyList<SnapshotRecord> parts = [];
        CutRecord? cut = null;
        await Daemon.UntilAsync(
            async () =>
            {
                cut = await Metadata.Clusters.FindCutAsync(cutId);
                Xunit.Assert.False(cut!.State == CutState.Failed, $"{cut.Code} {cut.Message}");
                return (parts = await Metadata.Clusters.PartsAsync(cutId)).Count == Shards.Length;
            },
            () =>
                $"{cut?.State} {cut?.Time}, parts of {string.Join(", ", parts.Select(one => one.ReplicaSetId))}; heads at {string.Join(" ", Enumerable.Range(0, Shards.Length).Select(Live))} {string.Join(" ", Sets.Select(Daemon.Host!.Trouble))}"
        );
        return parts;
    }

    internal async Task<string> QueueAsync(string kind = JobKinds.ClusterSnapshot)
    {
        var job = JobKinds.New(kind, ClusterId, """{"trigger":"test"}""", TimeProvider.System.GetUtcNow());
        await Metadata.Jobs.AddAsync(job);
        return job.Id;
    }

    /// <summary>What agents and the server do of a cut that is wanted, from one end to the other.</summary>
    internal async Task<Optime> PlayAsync(BankModel model, string cutId, bool rested = true)
    {
        await WaitForCutAsync(cutId, CutState.Wanted);
        await MarkingAsync(cutId, rested);
        var time = Tokens(model);
        await SettledAsync(cutId, time);
        Tokens(model);
        await ShipAllAsync(model);
        return time;
    }

    internal async Task<JobRecord> WaitForJobAsync(string id, JobState state)
    {
        var job = await Daemon.WaitForJobAsync(id);
        Xunit.Assert.True(job.State == state, $"the job is {job.State}: {job.ErrorCode} {job.ErrorMessage}");
        return job;
    }

    internal async Task<IReadOnlyList<string>> AlertsAsync() =>
        [.. (await Metadata.Alerts.ListAsync()).Select(one => $"{one.Condition} {one.Code}")];

    internal async Task<CutRecord> WaitForCutAsync(string cutId, CutState state)
    {
        CutRecord? cut = null;
        await Daemon.UntilAsync(
            async () => (cut = await Metadata.Clusters.FindCutAsync(cutId))?.State == state,
            () => $"the cut is {cut?.State} {cut?.Code} {cut?.Message}"
        );
        return cut!;
    }

    public ValueTask DisposeAsync() => Daemon.DisposeAsync();
}
