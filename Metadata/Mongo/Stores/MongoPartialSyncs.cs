using Backup.Foundation;
using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;

namespace Backup.Metadata.Mongo.Stores;

internal sealed class MongoPartialSyncs(ITransactions database) : IPartialSyncs
{
    public Task AddAsync(SyncRecord partial, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                var whole = partial.Beside is { } beside ? await MongoSyncRecords.FindAsync(session, beside) : null;
                if (whole is null or { State: SyncState.Abandoned } || whole.ReplicaSetId != partial.ReplicaSetId)
                {
                    throw MetadataErrors.NotCurrent(partial.Beside ?? partial.Id);
                }

                await MongoSyncRecords.InsertAsync(session, partial, []);
            },
            cancellation
        );

    public async Task<IReadOnlyList<SyncRecord>> ListAsync(string syncId, CancellationToken cancellation = default) =>
        await database.ReadAsync(session => MongoSyncRecords.BesideAsync(session, syncId), cancellation);

    public Task<bool> BeginAsync(
        string partialId,
        Optime begin,
        byte[] catalogue,
        IReadOnlyList<SyncCollection> collections,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            async session =>
            {
                var partial = await MongoSyncRecords.RequireStateAsync(session, partialId, SyncState.Wanted);
                if ((await MongoOplogSlices.ExtentAsync(session, partial.Beside!))?.ReachesBackTo(begin) != true)
                {
                    return false;
                }

                await session.UpdateAsync(
                    SyncCollections.Syncs,
                    Doc.Id(partialId),
                    Doc.Set(("state", SyncState.Copying), ("begin", begin))
                );
                await MongoSyncRecords.SetCatalogueAsync(session, partialId, catalogue);
                await MongoSyncRecords.AddCopiesAsync(session, partialId, collections);
                return true;
            },
            cancellation
        );

    public Task AbandonAsync(string partialId, string? failure = null, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                if (await MongoSyncRecords.FindAsync(session, partialId) is { IsPartial: true, IsOpen: true })
                {
                    await MongoSyncRecords.EndAsync(session, partialId, SyncState.Abandoned);
                    await session.UpdateAsync(SyncCollections.Syncs, Doc.Id(partialId), Doc.Set(("failure", failure)));
                }
            },
            cancellation
        );
}
