using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>What was done to heads beside the oplog, for those who add to it in a transaction that is no other's at the same time.</summary>
internal static class MongoTimelineEvents
{
    private static readonly Collection<TimelineEvent> Events = SnapshotCollections.Events;

    internal static async Task AddAsync(MongoSession session, TimelineEvent added)
    {
        var same = Doc.Of(
            ("replicaSetId", added.ReplicaSetId),
            ("syncId", added.SyncId),
            ("kind", added.Kind),
            ("at.ts", added.At.Stamp()),
            ("namespace", added.Namespace),
            ("text", added.Text)
        );
        if (await session.AnyAsync(Events, same))
        {
            return;
        }

        if (!await session.AnyAsync(DeploymentCollections.ReplicaSets, Doc.Id(added.ReplicaSetId)))
        {
            throw MetadataErrors.Exists("event");
        }

        var ordinal = await session.NextAsync(Events.Name);
        await session.InsertAsync(Events, added, (DeploymentCollections.Ordinal, ordinal));
    }

    internal static Task<List<TimelineEvent>> ListAsync(MongoSession session, string replicaSetId) =>
        session.FindAsync(Events, Doc.Of(("replicaSetId", replicaSetId)), MongoSyncRecords.ByOrdinal);

    /// <summary>Of every replica set, oldest first.</summary>
    internal static Task<List<TimelineEvent>> AllAsync(MongoSession session) =>
        session.FindAsync(Events, Doc.All, MongoSyncRecords.ByOrdinal);
}
