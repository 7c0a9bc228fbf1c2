using System.Diagnostics;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Uri;

namespace Backup.Tests.Support;

/// <summary>
/// A real sharded cluster on loopback: config servers and shards of one mongod each, and mongos. Found as <see cref="RealMongo"/> finds them. The
/// balancer is off at the start. Disposing it kills all and removes their data.
/// </summary>
public sealed class RealShardedCluster : ShardedClusterUnderTest
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private readonly List<Server> _sets = [];
    private readonly List<Server> _routers = [];

    private readonly TimeSpan _orphanDelay;

    private RealShardedCluster(int shards, int routers, TimeSpan orphanDelay)
    {
        _orphanDelay = orphanDelay;
        var ports = FreePorts.Several(1 + shards + routers);
        _sets.Add(new Server(ConfigServers, ports[0]));
        for (var number = 0; number < shards; number++)
        {
            _sets.Add(new Server($"s{number}", ports[1 + number]));
        }

        for (var number = 0; number < routers; number++)
        {
            _routers.Add(new Server("", ports[1 + shards + number]));
        }

        ConnectionString = $"mongodb://{string.Join(',', _routers.Select(static router => router.Name))}/";
    }

    /// <summary>The mongos to use, or null where there is none.</summary>
    public static string? Binary { get; } = MongoTools.Find("mongos");

    public override string ConnectionString { get; }

    public override int Count => _sets.Count - 1;

    /// <param name="shards">How many; 1 and up.</param>
    /// <param name="routers">How many; 1 and up.</param>
    /// <param name="orphanDelay">
    /// Whole seconds: how long a chunk's documents stay where it has left. It comes back there only once they are gone. 15 minutes, as unless set.
    /// </param>
    public static async Task<RealShardedCluster> StartAsync(
        int shards = 2,
        int routers = 1,
        TimeSpan? orphanDelay = null
    )
    {
        var cluster = new RealShardedCluster(shards, routers, orphanDelay ?? TimeSpan.FromMinutes(15));
        try
        {
            cluster._sets.ForEach(cluster.Start);
            await Task.WhenAll(cluster._sets.Select(cluster.InitiateAsync));
            cluster._routers.ForEach(cluster.Start);
            foreach (var shard in cluster._sets.Skip(1))
            {
                await cluster.UntilItWorksAsync(cluster.Router(0), $$"""{"addShard":"{{shard.Set}}/{{shard.Name}}"}""");
            }

            await cluster.UntilItWorksAsync(cluster.Router(0), """{"balancerStop":1}""");
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public override HostAddress Router(int number) => HostAddress.Parse(_routers[number].Name);

    public override HostAddress Address(string set) => HostAddress.Parse(Of(set).Name);

    public override Task KillRouterAsync(int number) => KillAsync(_routers[number]);

    public override Task StartRouterAsync(int number)
    {
        Start(_routers[number]);
        return Task.CompletedTask;
    }

    public override Task KillAsync(string set) => KillAsync(Of(set));

    public override Task ReviveAsync(string set)
    {
        Start(Of(set));
        return Task.CompletedTask;
    }

    public override Task HoldRangeDeletionsAsync(string shard, bool isHeld)
    {
        var mode = isHeld ? "alwaysOn" : "off";
        return RunOnAsync(shard, "admin", $$"""{"configureFailPoint":"suspendRangeDeletion","mode":"{{mode}}"}""");
    }

    protected override async ValueTask DisposeMembersAsync()
    {
        foreach (var server in _routers.Concat(_sets))
        {
            await KillAsync(server);
            server.Process?.Dispose();
            server.Folder.Dispose();
        }
    }

    private Server Of(string set) => _sets.Find(one => one.Set == set)!;

    private void Start(Server server)
    {
        server.Process?.Dispose();
        if (server.Set.Length > 0)
        {
            server.Process = RealMongo.Launch(
                server.Folder,
                server.Port,
                authentication: false,
                server.Set,
                server.Set == ConfigServers ? "--configsvr" : "--shardsvr",
                "--wiredTigerCacheSizeGB",
                "0.25",
                "--oplogSize",
                "100",
                "--setParameter",
                $"orphanCleanupDelaySecs={(int)_orphanDelay.TotalSeconds}",
                "--setParameter",
                "enableTestCommands=1"
            );
            return;
        }

        server.Process = Process.Start(
            new ProcessStartInfo(Binary ?? throw new FileNotFoundException("no mongos"))
            {
                ArgumentList =
                {
                    "--configdb",
                    $"{ConfigServers}/{_sets[0].Name}",
                    "--port",
                    $"{server.Port}",
                    "--bind_ip",
                    "127.0.0.1",
                    "--logpath",
                    server.Folder.File("mongos.log"),
                    "--nounixsocket",
                },
            }
        );
    }

    private static async Task KillAsync(Server server)
    {
        if (server.Process is { HasExited: false } running)
        {
            running.Kill();
            await running.WaitForExitAsync();
        }
    }

    private async Task InitiateAsync(Server server)
    {
        var isConfig = server.Set == ConfigServers ? "\"configsvr\":true," : "";
        await UntilItWorksAsync(
            HostAddress.Parse(server.Name),
            $$"""
            {"replSetInitiate":{"_id":"{{server.Set}}",{{isConfig}}"members":[{"_id":0,"host":"{{server.Name}}"}] } }
            """
        );
        using var limit = new CancellationTokenSource(StartLimit);
        while (true)
        {
            var hello = await RunOnAsync(server.Set, "admin", """{"isMaster":1}""");
            if (hello.View["ismaster"u8].ToBoolean())
            {
                return;
            }

            await Task.Delay(50, limit.Token);
        }
    }

    private async Task UntilItWorksAsync(HostAddress host, string command)
    {
        using var limit = new CancellationTokenSource(StartLimit);
        while (true)
        {
            try
            {
                _ = await AskAsync(host, "admin", ExtendedJson.Parse(command));
                return;
            }
            catch (BackupException)
                when (_sets.Concat(_routers).All(static one => one.Process is null or { HasExited: false }))
            {
                // It may not listen yet, or not know the others.
                await Task.Delay(100, limit.Token);
            }
        }
    }

    /// <param name="set">Empty for a router.</param>
    private sealed class Server(string set, int port)
    {
        public string Set => set;

        public int Port => port;

        public string Name => $"127.0.0.1:{port}";

        public TemporaryFolder Folder { get; } = new();

        public Process? Process { get; set; }
    }
}

/// <summary>Needs a real mongod and mongos; see <see cref="RealMongo"/> for how they are found.</summary>
public sealed class RealClusterFactAttribute()
    : ConditionalFactAttribute(
        RealMongo.Binary is not null && RealShardedCluster.Binary is not null
            ? null
            : "SKIPPED: needs mongod and mongos"
    );
