using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.Metadata.People;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>Users are never removed: that one is there is a premise that holds.</summary>
internal sealed class MongoUsers(ITransactions database) : IUsers
{
    /// <summary>By name, then e-mail.</summary>
    internal static readonly BsonDocument ByName = Doc.Of(("name", 1), (PeopleCollections.EmailFolded, 1));

    private static readonly Collection<UserRecord> Users = PeopleCollections.Users;

    private static readonly BsonDocument NoLockOut = Doc.Set(("failedTries", 0), ("lockedUntil", null));

    public Task<bool> AnyAsync(CancellationToken cancellation = default) =>
        database.ReadAsync(session => session.AnyAsync(Users, Doc.All), cancellation);

    public async Task<IReadOnlyList<UserRecord>> ListAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(session => session.FindAsync(Users, Doc.All, ByName), cancellation);

    public Task<UserRecord?> FindAsync(string id, CancellationToken cancellation = default) =>
        database.ReadAsync(session => session.GetAsync(Users, id), cancellation);

    public Task<UserRecord?> FindByEmailAsync(string email, CancellationToken cancellation = default) =>
        database.ReadAsync(session => session.FirstAsync(Users, OfEmail(UserRecord.Fold(email))), cancellation);

    public Task AddAsync(UserRecord user, CancellationToken cancellation = default) =>
        database.WriteAsync(session => InsertAsync(session, user), cancellation);

    public Task SetSetupTokenAsync(byte[] hash, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
                session.PutAsync(
                    PeopleCollections.SetupTokens,
                    Doc.Id(SetupToken.Only),
                    new SetupToken(SetupToken.Only, hash)
                ),
            cancellation
        );

    public Task AddFirstAsync(
        UserRecord user,
        string groupId,
        byte[] setupToken,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            async session =>
            {
                if (
                    await session.AnyAsync(Users, Doc.All)
                    || await session.DeleteAsync(PeopleCollections.SetupTokens, Doc.Of(("secretHash", setupToken))) == 0
                )
                {
                    throw MetadataErrors.NoSetup();
                }

                await InsertAsync(session, user);
                await MongoMemberships.SetAsync(session, groupId, user.Id, GroupRole.Owner, user.CreatedAt);
            },
            cancellation
        );

    public Task SetNameAsync(string userId, string name, CancellationToken cancellation = default) =>
        ChangeAsync(userId, Doc.Set(("name", name)), null, cancellation);

    public Task SetAdministratorAsync(string userId, bool administrator, CancellationToken cancellation = default) =>
        ChangeAsync(userId, Doc.Set(("isAdministrator", administrator)), RequireAdministratorAsync, cancellation);

    public Task SetDisabledAsync(string userId, DateTimeOffset? at, CancellationToken cancellation = default) =>
        ChangeAsync(
            userId,
            Doc.Set(("disabledAt", at)),
            async session =>
            {
                if (at is not null)
                {
                    await MongoSessions.EndAllAsync(session, userId, kept: null);
                    await RequireAdministratorAsync(session);
                }
            },
            cancellation
        );

    public Task SetPasswordAsync(
        string userId,
        string passwordHash,
        bool mustChange,
        string? keptSession,
        CancellationToken cancellation = default
    ) =>
        ChangeAsync(
            userId,
            Doc.Set(
                ("passwordHash", passwordHash),
                ("mustChange", mustChange),
                ("failedTries", 0),
                ("lockedUntil", null)
            ),
            session => MongoSessions.EndAllAsync(session, userId, keptSession),
            cancellation
        );

    public Task RehashAsync(string userId, string old, string stronger, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
                session.UpdateAsync(
                    Users,
                    Doc.Of(("_id", userId), ("passwordHash", old)),
                    Doc.Set(("passwordHash", stronger))
                ),
            cancellation
        );

    public Task<DateTimeOffset?> BeginTryAsync(
        string userId,
        LockOutRule rule,
        DateTimeOffset now,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            async session =>
            {
                var user = await session.GetAsync(Users, userId) ?? throw MetadataErrors.Missing("user", userId);
                if (user.LockedUntil is { } locked && now < locked)
                {
                    return user.LockedUntil;
                }

                var failures = user.FailedTries + 1;
                var wait = rule.Wait(failures);
                DateTimeOffset? until = wait > TimeSpan.Zero ? now + wait : null;
                await session.UpdateAsync(
                    Users,
                    Doc.Id(userId),
                    Doc.Set(("failedTries", failures), ("lockedUntil", until))
                );
                return (DateTimeOffset?)null;
            },
            cancellation
        );

    public Task GoodTryAsync(string userId, DateTimeOffset now, CancellationToken cancellation = default) =>
        ChangeAsync(
            userId,
            Doc.Set(("failedTries", 0), ("lockedUntil", null), ("lastLoginAt", now)),
            null,
            cancellation
        );

    public Task UnlockAsync(string userId, CancellationToken cancellation = default) =>
        ChangeAsync(userId, NoLockOut, null, cancellation);

    /// <exception cref="Foundation.Errors.BackupException">6100 where another user has that address.</exception>
    internal static async Task InsertAsync(MongoSession session, UserRecord user)
    {
        var folded = UserRecord.Fold(user.Email);
        if (await session.AnyAsync(Users, OfEmail(folded)))
        {
            throw MetadataErrors.Taken(user.Email);
        }

        // What becomes of a user later is not given with the new one.
        var added = new UserRecord(
            user.Id,
            user.Email,
            user.Name,
            user.PasswordHash,
            user.IsAdministrator,
            user.CreatedAt
        )
        {
            MustChange = user.MustChange,
        };
        await session.InsertAsync(Users, added, (PeopleCollections.EmailFolded, folded));
    }

    private static BsonDocument OfEmail(string folded) => Doc.Of((PeopleCollections.EmailFolded, folded));

    private static async Task RequireAdministratorAsync(MongoSession session)
    {
        if (!await session.AnyAsync(Users, Doc.Of(("isAdministrator", true), ("disabledAt", null))))
        {
            throw MetadataErrors.NoAdministratorLeft();
        }
    }

    /// <param name="then">In the same transaction.</param>
    private Task ChangeAsync(
        string userId,
        BsonDocument change,
        Func<MongoSession, Task>? then,
        CancellationToken cancellation
    ) =>
        database.WriteAsync(
            async session =>
            {
                if (!await session.UpdateAsync(Users, Doc.Id(userId), change))
                {
                    throw MetadataErrors.Missing("user", userId);
                }

                await (then?.Invoke(session) ?? Task.CompletedTask);
            },
            cancellation
        );
}
