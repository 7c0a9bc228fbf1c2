using Backup.Metadata.People;

namespace Backup.Metadata.Sqlite;

internal sealed class SqliteSessions(ITransactions database) : ISessions
{
    private const string Columns =
        "sessions.id, sessions.secret_hash, sessions.user_id, sessions.created_at, sessions.last_seen_at, sessions.confirmed_at, sessions.address, sessions.user_agent, sessions.expires_at";

    public Task AddAsync(SessionRecord session, CancellationToken cancellation = default) =>
        database.WriteAsync(
            transaction =>
            {
                transaction.Execute(
                    """
                    INSERT INTO sessions
                        (id, secret_hash, user_id, created_at, last_seen_at, confirmed_at, address, user_agent, expires_at)
                    VALUES
                        (@Id, @SecretHash, @UserId, @created, @seen, @confirmed, @Address, @UserAgent, @expires)
                    """,
                    new
                    {
                        session.Id,
                        session.SecretHash,
                        session.UserId,
                        created = session.CreatedAt.ToUnixTimeMilliseconds(),
                        seen = session.LastSeenAt.ToUnixTimeMilliseconds(),
                        confirmed = session.ConfirmedAt?.ToUnixTimeMilliseconds(),
                        session.Address,
                        session.UserAgent,
                        expires = session.ExpiresAt.ToUnixTimeMilliseconds(),
                    }
                );
            },
            cancellation
        );

    public Task<SessionHolder?> FindAsync(byte[] secretHash, CancellationToken cancellation = default) =>
        database.ReadAsync(
            session =>
                session.Find(
                    $"""
                    SELECT {Columns}, {SqliteUsers.Columns}
                    FROM sessions JOIN users ON users.id = sessions.user_id WHERE sessions.secret_hash = @secretHash
                    """,
                    row => new SessionHolder(Record(row), SqliteUsers.User(row)),
                    new { secretHash }
                ),
            cancellation
        );

    public async Task<IReadOnlyList<SessionRecord>> ListAsync(
        string userId,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    $"SELECT {Columns} FROM sessions WHERE user_id = @userId ORDER BY last_seen_at DESC, id",
                    Record,
                    new { userId }
                ),
            cancellation
        );

    public Task SeenAsync(string id, DateTimeOffset at, string address, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                session.Execute(
                    "UPDATE sessions SET last_seen_at = @at, address = @address WHERE id = @id AND last_seen_at < @at",
                    new
                    {
                        id,
                        address,
                        at = at.ToUnixTimeMilliseconds(),
                    }
                );
            },
            cancellation
        );

    public Task<bool> ConfirmAsync(string id, DateTimeOffset at, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
                session.Execute(
                    "UPDATE sessions SET confirmed_at = @at WHERE id = @id",
                    new { id, at = at.ToUnixTimeMilliseconds() }
                ) == 1,
            cancellation
        );

    public Task<bool> EndAsync(string userId, string id, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
                session.Execute("DELETE FROM sessions WHERE id = @id AND user_id = @userId", new { id, userId }) == 1,
            cancellation
        );

    public Task<int> EndAllAsync(string userId, string? kept, CancellationToken cancellation = default) =>
        database.WriteAsync(session => EndAll(session, userId, kept), cancellation);

    public Task<int> RemoveExpiredAsync(
        DateTimeOffset now,
        DateTimeOffset idleSince,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
                session.Execute(
                    "DELETE FROM sessions WHERE expires_at <= @now OR last_seen_at <= @idleSince",
                    new { now = now.ToUnixTimeMilliseconds(), idleSince = idleSince.ToUnixTimeMilliseconds() }
                ),
            cancellation
        );

    internal static int EndAll(Session session, string userId, string? kept) =>
        session.Execute("DELETE FROM sessions WHERE user_id = @userId AND id IS NOT @kept", new { userId, kept });

    private static SessionRecord Record(Row row) =>
        new(
            row.Text(),
            row.Bytes(),
            row.Text(),
            row.Time(),
            row.Time(),
            row.TimeOrNull(),
            row.Text(),
            row.Text(),
            row.Time()
        );
}
