using Backup.Foundation;
using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>Removals depend on there being no hold, which no document of theirs says: so a hold is set by itself, as they are.</summary>
internal sealed class MongoReadHolds(ITransactions database, TimeProvider time) : IReadHolds
{
    private static readonly Collection<ReadHold> Holds = SnapshotCollections.Holds;

    public Task SetAsync(ReadHold hold, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                await MongoDeployments.RequireReplicaSetAsync(session, hold.ReplicaSetId);
                // Those that ran out belong to readers that died.
                await session.DeleteAsync(Holds, Doc.Of(("until", Is.AtMost(time.GetUtcNow()))));
                await session.PutAsync(Holds, Doc.Id(hold.Id), hold);
            },
            cancellation
        );

    public Task ReleaseAsync(string id, CancellationToken cancellation = default) =>
        database.WriteBesideAsync($"hold {id}", session => session.DeleteAsync(Holds, Doc.Id(id)), cancellation);

    public async Task<IReadOnlyList<ReadHold>> ListAsync(
        string replicaSetId,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session => session.FindAsync(Holds, Doc.Of(("replicaSetId", replicaSetId), Now(time)), Doc.Of(("_id", 1))),
            cancellation
        );

    /// <summary>Of every replica set: those that have not run out.</summary>
    internal static Task<List<ReadHold>> AllAsync(MongoSession session, TimeProvider time) =>
        session.FindAsync(Holds, Doc.Of(Now(time)), Doc.Of(("_id", 1)));

    /// <summary>The oldest entry that somebody reads from now; null where nobody does.</summary>
    internal static async Task<Optime?> OldestOfAsync(MongoSession session, string syncId, TimeProvider time) =>
        (await session.FirstAsync(Holds, Doc.Of(("syncId", syncId), Now(time)), Doc.Of(("from.ts", 1))))?.From;

    /// <summary>Whether somebody reads it now, or the moment before a burst is kept.</summary>
    /// <param name="session">In which it is looked at.</param>
    /// <param name="snapshot">Which.</param>
    /// <param name="time">The clock.</param>
    /// <param name="ofBursts">The latter alone.</param>
    internal static Task<bool> IsReadAsync(
        MongoSession session,
        SnapshotRecord snapshot,
        TimeProvider time,
        bool ofBursts = false
    )
    {
        var reads = Doc.Of(
            ("replicaSetId", snapshot.ReplicaSetId),
            ("manifestBlock", snapshot.ManifestBlock),
            Now(time)
        );
        return session.AnyAsync(Holds, ofBursts ? Doc.Both(reads, Doc.Of(("_id", Bursts()))) : reads);
    }

    /// <summary>Ids that begin with <see cref="ReadHold.BurstPrefix"/>.</summary>
    private static BsonDocument Bursts()
    {
        const string from = ReadHold.BurstPrefix;
        return Is.Within(from, from[..^1] + (char)(from[^1] + 1));
    }

    private static (string, object?) Now(TimeProvider time) => ("until", Is.Above(time.GetUtcNow()));
}
