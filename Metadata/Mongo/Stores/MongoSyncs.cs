using Backup.Foundation;
using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.MongoWire.Bson;
using static Backup.Metadata.Mongo.Stores.MongoSyncRecords;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>
/// Slices and ends of copies come often, and are written beside everything else: each changes the document of its copy, on which it depends, as does
/// whatever takes slices away. All else of syncs stands alone.
/// </summary>
internal sealed class MongoSyncs(ITransactions database, TimeProvider time) : ISyncs
{
    /// <summary>Rows that are removed in one transaction, where there may be hundreds of thousands.</summary>
    private const int MostRemovedTogether = 5000;

    private static readonly Collection<SyncRecord> Syncs = SyncCollections.Syncs;
    private static readonly Collection<SyncCollection> Copies = SyncCollections.Copies;
    private static readonly Collection<SyncSlice> Slices = SyncCollections.Slices;

    public Task BeginAsync(
        SyncRecord sync,
        byte[] catalogue,
        IReadOnlyList<SyncCollection> collections,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            async session =>
            {
                await MongoDeployments.RequireReplicaSetAsync(session, sync.ReplicaSetId);
                foreach (var older in await WholeAsync(session, sync.ReplicaSetId))
                {
                    await GiveUpAsync(session, older.Id);
                }

                await InsertAsync(session, sync, catalogue);
                await AddCopiesAsync(session, sync.Id, collections);
                await session.UpdateAsync(
                    DeploymentCollections.ReplicaSets,
                    Doc.Id(sync.ReplicaSetId),
                    Doc.Set(("syncId", sync.Id))
                );
            },
            cancellation
        );

    public Task<SyncRecord?> FindAsync(string syncId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => MongoSyncRecords.FindAsync(session, syncId), cancellation);

    public Task<byte[]> CatalogueAsync(string syncId, CancellationToken cancellation = default) =>
        database.ReadTogetherAsync(
            async session =>
                await session.AnyAsync(Syncs, Doc.Id(syncId))
                    ? await MongoSyncRecords.CatalogueAsync(session, syncId)
                    : throw MetadataErrors.Missing("sync", syncId),
            cancellation
        );

    public async Task<IReadOnlyList<SyncRecord>> ListAsync(
        string replicaSetId,
        CancellationToken cancellation = default
    ) => await database.ReadAsync(session => WholeAsync(session, replicaSetId), cancellation);

    public async Task RemoveAsync(string syncId, CancellationToken cancellation = default)
    {
        if (await FindAsync(syncId, cancellation) is { } sync)
        {
            if (sync.State is not SyncState.Abandoned)
            {
                throw MetadataErrors.NotCurrent(syncId);
            }

            // It takes no more, and never will: what there is much of goes bit by bit.
            await RemoveAllAsync(Slices, syncId, cancellation);
            await RemoveAllAsync(SyncCollections.OplogSlices, syncId, cancellation);
            await RemoveAllAsync(Copies, syncId, cancellation);
        }

        await database.WriteAsync(
            async session =>
            {
                if (await MongoSyncRecords.FindAsync(session, syncId) is { State: not SyncState.Abandoned })
                {
                    throw MetadataErrors.NotCurrent(syncId);
                }

                foreach (var partial in await BesideAsync(session, syncId))
                {
                    await RemoveAsync(session, partial.Id);
                }

                await RemoveAsync(session, syncId);
            },
            cancellation
        );
    }

    public async Task<IReadOnlyList<SyncCollection>> CollectionsAsync(
        string syncId,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.FindAsync(
                    Copies,
                    Doc.Of(("syncId", syncId)),
                    Doc.Of(("namespace", 1), ("collection", 1), ("range", 1))
                ),
            cancellation
        );

    public async Task<SyncProgress> ProgressAsync(string syncId, CancellationToken cancellation = default)
    {
        var found = await database.ReadAsync(
            session =>
                session.AggregateAsync(
                    Copies,
                    Doc.Of(("$match", Doc.Of(("syncId", syncId)))),
                    Doc.Of(
                        (
                            "$group",
                            Doc.Of(
                                ("_id", "$collection"),
                                ("done", Doc.Of(("$min", "$done"))),
                                ("documents", Sum("$documents")),
                                ("expectedDocuments", Sum("$expectedDocuments")),
                                ("rawBytes", Sum("$rawBytes")),
                                ("expectedBytes", Sum("$expectedBytes"))
                            )
                        )
                    ),
                    Doc.Of(
                        (
                            "$group",
                            Doc.Of(
                                ("_id", null),
                                ("collections", Sum(1)),
                                ("collectionsDone", Sum(Doc.Of(("$cond", new object[] { "$done", 1, 0 })))),
                                ("documents", Sum("$documents")),
                                ("expectedDocuments", Sum(Greater("$documents", "$expectedDocuments"))),
                                ("rawBytes", Sum("$rawBytes")),
                                ("expectedBytes", Sum(Greater("$rawBytes", "$expectedBytes")))
                            )
                        )
                    )
                ),
            cancellation
        );
        return found is [var sums]
            ? (SyncProgress)RecordMap.Of(typeof(SyncProgress)).Read(sums.View)
            : new SyncProgress(0, 0, 0, 0, 0, 0);
    }

