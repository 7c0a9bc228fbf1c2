using Backup.Foundation;
using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>Holes of oplogs, for those who change them in a transaction of their own, which is no other's at the same time.</summary>
internal static class MongoHoles
{
    private static readonly Collection<OplogHole> Holes = SyncCollections.Holes;

    /// <summary>Of a hole that is open.</summary>
    private static (string, object?) Open => ("to.ts", Optime.Zero.Stamp());

    internal static async Task AddAsync(MongoSession session, OplogHole hole)
    {
        await MongoDeployments.RequireReplicaSetAsync(session, hole.ReplicaSetId);
        var same = Doc.Of(
            ("replicaSetId", hole.ReplicaSetId),
            ("syncId", hole.SyncId),
            ("kind", hole.Kind),
            ("from.ts", hole.From.Stamp()),
            ("namespace", hole.Namespace)
        );
        if (!await session.AnyAsync(Holes, same))
        {
            var ordinal = await session.NextAsync(Holes.Name);
            await session.InsertAsync(Holes, hole, (DeploymentCollections.Ordinal, ordinal));
        }
    }

    internal static Task<List<OplogHole>> ListAsync(MongoSession session, string replicaSetId) =>
        session.FindAsync(Holes, Doc.Of(("replicaSetId", replicaSetId)), InOrder());

    /// <summary>Of every replica set, oldest first.</summary>
    internal static Task<List<OplogHole>> AllAsync(MongoSession session) =>
        session.FindAsync(Holes, Doc.All, InOrder());

    internal static Task RemoveOpenAsync(MongoSession session, string syncId, HoleKind kind) =>
        session.DeleteAsync(Holes, Doc.Of(("syncId", syncId), ("kind", kind), Open));

    /// <summary>What is open of other syncs ends where this one can be restored from.</summary>
    internal static Task CloseOthersAsync(MongoSession session, string replicaSetId, string syncId, Optime end) =>
        session.UpdateAllAsync(
            Holes,
            Doc.Of(("replicaSetId", replicaSetId), ("syncId", Is.Not(syncId)), Open),
            Doc.Set(("to", end))
        );

    /// <summary>A fresh copy of the collection is there from then on.</summary>
    internal static Task CloseCollectionAsync(MongoSession session, string syncId, string ns, Optime end) =>
        session.UpdateAllAsync(
            Holes,
            Doc.Of(("syncId", syncId), ("kind", HoleKind.CollectionLost), ("namespace", ns), Open),
            Doc.Set(("to", end))
        );

    private static MongoWire.Bson.BsonDocument InOrder() => Doc.Of(("from.ts", 1), (DeploymentCollections.Ordinal, 1));
}
