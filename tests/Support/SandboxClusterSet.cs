using Backup.MongoWire.Uri;
using Backup.Sandbox;

namespace Backup.Tests.Support;

/// <summary>The sandbox's cluster, on loopback and in this process.</summary>
public sealed class SandboxClusterSet : ShardedClusterUnderTest
{
    private SandboxClusterSet(SandboxCluster sandbox) => Sandbox = sandbox;

    public SandboxCluster Sandbox { get; }

    public override string ConnectionString => Sandbox.ConnectionString;

    public override int Count => Sandbox.Shards.Count;

    public static async Task<SandboxClusterSet> StartAsync(SandboxClusterOptions? options = null) =>
        new(await SandboxCluster.StartAsync(options));

    public override HostAddress Router(int number) => HostAddress.Parse(Sandbox.Routers[number].EndPoint.ToString());

    public override HostAddress Address(string set) => HostAddress.Parse(Set(set).EndPoint.ToString());

    public override Task KillRouterAsync(int number) => Sandbox.Routers[number].KillAsync();

    public override Task StartRouterAsync(int number)
    {
        Sandbox.Routers[number].Restart();
        return Task.CompletedTask;
    }

    public override Task KillAsync(string set) => Set(set).Nodes[0].KillAsync();

    public override Task ReviveAsync(string set) => Set(set).Nodes[0].RestartAsync();

    public override Task HoldRangeDeletionsAsync(string shard, bool isHeld)
    {
        Sandbox.Faults.HoldRangeDeletions(isHeld);
        return Task.CompletedTask;
    }

    protected override ValueTask DisposeMembersAsync() => Sandbox.DisposeAsync();

    private SandboxReplicaSet Set(string name) => name == ConfigServers ? Sandbox.ConfigServers : Sandbox.Shards[name];
}
