using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>Syncs and how far their copies are, for those who read and change them in a transaction of their own.</summary>
internal static class MongoSyncRecords
{
    /// <summary>Of one document, which may have 16 MiB.</summary>
    private const int MostCatalogueBytes = 8 << 20;

    internal static readonly BsonDocument ByOrdinal = Doc.Of((DeploymentCollections.Ordinal, 1));

    internal static Task<SyncRecord?> FindAsync(MongoSession session, string id) =>
        session.GetAsync(SyncCollections.Syncs, id);

    /// <summary>Those beside that sync, oldest first.</summary>
    internal static Task<List<SyncRecord>> BesideAsync(MongoSession session, string syncId) =>
        session.FindAsync(SyncCollections.Syncs, Doc.Of(("beside", syncId)), ByOrdinal);

    internal static async Task<SyncRecord> RequireStateAsync(
        MongoSession session,
        string syncId,
        params SyncState[] allowed
    )
    {
        var sync = await FindAsync(session, syncId) ?? throw MetadataErrors.Missing("sync", syncId);
        return allowed.Contains(sync.State) ? sync : throw MetadataErrors.NotCurrent(syncId);
    }

    internal static async Task InsertAsync(MongoSession session, SyncRecord sync, byte[] catalogue)
    {
        var ordinal = await session.NextAsync(SyncCollections.Syncs.Name);
        await session.InsertAsync(
            SyncCollections.Syncs,
            sync,
            (DeploymentCollections.Ordinal, ordinal),
            (SyncCollections.NextSlice, 0L)
        );
        await SetCatalogueAsync(session, sync.Id, catalogue);
    }

    internal static async Task SetCatalogueAsync(MongoSession session, string syncId, byte[] catalogue)
    {
        await session.DeleteAsync(SyncCollections.Catalogues, Doc.Of(("syncId", syncId)));
        foreach (var (part, bytes) in catalogue.Chunk(MostCatalogueBytes).Index())
        {
            await session.InsertAsync(SyncCollections.Catalogues, new CataloguePart(syncId, part, bytes));
        }
    }

    internal static async Task<byte[]> CatalogueAsync(MongoSession session, string syncId)
    {
        var parts = await session.FindAsync(
            SyncCollections.Catalogues,
            Doc.Of(("syncId", syncId)),
            Doc.Of(("part", 1))
        );
        return parts is [var only] ? only.Bytes : [.. parts.SelectMany(static part => part.Bytes)];
    }

    internal static Task AddCopiesAsync(
        MongoSession session,
        string syncId,
        IReadOnlyList<SyncCollection> collections
    ) =>
        session.InsertAsync(
            SyncCollections.Copies,
            [.. collections.Select(one => SyncCollections.Copies.Write(one with { SyncId = syncId }))]
        );

    internal static BsonDocument CopyOf(string syncId, Guid collection, int range) =>
        Doc.Of(("syncId", syncId), ("collection", collection), ("range", range));

    /// <summary>A whole sync is given up: nothing more of it, and of those beside it, is taken.</summary>
    /// <returns>Whether it was not before.</returns>
    internal static async Task<bool> AbandonAsync(MongoSession session, string syncId)
    {
        var abandoned = await session.UpdateAsync(
            SyncCollections.Syncs,
            Doc.Of(("_id", syncId), ("state", Is.Not(SyncState.Abandoned))),
            Doc.Set(("state", SyncState.Abandoned))
        );
        foreach (var partial in await BesideAsync(session, syncId))
        {
            if (partial.IsOpen)
            {
                await EndAsync(session, partial.Id, SyncState.Abandoned);
            }
        }

        return abandoned;
    }

    /// <summary>Nothing more comes of a partial sync, and its slices are not needed any more.</summary>
    internal static async Task EndAsync(MongoSession session, string partialId, SyncState state)
    {
        await session.UpdateAsync(SyncCollections.Syncs, Doc.Id(partialId), Doc.Set(("state", state)));
        // A slice that is being added at this moment changes one of these: so it is not missed.
        var own = Doc.Of(("syncId", partialId));
        await session.UpdateAllAsync(SyncCollections.Copies, own, Doc.Add(MongoSession.Touches, 1));
        await DoomAsync(session, SyncCollections.Slices, own);
        await session.DeleteAsync(SyncCollections.Slices, own);
    }

    /// <summary>Lists the objects of these slices as such that are to be deleted.</summary>
    internal static async Task DoomAsync(MongoSession session, Collection slices, BsonDocument filter)
    {
        var named = await session.RawAsync(slices, filter, fields: Doc.Of(("objectName", 1), ("_id", 0)));
        await session.UpsertEachAsync(
            SyncCollections.Doomed,
            named
                .Select(static one => Doc.Id(one.View["objectName"u8].AsString))
                // As a whole: there is nothing in it but its name.
                .Select(static one => (one, one))
        );
    }
}
