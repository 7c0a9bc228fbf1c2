namespace Backup.Sandbox;

/// <summary>How a sandbox's sharded cluster is.</summary>
public sealed record SandboxClusterOptions
{
    /// <summary>The shards that it starts with, each under the name of its replica set; 1 and up.</summary>
    public IReadOnlyList<SandboxOptions> Shards { get; init; } =
    [new() { ReplicaSetName = "s0" }, new() { ReplicaSetName = "s1" }];

    public SandboxOptions ConfigServers { get; init; } = new() { ReplicaSetName = "csrs" };

    /// <summary>How many routers run from the start on; 1 and up.</summary>
    public int Routers { get; init; } = 1;

    /// <summary>Whether the balancer is on at the start.</summary>
    public bool Balancer { get; init; } = true;

    /// <summary>From one of the balancer's rounds to the next; 10 s as on a server.</summary>
    public TimeSpan BalancerInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a chunk's documents stay where it has left; 15 minutes as on a server.</summary>
    public TimeSpan OrphanDelay { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How long a router waits for a shard's primary; 20 s as a mongos.</summary>
    public TimeSpan SelectionTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Of routers, shards and config servers alike.</summary>
    public IReadOnlyList<SandboxUser> Users { get; init; } = [];

    internal void Check()
    {
        if (Shards.Count == 0 || Routers < 1)
        {
            throw SandboxErrors.InvalidOption(nameof(Shards), "a cluster has at least one shard and one router");
        }

        if (Shards.Append(ConfigServers).DistinctBy(static set => set.ReplicaSetName).Count() != Shards.Count + 1)
        {
            throw SandboxErrors.InvalidOption(nameof(Shards), "each replica set needs a name of its own");
        }

        if (BalancerInterval <= TimeSpan.Zero)
        {
            throw SandboxErrors.InvalidOption(nameof(BalancerInterval), "must be more than zero");
        }
    }
}
