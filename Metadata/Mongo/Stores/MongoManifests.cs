using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>Reads every reference into the block store, in one transaction: a collection that gets one of its own is to be added here.</summary>
internal static class MongoManifests
{
    internal static async Task<IReadOnlyList<ManifestReference>> ReadAsync(MongoSession session, TimeProvider time)
    {
        var over = await MongoGroupKeys.DestroyedSetsAsync(session);
        var names = (await MongoDeployments.ReplicaSetsAsync(session)).ToDictionary(
            static set => set.Id,
            static set => set.Name,
            StringComparer.Ordinal
        );
        var heads = await MongoHeads.ListAsync(session);
        var snapshots = await session.FindAsync(SnapshotCollections.Snapshots, Doc.All, MongoSyncRecords.ByOrdinal);
        var parts = await session.FindAsync(SnapshotCollections.CutParts, Doc.All);
        var holds = await MongoReadHolds.AllAsync(session, time);
        return
        [
            .. heads
                .Where(one => !over.Contains(one.ReplicaSetId))
                .Select(one => new ManifestReference(
                    one.ManifestBlock,
                    $"head of {names.GetValueOrDefault(one.ReplicaSetId, one.ReplicaSetId)}"
                )
                {
                    ReplicaSetId = one.ReplicaSetId,
                }),
            .. snapshots
                .Where(one => !over.Contains(one.ReplicaSetId))
                .Select(static one => new ManifestReference(one.ManifestBlock, $"snapshot {one.Id}")
                {
                    ReplicaSetId = one.ReplicaSetId,
                }),
            .. parts
                .Where(one => !over.Contains(one.ReplicaSetId))
                .Select(static one => new ManifestReference(one.Part.ManifestBlock, $"part of cut {one.CutId}")
                {
                    ReplicaSetId = one.ReplicaSetId,
                }),
            .. holds.Select(static one => new ManifestReference(one.ManifestBlock, $"what {one.Id} reads", IsHold: true)
            {
                ReplicaSetId = one.ReplicaSetId,
            }),
        ];
    }
}
