using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.Metadata.People;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>Sessions of browsers, not of the server's.</summary>
internal sealed class MongoSessions(ITransactions database) : ISessions
{
    private static readonly Collection<SessionRecord> Sessions = PeopleCollections.Sessions;

    public Task AddAsync(SessionRecord session, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async work =>
            {
                if (!await work.AnyAsync(PeopleCollections.Users, Doc.Id(session.UserId)))
                {
                    throw MetadataErrors.Exists("record");
                }

                await work.InsertAsync(Sessions, session);
            },
            cancellation
        );

    // The user is read after the session: one that was locked out meanwhile is seen to be.
    public Task<SessionHolder?> FindAsync(byte[] secretHash, CancellationToken cancellation = default) =>
        database.ReadAsync(
            async work =>
                await work.FirstAsync(Sessions, Doc.Of(("secretHash", secretHash))) is { } found
                && await work.GetAsync(PeopleCollections.Users, found.UserId) is { } user
                    ? new SessionHolder(found, user)
                    : null,
            cancellation
        );

    public async Task<IReadOnlyList<SessionRecord>> ListAsync(
        string userId,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            work => work.FindAsync(Sessions, Doc.Of(("userId", userId)), Doc.Of(("lastSeenAt", -1), ("_id", 1))),
            cancellation
        );

    // With requests of browsers, and of one document alone.
    public Task SeenAsync(string id, DateTimeOffset at, string address, CancellationToken cancellation = default) =>
        database.WriteBesideAsync(
            $"session {id}",
            work =>
                work.UpdateAsync(
                    Sessions,
                    Doc.Of(("_id", id), ("lastSeenAt", Is.Below(at))),
                    Doc.Set(("lastSeenAt", at), ("address", address))
                ),
            cancellation
        );

    public Task<bool> ConfirmAsync(string id, DateTimeOffset at, CancellationToken cancellation = default) =>
        database.WriteAsync(work => work.UpdateAsync(Sessions, Doc.Id(id), Doc.Set(("confirmedAt", at))), cancellation);

    public Task<bool> EndAsync(string userId, string id, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async work => await work.DeleteAsync(Sessions, Doc.Of(("_id", id), ("userId", userId))) == 1,
            cancellation
        );

    public Task<int> EndAllAsync(string userId, string? kept, CancellationToken cancellation = default) =>
        database.WriteAsync(work => EndAllAsync(work, userId, kept), cancellation);

    public Task<int> RemoveExpiredAsync(
        DateTimeOffset now,
        DateTimeOffset idleSince,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            async work =>
            {
                var over = Doc.Any(Doc.Of(("expiresAt", Is.AtMost(now))), Doc.Of(("lastSeenAt", Is.AtMost(idleSince))));
                return (int)await work.DeleteAsync(Sessions, Doc.Of(over));
            },
            cancellation
        );

    /// <param name="kept">The id of one that stays; null where none does.</param>
    internal static async Task<int> EndAllAsync(MongoSession work, string userId, string? kept) =>
        (int)await work.DeleteAsync(Sessions, Doc.Of(("userId", userId), ("_id", Is.Not(kept))));
}