    public Task<SyncCollection?> FindCollectionAsync(
        string syncId,
        Guid collection,
        int range,
        CancellationToken cancellation = default
    ) => database.ReadAsync(session => FindCopyAsync(session, syncId, collection, range), cancellation);

    public Task<bool> AddSliceAsync(SyncSlice slice, byte[] lastId, CancellationToken cancellation = default) =>
        database.WriteBesideAsync(
            $"copy {slice.SyncId} {slice.Collection} {slice.Range}",
            session => AddSliceAsync(session, slice, lastId),
            cancellation
        );

    public Task<SyncSlice?> FindSliceAsync(
        string syncId,
        Guid collection,
        int range,
        long sequence,
        CancellationToken cancellation = default
    ) =>
        database.ReadAsync(
            session =>
                session.FirstAsync(Slices, Doc.Both(CopyOf(syncId, collection, range), Doc.Of(("sequence", sequence)))),
            cancellation
        );

    public Task<long> ResetCollectionAsync(
        string syncId,
        Guid collection,
        int range,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            async session =>
            {
                var own = CopyOf(syncId, collection, range);
                var position =
                    await session.FirstAsync(Copies, own)
                    ?? throw MetadataErrors.Missing("collection of a sync", $"{syncId}/{collection:D}/{range}");
                await RequireStateAsync(session, syncId, SyncState.Copying);
                await DoomAsync(session, Slices, own);
                await session.DeleteAsync(Slices, own);
                var start = Doc.Set(("documents", 0L), ("rawBytes", 0L), ("lastId", null), ("done", false));
                await session.UpdateAsync(Copies, own, Doc.Both(start, Doc.Add("nextSequence", 1)));
                return position.NextSequence + 1;
            },
            cancellation
        );

