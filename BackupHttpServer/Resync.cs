using Backup.Blockstore;
using Backup.Metadata;

namespace Backup.BackupHttpServer;

/// <summary>Starts an initial sync over: what an operator asks for after a hole.</summary>
public static class Resync
{
    /// <summary>
    /// Abandons the replica set's current sync; its agent begins a new one at its next poll. Snapshots that exist stay; slices of the old sync's
    /// copy are deleted, its oplog slices go with the point-in-time window.
    /// </summary>
    /// <exception cref="Foundation.Errors.BackupException">8004 where there is no such replica set.</exception>
    public static async Task RequestAsync(
        IMetadataStore metadata,
        IObjectStore objects,
        string replicaSetId,
        CancellationToken cancellation = default
    )
    {
        var replicaSet =
            await metadata.Deployments.FindReplicaSetAsync(replicaSetId, cancellation)
            ?? throw BackupHttpServerErrors.Nothing("such replica set");
        if (replicaSet.SyncId is { } syncId)
        {
            await metadata.Syncs.AbandonAsync(syncId, cancellation);
            await objects.DeletePrefixAsync(SliceNames.SyncPrefix(syncId), cancellation);
        }
    }
}
