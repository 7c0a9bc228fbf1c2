using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;

namespace Backup.Metadata.Mongo.Stores;

internal sealed class MongoHeads(ITransactions database) : IHeads
{
    private static readonly Collection<HeadRecord> Heads = SnapshotCollections.Heads;

    public Task<HeadRecord?> FindAsync(string replicaSetId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => session.GetAsync(Heads, replicaSetId), cancellation);

    // A checkpoint changes one document, and depends on a replica set, which is never removed.
    public Task SetAsync(HeadRecord head, CancellationToken cancellation = default) =>
        database.WriteBesideAsync(
            MongoHeadLeases.LaneOf(head.ReplicaSetId),
            async session =>
            {
                await MongoDeployments.RequireReplicaSetAsync(session, head.ReplicaSetId);
                await PutAsync(session, head);
            },
            cancellation
        );

    public Task SetAsync(HeadRecord head, SnapshotRecord snapshot, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                await MongoSnapshots.AddAsync(session, snapshot);
                await PutAsync(session, head);
            },
            cancellation
        );

    public Task<bool> CrossAsync(HeadRecord head, Seam seam, CancellationToken cancellation = default) =>
        database.WriteAsync(session => CrossAsync(session, head, seam), cancellation);

    public async Task<IReadOnlyList<TimelineEvent>> EventsAsync(
        string replicaSetId,
        CancellationToken cancellation = default
    ) => await database.ReadAsync(session => MongoTimelineEvents.ListAsync(session, replicaSetId), cancellation);

    public Task AddEventAsync(TimelineEvent added, CancellationToken cancellation = default) =>
        database.WriteAsync(session => MongoTimelineEvents.AddAsync(session, added), cancellation);

    internal static Task<List<HeadRecord>> ListAsync(MongoSession session) => session.FindAsync(Heads, Doc.All);

    internal static Task PutAsync(MongoSession session, HeadRecord head) =>
        session.PutAsync(Heads, Doc.Id(head.ReplicaSetId), head);

    private static async Task<bool> CrossAsync(MongoSession session, HeadRecord head, Seam seam)
    {
        if (seam.PartialSyncId is { } partial)
        {
            if (
                await MongoSyncRecords.FindAsync(session, partial) is not { State: SyncState.Copied } found
                || found.Beside != head.SyncId
            )
            {
                return false;
            }

            await MongoSyncRecords.EndAsync(session, partial, SyncState.Built);
        }

        await MongoSnapshots.AddAsync(session, seam.Snapshot);
        await PutAsync(session, head);
        foreach (var one in seam.Events)
        {
            await MongoTimelineEvents.AddAsync(session, one);
            if (one is { Kind: TimelineEventKind.Copied, Namespace: { } ns })
            {
                await MongoHoles.CloseCollectionAsync(session, head.SyncId, ns, one.At);
            }
        }

        return true;
    }
}
