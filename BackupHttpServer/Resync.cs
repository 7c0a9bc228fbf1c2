using Backup.Blockstore;
using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Metadata;

namespace Backup.BackupHttpServer;

/// <summary>Copies a source, or some of its collections, anew: what an operator asks for after a hole or where contents are in doubt.</summary>
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
        var replicaSet = await FindAsync(metadata, replicaSetId, cancellation);
        if (replicaSet.SyncId is { } syncId)
        {
            await metadata.Syncs.AbandonAsync(syncId, cancellation);
            await objects.DeletePrefixAsync(SliceNames.SyncPrefix(syncId), cancellation);
        }
    }

    /// <summary>
    /// Asks for a fresh copy of some collections, beside everything else: the agent begins it at its next look, the head takes it over when it is
    /// whole, and until then holds what it held. The same order again, before it is begun, changes nothing.
    /// </summary>
    /// <param name="metadata">The catalogue of everything.</param>
    /// <param name="replicaSetId">Ours.</param>
    /// <param name="namespaces">Patterns of <see cref="NamespacePattern"/>.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Nothing was asked for then, or all.</param>
    /// <returns>Its id.</returns>
    /// <exception cref="Foundation.Errors.BackupException">1005 no pattern, 8004 no such replica set, 8049 its initial sync is not done, 8051 the filter leaves it out.</exception>
    public static async Task<string> RequestAsync(
        IMetadataStore metadata,
        string replicaSetId,
        IReadOnlyCollection<string> namespaces,
        TimeProvider time,
        CancellationToken cancellation = default
    )
    {
        var replicaSet = await FindAsync(metadata, replicaSetId, cancellation);
        var deployment = await metadata.Deployments.FindAsync(replicaSet.DeploymentId, cancellation);
        var filter = deployment?.Namespaces ?? NamespaceFilter.Everything;
        var order = new CopyOrder(
            [.. namespaces.Select(one => NamespacePattern.Parse(one).Text).Distinct().Order()],
            filter.IsEverything ? null : filter
        );
        if (
            namespaces.FirstOrDefault(one => one.Contains('.') && !one.EndsWith('*') && !filter.Includes(one)) is
            { } leftOut
        )
        {
            throw BackupHttpServerErrors.LeftOut(leftOut, filter.ToString());
        }

        var whole = replicaSet.SyncId is { } id ? await metadata.Syncs.FindAsync(id, cancellation) : null;
        if (whole is not { State: SyncState.Built })
        {
            throw BackupHttpServerErrors.NothingBeside(replicaSet.Name);
        }

        var partials = await metadata.PartialSyncs.ListAsync(whole.Id, cancellation);
        if (partials.FirstOrDefault(one => one.State == SyncState.Wanted && one.Order!.Equals(order)) is { } same)
        {
            return same.Id;
        }

        var now = time.GetUtcNow();
        var partial = new SyncRecord(
            Guid.CreateVersion7(now).ToString("N"),
            replicaSet.Id,
            SyncState.Wanted,
            Optime.Zero,
            End: null,
            now,
            whole.Id,
            order
        );
        await metadata.PartialSyncs.AddAsync(partial, cancellation);
        return partial.Id;
    }

    private static async Task<ReplicaSetRecord> FindAsync(
        IMetadataStore metadata,
        string replicaSetId,
        CancellationToken cancellation
    ) =>
        await metadata.Deployments.FindReplicaSetAsync(replicaSetId, cancellation)
        ?? throw BackupHttpServerErrors.Nothing("such replica set");
}
