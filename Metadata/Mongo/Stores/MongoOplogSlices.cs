using Backup.Foundation;
using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>
/// Slices come several times a second from every replica set. The sync's document says which one is the next, and what they hold: a new slice changes it, as
/// does whatever gives slices up or ends the sync, so slices of different syncs are written beside each other.
/// </summary>
internal sealed class MongoOplogSlices(ITransactions database, TimeProvider time) : IOplogSlices
{
    /// <summary>Slices that are given up in one transaction.</summary>
    private const int MostRemovedTogether = 1000;

    private static readonly Collection<OplogSlice> Slices = SyncCollections.OplogSlices;
    private static readonly Collection<SyncRecord> Syncs = SyncCollections.Syncs;

    public Task<bool> AddAsync(OplogSlice slice, CancellationToken cancellation = default) =>
        database.WriteBesideAsync(LaneOf(slice.SyncId), session => AddAsync(session, slice), cancellation);

    public Task<OplogSlice?> FindAsync(string syncId, long sequence, CancellationToken cancellation = default) =>
        database.ReadAsync(
            session => session.FirstAsync(Slices, Doc.Of(("syncId", syncId), ("sequence", sequence))),
            cancellation
        );

    public async Task<IReadOnlyDictionary<string, Optime>> NewestAsync(CancellationToken cancellation = default)
    {
        // Those that were abandoned or replaced are few.
        var syncs = await database.ReadAsync(
            static session =>
                session.RawAsync(Syncs, Doc.Of(("state", Is.Not(SyncState.Abandoned))), fields: Doc.Of(("extent", 1))),
            cancellation
        );
        var newest = new Dictionary<string, Optime>(StringComparer.Ordinal);
        foreach (var sync in syncs)
        {
            if (ExtentOf(sync) is { } extent)
            {
                newest[sync.View["_id"u8].AsString] = extent.Last;
            }
        }

        return newest;
    }

    public Task<OplogSlice?> NewestAsync(string syncId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => NewestAsync(session, syncId), cancellation);

    public async Task<IReadOnlyList<OplogSlice>> AfterAsync(
        string syncId,
        Optime after,
        int limit,
        CancellationToken cancellation = default
    ) =>
        limit <= 0
            ? []
            : await database.ReadAsync(
                session =>
                    session.FindAsync(
                        Slices,
                        Doc.Of(("syncId", syncId), ("last.ts", Is.Above(after.Stamp()))),
                        Doc.Of(("last.ts", 1), ("sequence", 1)),
                        limit
                    ),
                cancellation
            );

    public Task<OplogExtent?> ExtentAsync(string syncId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => ExtentAsync(session, syncId), cancellation);

    public async Task<long> RawBytesAsync(
        string syncId,
        Optime after,
        Optime through,
        CancellationToken cancellation = default
    )
    {
        var match = Doc.Of(
            ("syncId", syncId),
            ("last.ts", Is.Above(after.Stamp())),
            ("first.ts", Is.AtMost(through.Stamp()))
        );
        var found = await database.ReadAsync(
            session =>
                session.AggregateAsync(
                    Slices,
                    Doc.Of(("$match", match)),
                    Doc.Of(("$group", Doc.Of(("_id", null), ("bytes", Doc.Of(("$sum", "$rawLength"))))))
                ),
            cancellation
        );
        return found is [var sum] ? sum.View["bytes"u8].ToInt64() : 0;
    }

    public async Task<int> RemoveBeforeAsync(string syncId, Optime before, CancellationToken cancellation = default)
    {
        // Each part is a step of its own, decided anew: there may be more than a transaction should have.
        var (removed, part) = (0, MostRemovedTogether);
        while (part == MostRemovedTogether)
        {
            part = await database.WriteAsync(session => RemoveBeforeAsync(session, syncId, before, time), cancellation);
            removed += part;
        }

        return removed;
    }

    public async Task<IReadOnlyList<string>> DoomedAsync(int limit, CancellationToken cancellation = default) =>
        limit <= 0
            ? []
            :
            [
                .. (
                    await database.ReadAsync(
                        session => session.FindAsync(SyncCollections.Doomed, Doc.All, Doc.Of(("_id", 1)), limit),
                        cancellation
                    )
                ).Select(static one => one.Name),
            ];

    public Task DeletedAsync(IReadOnlyList<string> objectNames, CancellationToken cancellation = default) =>
        database.WriteBesideAsync(
            "doomed",
            async session =>
            {
                foreach (var names in objectNames.Chunk(MostRemovedTogether))
                {
                    await session.DeleteAsync(SyncCollections.Doomed, Doc.Of(("_id", Is.OneOf(names))));
                }
            },
            cancellation
        );

    public Task AddHoleAsync(OplogHole hole, CancellationToken cancellation = default) =>
        database.WriteAsync(session => MongoHoles.AddAsync(session, hole), cancellation);

