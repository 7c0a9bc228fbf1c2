using Backup.Metadata.People;

namespace Backup.Metadata.Sqlite;

internal sealed class SqliteApiTokens(ITransactions database) : IApiTokens
{
    private const string Columns =
        "id, secret_hash, group_id, role, name, created_by, created_at, expires_at, last_used_at, revoked_at";

    public Task AddAsync(ApiTokenRecord token, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                session.Execute(
                    "DELETE FROM api_tokens WHERE revoked_at <= @before OR expires_at <= @before",
                    new { before = (token.CreatedAt - IApiTokens.Kept).ToUnixTimeMilliseconds() }
                );
                session.Execute(
                    $"""
                    INSERT INTO api_tokens ({Columns})
                    VALUES (@Id, @SecretHash, @GroupId, @role, @Name, @CreatedBy, @created, @expires, @used, @revoked)
                    """,
                    new
                    {
                        token.Id,
                        token.SecretHash,
                        token.GroupId,
                        role = (int)token.Role,
                        token.Name,
                        token.CreatedBy,
                        created = token.CreatedAt.ToUnixTimeMilliseconds(),
                        expires = token.ExpiresAt?.ToUnixTimeMilliseconds(),
                        used = token.LastUsedAt?.ToUnixTimeMilliseconds(),
                        revoked = token.RevokedAt?.ToUnixTimeMilliseconds(),
                    }
                );
            },
            cancellation
        );

    public Task<ApiTokenRecord?> FindAsync(byte[] secretHash, CancellationToken cancellation = default) =>
        database.ReadAsync(
            session =>
                session.Find(
                    $"SELECT {Columns} FROM api_tokens WHERE secret_hash = @secretHash",
                    Token,
                    new { secretHash }
                ),
            cancellation
        );

    public async Task<IReadOnlyList<ApiTokenRecord>> ListAsync(
        string groupId,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    $"SELECT {Columns} FROM api_tokens WHERE group_id = @groupId ORDER BY created_at DESC, id",
                    Token,
                    new { groupId }
                ),
            cancellation
        );

    public Task RevokeAsync(string groupId, string id, DateTimeOffset now, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                var found = session.Execute(
                    "UPDATE api_tokens SET revoked_at = coalesce(revoked_at, @now) WHERE id = @id AND group_id = @groupId",
                    new
                    {
                        id,
                        groupId,
                        now = now.ToUnixTimeMilliseconds(),
                    }
                );
                if (found == 0)
                {
                    throw MetadataErrors.Missing("API token", id);
                }
            },
            cancellation
        );

    public Task UsedAsync(string id, DateTimeOffset at, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                session.Execute(
                    "UPDATE api_tokens SET last_used_at = @at WHERE id = @id AND coalesce(last_used_at, 0) < @at",
                    new { id, at = at.ToUnixTimeMilliseconds() }
                );
            },
            cancellation
        );

    private static ApiTokenRecord Token(Row row) =>
        new(
            row.Text(),
            row.Bytes(),
            row.Text(),
            (GroupRole)row.Int(),
            row.Text(),
            row.Text(),
            row.Time(),
            row.TimeOrNull(),
            row.TimeOrNull(),
            row.TimeOrNull()
        );
}
