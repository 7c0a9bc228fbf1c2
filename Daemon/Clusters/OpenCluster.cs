using Backup.Daemon.Restores;
using Backup.Foundation;
using Backup.Metadata;
using Backup.Snapshots.Sharding;

namespace Backup.Daemon.Clusters;

/// <summary>One set of an open cluster.</summary>
internal sealed record OpenMember(ClusterMember Member, OpenSource Source)
{
    /// <summary>Its name as a shard, or <see cref="ClusterMembership.ConfigServers"/>.</summary>
    internal string Name => Member.Shard;
}

/// <summary>Every set of a cluster at one moment, open to be read, and what the config servers know of it; dispose it afterwards.</summary>
/// <param name="cluster">Its deployment.</param>
/// <param name="layout">At the moment.</param>
/// <param name="time">The moment: the last position that belongs to it, of every set.</param>
/// <param name="members">The config servers first, then the shards by name.</param>
internal sealed class OpenCluster(
    Deployment cluster,
    ClusterLayout layout,
    Optime time,
    IReadOnlyList<OpenMember> members
) : IAsyncDisposable
{
    internal Deployment Cluster => cluster;

    internal ClusterLayout Layout => layout;

    internal Optime Time => time;

    internal IReadOnlyList<OpenMember> Members => members;

    /// <summary>The snapshot that it is; null where it is a moment between snapshots.</summary>
    internal string? SnapshotId { get; init; }

    public async ValueTask DisposeAsync()
    {
        foreach (var member in members)
        {
            await member.Source.DisposeAsync();
        }
    }
}
