using System.Collections.Concurrent;
using Backup.Foundation.Errors;
using Backup.Sandbox.Commands;
using Backup.Sandbox.Sharding;
using Backup.Sandbox.Sharding.Catalogue;
using Backup.Sandbox.Sharding.Moves;
using Backup.Sandbox.Sharding.Shards;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox;

/// <summary>
/// A MongoDB-compatible sharded cluster in memory: config servers, shards, each a replica set with members on sockets of their own, and routers that
/// clients connect to. Its members keep time as those of a real one do: each its own, which goes round with commands and replies.
/// </summary>
public sealed class SandboxCluster : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, SandboxReplicaSet> _sets = [];
    private readonly ConcurrentDictionary<string, SetLink> _links = [];
    private readonly List<SandboxRouter> _routers = [];
    private readonly ConcurrentQueue<Task> _running = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly ClusterClock _clock = new();

    private SandboxCluster(SandboxClusterOptions options, SandboxReplicaSet configServers)
    {
        Options = options;
        ConfigServers = configServers;
        Config = new ConfigServers(NewLink(configServers, _clock));
        Balancer = new Balancer(this);
        configServers.Options.Role!.Cluster = this;
    }

    public SandboxClusterOptions Options { get; }

    /// <summary>12 bytes; <c>config.version</c> has it.</summary>
    public byte[] Id { get; } = WriteCommands.NewObjectId();

    public SandboxReplicaSet ConfigServers { get; }

    /// <summary>By the name of the replica set, those that were not added to the cluster yet or were removed from it, too.</summary>
    public IReadOnlyDictionary<string, SandboxReplicaSet> Shards => _sets;

    public IReadOnlyList<SandboxRouter> Routers => _routers;

    public SandboxClusterFaults Faults { get; } = new();

    /// <summary>For clients: the routers' hosts and ports; no user.</summary>
    public string ConnectionString =>
        $"mongodb://{string.Join(',', _routers.Select(static router => router.EndPoint))}/";

    internal ConfigServers Config { get; }

    /// <summary>What those who work for the cluster itself have heard of its time.</summary>
    internal ulong ClusterTime => _clock.Now;

    internal Balancer Balancer { get; }

    internal TimeProvider Time => ConfigServers.Options.Time;

    internal CancellationToken Stopping => _stopping.Token;

    /// <summary>Starts all and adds the shards.</summary>
    /// <exception cref="BackupException">2501 a bad option, 2150 an endpoint cannot be bound.</exception>
    public static async Task<SandboxCluster> StartAsync(SandboxClusterOptions? options = null)
    {
        options ??= new SandboxClusterOptions();
        options.Check();
        var config = options.ConfigServers with { Role = new ClusterRole(isConfigServer: true), Users = options.Users };
        var cluster = new SandboxCluster(options, await SandboxReplicaSet.StartAsync(config));
        try
        {
            await cluster.Config.WriteAsync(
                writer => FirstContent.OfConfigServers(writer, cluster.Id, options.Balancer),
                CancellationToken.None
            );
            for (var number = 0; number < options.Routers; number++)
            {
                await cluster.AddRouterAsync();
            }

            foreach (var shard in options.Shards)
            {
                await cluster.StartShardAsync(shard);
                await new ShardAdmission(cluster).AddAsync(
                    cluster._sets[shard.ReplicaSetName].HostList,
                    name: null,
                    CancellationToken.None
                );
            }

            cluster.Run(cluster.Balancer.RunAsync);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a replica set that can be made a shard with <c>addShard</c>.</summary>
    /// <returns>As <c>addShard</c> wants it: <c>set/host:port,host:port</c>.</returns>
    public async Task<string> StartShardAsync(SandboxOptions options)
    {
        var role = new ClusterRole(isConfigServer: false) { Cluster = this };
        var set = await SandboxReplicaSet.StartAsync(options with { Role = role, Users = Options.Users });
        if (!_sets.TryAdd(options.ReplicaSetName, set))
        {
            await set.DisposeAsync();
            throw SandboxErrors.InvalidOption(nameof(options), $"there is a set '{options.ReplicaSetName}' already");
        }

        _links[options.ReplicaSetName] = NewLink(set, _clock);
        role.Coordinator = new CommitCoordinator(this, options.ReplicaSetName);
        await _links[options.ReplicaSetName]
            .WriteAsync(
                static engine =>
                {
                    FirstContent.OfMember(engine);
                    return true;
                },
                CancellationToken.None
            );
        Run(role.Coordinator.RunAsync);
        return set.HostList;
    }

    /// <summary>Another router, which listens when this ends.</summary>
    public async Task<SandboxRouter> AddRouterAsync()
    {
        var router = new SandboxRouter(this, _routers.Count);
        _routers.Add(router);
        await router.PingAsync(CancellationToken.None);
        return router;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        foreach (var router in _routers)
        {
            await router.DisposeAsync();
        }

        foreach (var set in _sets.Values.Append(ConfigServers))
        {
            await set.DisposeAsync();
        }

        await Task.WhenAll(_running);
        _stopping.Dispose();
    }

    /// <summary>The cluster's own link to a shard.</summary>
    /// <exception cref="CommandFault">70</exception>
    internal SetLink Link(string shard) =>
        _links.TryGetValue(shard, out var link)
            ? link
            : throw new CommandFault(70, "ShardNotFound", $"Shard {shard} not found");

    /// <summary>A router's link to a shard or to the config servers, with the router's own time.</summary>
    internal SetLink NewLink(SandboxReplicaSet set, ClusterClock clock) => new(set, clock, Options.SelectionTimeout);

    internal ClusterRole Role(string shard) => _sets[shard].Options.Role!;

    /// <summary>Work in the background that ends with the cluster.</summary>
    internal void Run(Func<CancellationToken, Task> work) =>
        _running.Enqueue(
            Task.Run(async () =>
            {
                try
                {
                    await work(Stopping);
                }
                catch (OperationCanceledException)
                {
                    // Stopped.
                }
            })
        );

    /// <summary>Bytes of the documents that a shard has.</summary>
    internal long BytesOf(string shard) =>
        Link(shard).Read(static engine => engine.Collections.Sum(static collection => collection.Bytes));

    /// <summary>Tells shards what a collection's chunks are now: what each owns, and what it writes down of it.</summary>
    /// <param name="shards">Those to be told.</param>
    /// <param name="moved">Whether documents have changed hands.</param>
    internal async Task PublishAsync(
        ShardedCollection collection,
        IEnumerable<string> shards,
        CancellationToken cancellation,
        bool moved = false
    )
    {
        var database = Config.Catalogue.Database(Namespaces.Split(collection.Namespace).Database)!;
        foreach (var shard in shards)
        {
            await Link(shard)
                .WriteAsync(
                    engine =>
                    {
                        var role = Role(shard);
                        var since = role.Of(collection.Namespace)?.PlacedAt ?? 0;
                        var placedAt = moved ? engine.NextTimestamp() : since;
                        ShardCache.Refresh(engine, database, collection);
                        role.Set(collection.Namespace, OwnedCollection.Of(collection, shard, placedAt));
                        return true;
                    },
                    cancellation
                );
        }
    }
}
