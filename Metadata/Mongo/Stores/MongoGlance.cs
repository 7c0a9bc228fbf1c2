using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>Reads a <see cref="Glance"/>: each collection once, all of them in one transaction.</summary>
internal static class MongoGlance
{
    internal static async Task<Glance> ReadAsync(MongoSession session, TimeProvider time)
    {
        var documents = await session.RawAsync(SyncCollections.Syncs, Doc.All, MongoSyncRecords.ByOrdinal);
        var syncs = documents.ConvertAll(SyncCollections.Syncs.Read);
        var sets = await MongoDeployments.ReplicaSetsAsync(session);
        return new Glance
        {
            Deployments = await MongoDeployments.ListAsync(session),
            ReplicaSets = sets,
            ByDeployment = sets.ToLookup(static one => one.DeploymentId),
            Clusters = (await MongoClusters.ListAsync(session)).ToDictionary(static one => one.DeploymentId),
            Heads = (await MongoHeads.ListAsync(session)).ToDictionary(static one => one.ReplicaSetId),
            Snapshots = (await MongoSnapshots.AllAsync(session)).ToLookup(static one => one.ReplicaSetId),
            Cuts = (await MongoCuts.AllAsync(session)).ToLookup(static one => one.ClusterId),
            Syncs = syncs.Where(static one => !one.IsPartial).ToLookup(static one => one.ReplicaSetId),
            PartialSyncs = syncs.Where(static one => one.IsPartial).ToLookup(static one => one.Beside!),
            Extents = documents
                .Zip(syncs, static (document, sync) => (sync.Id, Extent: MongoOplogSlices.ExtentOf(document)))
                .Where(static one => one.Extent is not null)
                .ToDictionary(static one => one.Id, static one => one.Extent!, StringComparer.Ordinal),
            Holes = (await MongoHoles.AllAsync(session)).ToLookup(static one => one.ReplicaSetId),
            Events = (await MongoTimelineEvents.AllAsync(session)).ToLookup(static one => one.ReplicaSetId),
            Holds = (await MongoReadHolds.AllAsync(session, time)).ToLookup(static one => one.ReplicaSetId),
            Policies = (await MongoPolicies.AllAsync(session)).ToDictionary(static one => one.SubjectId),
        };
    }
}
