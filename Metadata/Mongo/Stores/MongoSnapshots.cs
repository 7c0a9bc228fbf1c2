using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

internal sealed class MongoSnapshots(ITransactions database, TimeProvider time) : ISnapshots
{
    private const string Ordinal = DeploymentCollections.Ordinal;
    private static readonly Collection<SnapshotRecord> Snapshots = SnapshotCollections.Snapshots;

    public Task AddAsync(SnapshotRecord snapshot, CancellationToken cancellation = default) =>
        database.WriteAsync(session => AddAsync(session, snapshot), cancellation);

    public Task<SnapshotRecord?> FindAsync(string id, CancellationToken cancellation = default) =>
        database.ReadAsync(session => session.GetAsync(Snapshots, id), cancellation);

    public async Task<(long Count, long RawBytes)> TotalAsync(CancellationToken cancellation = default)
    {
        var group = Doc.Of(("_id", null), ("count", Doc.Of(("$sum", 1))), ("rawBytes", Doc.Of(("$sum", "$rawBytes"))));
        var found = await database.ReadAsync(
            session => session.AggregateAsync(Snapshots, Doc.Of(("$group", group))),
            cancellation
        );
        return found is [var sums] ? (sums.View["count"u8].ToInt64(), sums.View["rawBytes"u8].ToInt64()) : (0, 0);
    }

    public async Task<IReadOnlyList<SnapshotRecord>> ListAsync(
        string replicaSetId,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.FindAsync(
                    Snapshots,
                    Doc.Of(("replicaSetId", replicaSetId)),
                    Doc.Of(("optime.ts", -1), (Ordinal, -1))
                ),
            cancellation
        );

    public async Task<IReadOnlyList<SnapshotRecord>> NewestAsync(CancellationToken cancellation = default) =>
        await database.ReadTogetherAsync(
            async session => await NewestOfEachAsync(session, Snapshots, Doc.All, "$replicaSetId"),
            cancellation
        );

    public Task<SnapshotRecord> KeepAsync(string id, KeepingChange change, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                var found = await FindLooseAsync(session, id);
                var (pinned, expires) = change.Of(found.PinnedAt, found.ExpiresAt, time.GetUtcNow());
                await session.UpdateAsync(Snapshots, Doc.Id(id), Doc.Set(("pinnedAt", pinned), ("expiresAt", expires)));
                return (await session.GetAsync(Snapshots, id))!;
            },
            cancellation
        );

    public Task<bool> ExpireAsync(SnapshotRecord seen, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
                await session.GetAsync(Snapshots, seen.Id) is { CutId: null, PinnedAt: null } now
                && now.ExpiresAt == seen.ExpiresAt
                && !await MongoReadHolds.IsReadAsync(session, now, time)
                && await HasOthersAsync(session, now)
                && await session.DeleteAsync(Snapshots, Doc.Id(seen.Id)) == 1,
            cancellation
        );

    public Task DeleteAsync(string id, bool evenLast, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                var found = await FindLooseAsync(session, id);
                if (found.PinnedAt is not null)
                {
                    throw MetadataErrors.Pinned(id);
                }

                if (await MongoReadHolds.IsReadAsync(session, found, time, ofBursts: true))
                {
                    throw MetadataErrors.Kept(id);
                }

                if (await MongoReadHolds.IsReadAsync(session, found, time))
                {
                    throw MetadataErrors.BeingRead(id);
                }

                if (!evenLast && !await HasOthersAsync(session, found))
                {
                    throw MetadataErrors.Last(id);
                }

                await session.DeleteAsync(Snapshots, Doc.Id(id));
            },
            cancellation
        );

    internal static async Task AddAsync(MongoSession session, SnapshotRecord snapshot)
    {
        await MongoDeployments.RequireReplicaSetAsync(session, snapshot.ReplicaSetId);
        var ordinal = await session.NextAsync(Snapshots.Name);
        await session.InsertAsync(Snapshots, snapshot, (Ordinal, ordinal));
    }

    /// <summary>Of every replica set, newest first.</summary>
    internal static async Task<IEnumerable<SnapshotRecord>> AllAsync(MongoSession session) =>
        // In the order of an index, which costs the server nothing. Those of one optime keep it.
        (await session.FindAsync(Snapshots, Doc.All, Doc.Of((Ordinal, -1)))).OrderByDescending(static one =>
            one.Optime
        );

    internal static Task<List<SnapshotRecord>> OfCutAsync(MongoSession session, string cutId) =>
        session.FindAsync(Snapshots, Doc.Of(("cutId", cutId)));

    /// <summary>Of those that match the newest of each group, in the order in which they were added.</summary>
    /// <param name="session">In one transaction.</param>
    /// <param name="collection">Its documents have an ordinal.</param>
    /// <param name="filter">Which.</param>
    /// <param name="group">The field by which they are told apart, with a $ in front.</param>
    internal static async Task<List<T>> NewestOfEachAsync<T>(
        MongoSession session,
        Collection<T> collection,
        BsonDocument filter,
        string group
    )
        where T : class
    {
        var newest = await session.AggregateAsync(
            collection,
            Doc.Of(("$match", filter)),
            Doc.Of(("$group", Doc.Of(("_id", group), (Ordinal, Doc.Of(("$max", $"${Ordinal}"))))))
        );
        var ordinals = newest.Select(static one => one.View["ordinal"u8].ToInt64());
        return await session.FindAsync(collection, Doc.Of((Ordinal, Is.OneOf(ordinals))), MongoSyncRecords.ByOrdinal);
    }

    private static Task<bool> HasOthersAsync(MongoSession session, SnapshotRecord snapshot) =>
        session.AnyAsync(Snapshots, Doc.Of(("replicaSetId", snapshot.ReplicaSetId), ("_id", Is.Not(snapshot.Id))));

    private static async Task<SnapshotRecord> FindLooseAsync(MongoSession session, string id)
    {
        var found = await session.GetAsync(Snapshots, id) ?? throw MetadataErrors.Missing("snapshot", id);
        return found.CutId is { } cut ? throw MetadataErrors.Part(id, cut) : found;
    }
}
