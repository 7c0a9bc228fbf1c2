using Backup.Blockstore;
using Backup.Blockstore.Sealing;
using Backup.Blockstore.Shelf;
using Backup.Metadata;
using Backup.Oplog;
using Backup.Snapshots.Heads;
using Microsoft.Extensions.Logging;

namespace Backup.Daemon.Heads;

/// <summary>What everything around a head works with.</summary>
internal sealed record HeadServices(
    IMetadataStore Metadata,
    IBlockStore Blocks,
    IObjectStore Objects,
    DaemonOptions Options,
    TimeProvider Time,
    ILogger Logger
)
{
    internal HeadOptions HeadOptions { get; } = new() { MemtableBytes = Options.MemtableBytes };

    /// <summary>Told what an operator must know of a replay.</summary>
    internal Action<ReplayNotice>? OnNotice { get; init; }

    /// <summary>What heads put is sealed under those of their group; null: it is put plain.</summary>
    internal KeyRing? Keys { get; init; }

    /// <summary>Throws where nothing more can be put: what a head holds is of no use then.</summary>
    internal Action RequireKeys { get; init; } = static () => { };

    /// <summary>Wakes heads; null: each looks for itself.</summary>
    internal HeadBell? Bell { get; init; }

    /// <summary>What the memtables of all heads may take together.</summary>
    internal MemtableBudget Memtables { get; init; } = new(Options.MemtablesBytes);

    /// <summary>Told when a head has caught up with its source.</summary>
    internal Action? OnTailing { get; init; }

    /// <summary>
    /// The same for the head of one replica set: what is put is put for the group of its deployment, which never changes, and into the store that the group is in, which
    /// may change: the lease of the head ends with that. So this is asked under a lease that was granted before.
    /// </summary>
    /// <exception cref="Foundation.Errors.BackupException">5070 where this process has no store of the name that the group was assigned to.</exception>
    internal async Task<HeadServices> OfAsync(string replicaSetId, CancellationToken cancellation)
    {
        if (Blocks is not ISealingStore store || (Keys is null && Blocks is not StoreShelf))
        {
            return this;
        }

        var set =
            await Metadata.Deployments.FindReplicaSetAsync(replicaSetId, cancellation)
            ?? throw MetadataErrors.Missing("replica set", replicaSetId);
        var deployment =
            await Metadata.Deployments.FindAsync(set.DeploymentId, cancellation)
            ?? throw MetadataErrors.Missing("deployment", set.DeploymentId);
        if (
            Blocks is StoreShelf shelf
            && await Metadata.GroupStores.FindAsync(deployment.GroupId, cancellation) is { } place
        )
        {
            store = shelf.ViewOf(place.Store, place.From);
        }

        if (Keys is not { } keys)
        {
            return this with { Blocks = store };
        }

        return this with
        {
            Blocks = new GroupBlockStore(store, keys, deployment.GroupId),
            RequireKeys = () => keys.ThrowIfDestroyed(deployment.GroupId),
        };
    }
}
