using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>
/// The document of a session is where a grant under it and its revocation meet: both change it, so that one of two at the same time is begun again and
/// sees the other. What is written under a lease changes the lease's document, as its end does. So whatever is under way while a session is revoked
/// was there first, and whoever lists references sees it; or it is refused.
/// </summary>
internal sealed class MongoStoreSessions(ITransactions database, TimeProvider time) : IStoreSessions
{
    private static readonly Collection<StoreSession> Sessions = DaemonCollections.StoreSessions;
    private static readonly Collection<HeadGrant> Leases = DaemonCollections.HeadLeases;

    // Several transactions: one that ended the leases of a thousand heads, which are written to all the time, would be in somebody's way at every try.
    public async Task RevokeAsync(IReadOnlyCollection<Guid> sessions, CancellationToken cancellation = default)
    {
        await database.WriteBesideAsync("store sessions", session => RevokeAsync(session, sessions), cancellation);
        var leases = await database.ReadTogetherAsync(
            session => session.FindAsync(Leases, GrantedUnder(sessions)),
            cancellation
        );
        foreach (var lease in leases)
        {
            await database.WriteBesideAsync(
                MongoHeadLeases.LaneOf(lease.ReplicaSetId),
                session =>
                    session.UpdateAsync(
                        Leases,
                        Doc.Both(Doc.Id(lease.ReplicaSetId), GrantedUnder(sessions)),
                        Doc.Set(("daemonId", null))
                    ),
                cancellation
            );
        }
    }

    public Task<bool> IsAnyRevokedAsync(IReadOnlyCollection<Guid> sessions, CancellationToken cancellation = default) =>
        database.ReadAsync(session => IsAnyRevokedAsync(session, sessions), cancellation);

    internal static Task<bool> IsAnyRevokedAsync(MongoSession session, IEnumerable<Guid> sessions) =>
        session.AnyAsync(Sessions, Doc.Of(("_id", Is.OneOf(sessions)), ("revoked", true)));

    /// <summary>Makes it a premise of this transaction that none of them is revoked.</summary>
    /// <returns>False where one is.</returns>
    internal static async Task<bool> RelyAsync(
        MongoSession session,
        IReadOnlyCollection<Guid> sessions,
        DateTimeOffset now
    )
    {
        foreach (var id in sessions)
        {
            if (!await session.TouchAsync(Sessions, Doc.Id(id)))
            {
                await session.InsertAsync(Sessions, new StoreSession(id, now, Revoked: false));
            }
        }

        return !await IsAnyRevokedAsync(session, sessions);
    }

    private async Task RevokeAsync(MongoSession session, IReadOnlyCollection<Guid> sessions)
    {
        var now = time.GetUtcNow();
        foreach (var id in sessions)
        {
            var revoked = Doc.Set(("revoked", true), ("at", now));
            if (
                !await session.UpdateAsync(Sessions, Doc.Of(("_id", id), ("revoked", false)), revoked)
                && !await session.AnyAsync(Sessions, Doc.Id(id))
            )
            {
                await session.InsertAsync(Sessions, new StoreSession(id, now, Revoked: true));
            }
        }

        // One that was not revoked is made anew by the next grant.
        await session.DeleteAsync(Sessions, Doc.Of(("at", Is.Below(now - StoreSessions.Kept))));
    }

    private static BsonDocument GrantedUnder(IEnumerable<Guid> sessions) =>
        Doc.Of(("storeSessions", Is.OneOf(sessions)), ("daemonId", Is.Known));
}