    public async Task<IReadOnlyList<OplogHole>> HolesAsync(
        string replicaSetId,
        CancellationToken cancellation = default
    ) => await database.ReadAsync(session => MongoHoles.ListAsync(session, replicaSetId), cancellation);

    public Task RemoveHolesAsync(string syncId, HoleKind kind, CancellationToken cancellation = default) =>
        database.WriteAsync(session => MongoHoles.RemoveOpenAsync(session, syncId, kind), cancellation);

    internal static Task<OplogSlice?> NewestAsync(MongoSession session, string syncId) =>
        session.FirstAsync(Slices, Doc.Of(("syncId", syncId)), Doc.Of(("sequence", -1)));

    internal static async Task<OplogExtent?> ExtentAsync(MongoSession session, string syncId) =>
        await session.RawAsync(Syncs, Doc.Id(syncId), limit: 1) is [var sync] ? ExtentOf(sync) : null;

    /// <summary>Of a sync's document.</summary>
    internal static OplogExtent? ExtentOf(BsonDocument sync) =>
        sync.View.TryGet("extent"u8, out var extent) && extent.Type == BsonType.Document
            ? (OplogExtent)RecordMap.Of(typeof(OplogExtent)).Read(extent.AsDocument)
            : null;

    private static string LaneOf(string syncId) => $"sync {syncId}";

    private static async Task<bool> AddAsync(MongoSession session, OplogSlice slice)
    {
        var isFirst = slice.Sequence == 0;
        var follows = Doc.Of(
            ("_id", slice.SyncId),
            ("replicaSetId", slice.ReplicaSetId),
            ("state", Is.Not(SyncState.Abandoned)),
            (SyncCollections.NextSlice, slice.Sequence)
        );
        var extent = isFirst
            ? Doc.Set((SyncCollections.Extent, new OplogExtent(slice.Previous, slice.First, slice.Last)))
            : Doc.Set(($"{SyncCollections.Extent}.last", slice.Last));
        var moved = await session.UpdateAsync(
            Syncs,
            isFirst ? follows : Doc.Both(follows, Doc.Of(($"{SyncCollections.Extent}.last", slice.Previous))),
            Doc.Both(extent, Doc.Add(SyncCollections.NextSlice, 1))
        );
        if (moved)
        {
            await session.InsertAsync(Slices, slice);
            return true;
        }

        var sync =
            await MongoSyncRecords.FindAsync(session, slice.SyncId)
            ?? throw MetadataErrors.Missing("sync", slice.SyncId);
        return sync.State is SyncState.Abandoned || sync.ReplicaSetId != slice.ReplicaSetId
            ? throw MetadataErrors.NotCurrent(slice.SyncId)
            : false;
    }

    /// <returns>How many were given up: fewer than <see cref="MostRemovedTogether"/> are the last.</returns>
    private static async Task<int> RemoveBeforeAsync(
        MongoSession session,
        string syncId,
        Optime before,
        TimeProvider time
    )
    {
        // Its extent is changed in the end: no slice is added meanwhile.
        await session.TouchAsync(Syncs, Doc.Id(syncId));
        if (await MongoReadHolds.OldestOfAsync(session, syncId, time) is { } read && read < before)
        {
            before = read;
        }

        foreach (var partial in await MongoSyncRecords.BesideAsync(session, syncId))
        {
            var isReplayed = partial.State is SyncState.Copying or SyncState.Copied;
            before = isReplayed && partial.Begin < before ? partial.Begin : before;
        }

        var isAbandoned = await MongoSyncRecords.FindAsync(session, syncId) is { State: SyncState.Abandoned };
        var newest = await NewestAsync(session, syncId);
        var old = Doc.Of(
            ("syncId", syncId),
            ("last.ts", Is.Below(before.Stamp())),
            ("sequence", isAbandoned ? Is.AtLeast(0L) : Is.Below(newest?.Sequence ?? 0))
        );
        var some = await session.FindAsync(Slices, old, Doc.Of(("sequence", 1)), MostRemovedTogether);
        if (some.Count == 0)
        {
            return 0;
        }

        // Their ends are in the order of their numbers: they are the oldest.
        var doomed = Doc.Of(("syncId", syncId), ("sequence", Is.AtMost(some[^1].Sequence)));
        await MongoSyncRecords.DoomAsync(session, Slices, doomed);
        await session.DeleteAsync(Slices, doomed);
        var oldest = await session.FirstAsync(Slices, Doc.Of(("syncId", syncId)), Doc.Of(("sequence", 1)));
        await session.UpdateAsync(
            Syncs,
            Doc.Id(syncId),
            Doc.Set(
                (
                    SyncCollections.Extent,
                    oldest is null ? null : new OplogExtent(oldest.Previous, oldest.First, newest!.Last)
                )
            )
        );
        return some.Count;
    }
}