    public Task AbandonAsync(string syncId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                await GiveUpAsync(session, syncId);
                await session.UpdateAllAsync(
                    DeploymentCollections.ReplicaSets,
                    Doc.Of(("syncId", syncId)),
                    Doc.Set(
                        ("syncId", null),
                        ("state", ReplicaSetState.Waiting),
                        ("stopCode", null),
                        ("stopMessage", null),
                        ("stopHint", null)
                    )
                );
            },
            cancellation
        );

    // Once a copy is done, it stays so but for a reset, which changes the same document; the state of the sync is touched.
    public Task CollectionDoneAsync(
        string syncId,
        Guid collection,
        int range,
        CancellationToken cancellation = default
    ) =>
        database.WriteBesideAsync(
            $"sync {syncId}",
            async session =>
            {
                await session.TouchAsync(Syncs, Doc.Id(syncId));
                var found =
                    await FindCopyAsync(session, syncId, collection, range)
                    ?? throw MetadataErrors.Missing("collection of a sync", $"{syncId}/{collection:D}/{range}");
                if (!found.Done)
                {
                    await RequireStateAsync(session, syncId, SyncState.Copying);
                    await session.UpdateAsync(Copies, CopyOf(syncId, collection, range), Doc.Set(("done", true)));
                }
            },
            cancellation
        );

    public Task CopiedAsync(string syncId, Optime end, CancellationToken cancellation = default) =>
        database.WriteAsync(session => CopiedAsync(session, syncId, end), cancellation);

    public async Task<IReadOnlyList<SyncSlice>> SlicesAsync(
        string syncId,
        Guid collection,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            async session =>
                // Those of a sync that is built are being removed.
                await MongoSyncRecords.FindAsync(session, syncId) is { IsPartial: false, State: SyncState.Built }
                    ? []
                    : await session.FindAsync(
                        Slices,
                        Doc.Of(("syncId", syncId), ("collection", collection)),
                        Doc.Of(("range", 1), ("sequence", 1))
                    ),
            cancellation
        );

    public async Task BuiltAsync(string syncId, HeadRecord head, CancellationToken cancellation = default)
    {
        await database.WriteAsync(
            async session =>
            {
                var sync = await RequireStateAsync(session, syncId, SyncState.Copied);
                if (head.SyncId != syncId || head.ReplicaSetId != sync.ReplicaSetId)
                {
                    throw MetadataErrors.NotCurrent(head.SyncId);
                }

                await session.UpdateAsync(Syncs, Doc.Id(syncId), Doc.Set(("state", SyncState.Built)));
                await MongoHeads.PutAsync(session, head);
                await MongoHoles.CloseOthersAsync(session, sync.ReplicaSetId, syncId, sync.End!.Value);
            },
            cancellation
        );
        // A terabyte has a hundred thousand of them, too many for one transaction. From now on nobody is shown them; those that a crash leaves go
        // with their sync.
        await RemoveAllAsync(Slices, syncId, cancellation);
    }

    private async Task RemoveAllAsync(Collection collection, string syncId, CancellationToken cancellation)
    {
        var own = Doc.Of(("syncId", syncId));
        var removed = MostRemovedTogether;
        while (removed == MostRemovedTogether)
        {
            removed = await database.WriteBesideAsync(
                $"sync {syncId}",
                async session =>
                {
                    var some = await session.RawAsync(
                        collection,
                        own,
                        limit: MostRemovedTogether,
                        fields: Doc.Of(("_id", 1))
                    );
                    var ids = some.Select(static one => new RawId(one));
                    await session.DeleteAsync(collection, Doc.Of(("_id", Is.OneOf(ids))));
                    return some.Count;
                },
                cancellation
            );
        }
    }

    private static async Task RemoveAsync(MongoSession session, string syncId)
    {
        var own = Doc.Of(("syncId", syncId));
        await session.DeleteAsync(Slices, own);
        await session.DeleteAsync(SyncCollections.OplogSlices, own);
        await session.DeleteAsync(Copies, own);
        await session.DeleteAsync(SyncCollections.Catalogues, own);
        await session.DeleteAsync(Syncs, Doc.Id(syncId));
    }

    private static Task<List<SyncRecord>> WholeAsync(MongoSession session, string replicaSetId) =>
        session.FindAsync(Syncs, Doc.Of(("replicaSetId", replicaSetId), ("beside", null)), ByOrdinal);

    /// <summary>What can be restored of it ends with its last oplog slice: the hole begins there.</summary>
    private async Task GiveUpAsync(MongoSession session, string syncId)
    {
        if (
            await MongoSyncRecords.AbandonAsync(session, syncId)
            && await MongoOplogSlices.NewestAsync(session, syncId) is { } newest
        )
        {
            var hole = new OplogHole(
                newest.ReplicaSetId,
                newest.Last,
                Optime.Zero,
                "A new initial sync took the place of the copy that was followed so far.",
                time.GetUtcNow(),
                HoleKind.Resync,
                syncId
            );
            await MongoHoles.AddAsync(session, hole);
        }
    }

    // That the sync was not given up is only read: where it is at this moment, this slice came before.
    private static async Task<bool> AddSliceAsync(MongoSession session, SyncSlice slice, byte[] lastId)
    {
        var own = CopyOf(slice.SyncId, slice.Collection, slice.Range);
        var moved = await session.UpdateAsync(
            Copies,
            Doc.Both(own, Doc.Of(("done", false), ("nextSequence", slice.Sequence))),
            Doc.Of(
                (
                    "$inc",
                    Doc.Of(("documents", slice.Documents), ("rawBytes", (long)slice.RawLength), ("nextSequence", 1L))
                ),
                ("$set", Doc.Of(("lastId", lastId)))
            )
        );
        if (!moved && !await session.AnyAsync(Copies, own))
        {
            throw MetadataErrors.Missing("collection of a sync", $"{slice.SyncId}/{slice.Collection:D}/{slice.Range}");
        }

        await RequireStateAsync(session, slice.SyncId, SyncState.Copying, SyncState.Copied, SyncState.Built);
        if (moved)
        {
            await session.InsertAsync(Slices, slice);
        }

        return moved;
    }

    private static async Task<bool> CopiedAsync(MongoSession session, string syncId, Optime end)
    {
        var sync = await RequireStateAsync(session, syncId, SyncState.Copying, SyncState.Copied, SyncState.Built);
        if (sync.State is not SyncState.Copying)
        {
            return sync.End == end ? false : throw MetadataErrors.NotCurrent(syncId);
        }

        var open = await session.CountAsync(Copies, Doc.Of(("syncId", syncId), ("done", false)));
        if (open > 0)
        {
            throw MetadataErrors.NotDone(syncId, open);
        }

        await session.UpdateAsync(Syncs, Doc.Id(syncId), Doc.Set(("state", SyncState.Copied), ("end", end)));
        return true;
    }

    private static Task<SyncCollection?> FindCopyAsync(
        MongoSession session,
        string syncId,
        Guid collection,
        int range
    ) => session.FirstAsync(Copies, CopyOf(syncId, collection, range));

    private static BsonDocument Sum(object of) => Doc.Of(("$sum", of));

    private static BsonDocument Greater(string one, string other) =>
        Doc.Of(("$cond", new object[] { Doc.Of(("$gt", new[] { one, other })), one, other }));
}
