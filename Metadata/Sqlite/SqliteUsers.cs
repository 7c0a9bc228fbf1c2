using Backup.Metadata.People;

namespace Backup.Metadata.Sqlite;

internal sealed class SqliteUsers(ITransactions database) : IUsers
{
    internal const string Columns =
        "users.id, users.email, users.name, users.password_hash, users.administrator, users.created_at, users.must_change, users.sealed_totp, users.totp_last_step, users.sealed_totp_offer, users.failed_tries, users.locked_until, users.last_login_at, users.disabled_at";

    public Task<bool> AnyAsync(CancellationToken cancellation = default) =>
        database.ReadAsync(session => Any(session), cancellation);

    public async Task<IReadOnlyList<UserRecord>> ListAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session => session.Query($"SELECT {Columns} FROM users ORDER BY name, email_folded", User),
            cancellation
        );

    public Task<UserRecord?> FindAsync(string id, CancellationToken cancellation = default) =>
        database.ReadAsync(session => Find(session, id), cancellation);

    public Task<UserRecord?> FindByEmailAsync(string email, CancellationToken cancellation = default) =>
        database.ReadAsync(
            session =>
                session.Find(
                    $"SELECT {Columns} FROM users WHERE email_folded = @folded",
                    User,
                    new { folded = UserRecord.Fold(email) }
                ),
            cancellation
        );

    public Task AddAsync(UserRecord user, CancellationToken cancellation = default) =>
        database.WriteAsync(session => Insert(session, user), cancellation);

    public Task SetSetupTokenAsync(byte[] hash, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                session.Execute(
                    """
                    INSERT INTO setup_token (id, secret_hash) VALUES (1, @hash)
                    ON CONFLICT (id) DO UPDATE SET secret_hash = excluded.secret_hash
                    """,
                    new { hash }
                );
            },
            cancellation
        );

    public Task AddFirstAsync(
        UserRecord user,
        string groupId,
        byte[] setupToken,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
            {
                if (
                    Any(session)
                    || session.Execute("DELETE FROM setup_token WHERE secret_hash = @setupToken", new { setupToken })
                        == 0
                )
                {
                    throw MetadataErrors.NoSetup();
                }

                Insert(session, user);
                SqliteMemberships.Upsert(session, groupId, user.Id, GroupRole.Owner, user.CreatedAt);
            },
            cancellation
        );

    public Task SetNameAsync(string userId, string name, CancellationToken cancellation = default) =>
        ChangeAsync("name = @name", new { userId, name }, userId, null, cancellation);

    public Task SetAdministratorAsync(string userId, bool administrator, CancellationToken cancellation = default) =>
        ChangeAsync(
            "administrator = @administrator",
            new { userId, administrator },
            userId,
            session => RequireAdministrator(session),
            cancellation
        );

    public Task SetDisabledAsync(string userId, DateTimeOffset? at, CancellationToken cancellation = default) =>
        ChangeAsync(
            "disabled_at = @at",
            new { userId, at = at?.ToUnixTimeMilliseconds() },
            userId,
            session =>
            {
                if (at is not null)
                {
                    SqliteSessions.EndAll(session, userId, kept: null);
                    RequireAdministrator(session);
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
            "password_hash = @passwordHash, must_change = @mustChange, failed_tries = 0, locked_until = NULL",
            new
            {
                userId,
                passwordHash,
                mustChange,
            },
            userId,
            session => SqliteSessions.EndAll(session, userId, keptSession),
            cancellation
        );

    public Task RehashAsync(string userId, string old, string stronger, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                session.Execute(
                    "UPDATE users SET password_hash = @stronger WHERE id = @userId AND password_hash = @old",
                    new
                    {
                        userId,
                        old,
                        stronger,
                    }
                );
            },
            cancellation
        );

    public Task<DateTimeOffset?> BeginTryAsync(
        string userId,
        LockOutRule rule,
        DateTimeOffset now,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
            {
                var user = Find(session, userId) ?? throw MetadataErrors.Missing("user", userId);
                if (user.LockedUntil is { } locked && now < locked)
                {
                    return user.LockedUntil;
                }

                var failures = user.FailedTries + 1;
                var wait = rule.Wait(failures);
                session.Execute(
                    "UPDATE users SET failed_tries = @failures, locked_until = @until WHERE id = @userId",
                    new
                    {
                        userId,
                        failures,
                        until = wait > TimeSpan.Zero ? (now + wait).ToUnixTimeMilliseconds() : (long?)null,
                    }
                );
                return (DateTimeOffset?)null;
            },
            cancellation
        );

    public Task GoodTryAsync(string userId, DateTimeOffset now, CancellationToken cancellation = default) =>
        ChangeAsync(
            "failed_tries = 0, locked_until = NULL, last_login_at = @now",
            new { userId, now = now.ToUnixTimeMilliseconds() },
            userId,
            null,
            cancellation
        );

    public Task UnlockAsync(string userId, CancellationToken cancellation = default) =>
        ChangeAsync("failed_tries = 0, locked_until = NULL", new { userId }, userId, null, cancellation);

    internal static UserRecord? Find(Session session, string id) =>
        session.Find($"SELECT {Columns} FROM users WHERE id = @id", User, new { id });

    internal static void Insert(Session session, UserRecord user)
    {
        var folded = UserRecord.Fold(user.Email);
        if (session.Number("SELECT count(*) FROM users WHERE email_folded = @folded", new { folded }) > 0)
        {
            throw MetadataErrors.Taken(user.Email);
        }

        session.Execute(
            """
            INSERT INTO users (id, email, email_folded, name, password_hash, administrator, created_at, must_change)
            VALUES (@Id, @Email, @folded, @Name, @PasswordHash, @IsAdministrator, @created, @MustChange)
            """,
            new
            {
                user.Id,
                user.Email,
                folded,
                user.Name,
                user.PasswordHash,
                user.IsAdministrator,
                created = user.CreatedAt.ToUnixTimeMilliseconds(),
                user.MustChange,
            }
        );
    }

    internal static UserRecord User(Row row) =>
        new(row.Text(), row.Text(), row.Text(), row.Text(), row.Flag(), row.Time())
        {
            MustChange = row.Flag(),
            SealedTotp = row.BytesOrNull(),
            TotpLastStep = row.LongOrNull(),
            SealedTotpOffer = row.BytesOrNull(),
            FailedTries = row.Int(),
            LockedUntil = row.TimeOrNull(),
            LastLoginAt = row.TimeOrNull(),
            DisabledAt = row.TimeOrNull(),
        };

    private static bool Any(Session session) => session.Number("SELECT count(*) FROM users") > 0;

    private static void RequireAdministrator(Session session)
    {
        if (session.Number("SELECT count(*) FROM users WHERE administrator AND disabled_at IS NULL") == 0)
        {
            throw MetadataErrors.NoAdministratorLeft();
        }
    }

    /// <param name="then">In the same transaction.</param>
    private Task ChangeAsync(
        string assignments,
        object arguments,
        string userId,
        Action<Session>? then,
        CancellationToken cancellation
    ) =>
        database.WriteAsync(
            session =>
            {
                if (session.Execute($"UPDATE users SET {assignments} WHERE id = @userId", arguments) == 0)
                {
                    throw MetadataErrors.Missing("user", userId);
                }

                then?.Invoke(session);
            },
            cancellation
        );
}
