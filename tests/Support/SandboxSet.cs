using Backup.MongoWire.Uri;
using Backup.Sandbox;

namespace Backup.Tests.Support;

/// <summary>The sandbox's members, on loopback and in this process. They elect within a second.</summary>
public sealed class SandboxSet : ReplicaSetUnderTest
{
    private SandboxSet(SandboxReplicaSet sandbox) => Sandbox = sandbox;

    public SandboxReplicaSet Sandbox { get; }

    public override string ConnectionString => Sandbox.ConnectionString;

    public override int Count => Sandbox.Nodes.Count;

    /// <param name="options">Name, time-out of elections and members are those of the tests where they are those of the default.</param>
    public static async Task<SandboxSet> StartAsync(int members = 3, SandboxOptions? options = null)
    {
        options ??= new SandboxOptions();
        options = options with
        {
            ReplicaSetName = "rs0",
            ElectionTimeout =
                options.ElectionTimeout < TimeSpan.FromSeconds(10) ? options.ElectionTimeout : TimeSpan.FromSeconds(1),
            Members =
                options.Members.Count > 1
                    ? options.Members
                    : [.. Enumerable.Repeat(new SandboxMemberOptions(), members)],
        };
        return new SandboxSet(await SandboxReplicaSet.StartAsync(options));
    }

    public override HostAddress Address(int number) => HostAddress.Parse(Sandbox.Nodes[number].EndPoint.ToString());

    public override Task KillAsync(int number) => Sandbox.Nodes[number].KillAsync();

    public override Task ReviveAsync(int number) => Sandbox.Nodes[number].RestartAsync();

    public override Task FreezeAsync(int number)
    {
        Sandbox.Nodes[number].Hang();
        return Task.CompletedTask;
    }

    public override Task ThawAsync(int number)
    {
        Sandbox.Nodes[number].Thaw();
        return Task.CompletedTask;
    }

    public override bool HasRolledBack(int number) => Sandbox.Nodes[number].RolledBack.Count > 0;

    protected override ValueTask DisposeMembersAsync() => Sandbox.DisposeAsync();
}
