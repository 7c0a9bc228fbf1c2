namespace Backup.Metadata.Sqlite;

internal sealed class SqliteCredentials(ITransactions database, TimeProvider time) : ICredentials
{
    private const string KeyColumns =
        "api_keys.id, api_keys.group_id, api_keys.agent_id, api_keys.key_hash, api_keys.state, api_keys.created_at, api_keys.last_used_at, api_keys.ended_at, api_keys.replaces, api_keys.rotation_wanted";

    private const string CertificateColumns = "sha256, agent_id, issued_at, expires_at, revoked_at";

    public Task<KeyHolder?> FindKeyAsync(byte[] hash, CancellationToken cancellation = default) =>
        database.ReadAsync(
            session =>
                session.Find(
                    $"""
                    SELECT {KeyColumns}, {SqliteAccess.AgentColumns}
                    FROM api_keys JOIN agents ON agents.id = api_keys.agent_id WHERE api_keys.key_hash = @hash
                    """,
                    row => new KeyHolder(Key(row), SqliteAccess.Agent(row)),
                    new { hash }
                ),
            cancellation
        );

    public async Task<IReadOnlyList<ApiKeyRecord>> KeysAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session => session.Query($"SELECT {KeyColumns} FROM api_keys ORDER BY created_at, id", Key),
            cancellation
        );

    public Task<bool> OfferKeyAsync(ApiKeyRecord next, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                var valid = session.Number(
                    "SELECT count(*) FROM api_keys WHERE id = @Replaces AND agent_id = @AgentId AND state = @state",
                    new
                    {
                        next.Replaces,
                        next.AgentId,
                        state = (int)ApiKeyState.Valid,
                    }
                );
                if (valid == 0)
                {
                    return false;
                }

                session.Execute(
                    "DELETE FROM api_keys WHERE replaces = @Replaces AND state = @state",
                    new { next.Replaces, state = (int)ApiKeyState.Pending }
                );
                Insert(session, next with { State = ApiKeyState.Pending });
                return true;
            },
            cancellation
        );

    public Task<bool> ConfirmKeyAsync(string keyId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                if (Find(session, keyId) is not { } key)
                {
                    return false;
                }

                if (key.State == ApiKeyState.Pending)
                {
                    SetState(session, keyId, ApiKeyState.Valid, endedAt: null);
                    SetState(session, key.Replaces!, ApiKeyState.Replaced, Now);
                }

                return key.State is ApiKeyState.Pending or ApiKeyState.Valid;
            },
            cancellation
        );

    public Task RequestRotationAsync(string keyId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                var key = Find(session, keyId) ?? throw MetadataErrors.Missing("API key", keyId);
                if (key.State != ApiKeyState.Valid)
                {
                    throw MetadataErrors.KeyEnded(keyId);
                }

                session.Execute("UPDATE api_keys SET rotation_wanted = 1 WHERE id = @keyId", new { keyId });
            },
            cancellation
        );

    public Task RevokeKeyAsync(string keyId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                _ = Find(session, keyId) ?? throw MetadataErrors.Missing("API key", keyId);
                session.Execute(
                    """
                    UPDATE api_keys SET state = @revoked, ended_at = @now
                    WHERE (id = @keyId AND state IN (@pending, @valid)) OR (replaces = @keyId AND state = @pending)
                    """,
                    new
                    {
                        keyId,
                        now = Now,
                        revoked = (int)ApiKeyState.Revoked,
                        pending = (int)ApiKeyState.Pending,
                        valid = (int)ApiKeyState.Valid,
                    }
                );
            },
            cancellation
        );

    public Task KeysUsedAsync(
        IReadOnlyCollection<KeyValuePair<string, DateTimeOffset>> uses,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
            {
                foreach (var (id, at) in uses)
                {
                    session.Execute(
                        "UPDATE api_keys SET last_used_at = @at WHERE id = @id AND coalesce(last_used_at, 0) < @at",
                        new { id, at = at.ToUnixTimeMilliseconds() }
                    );
                }
            },
            cancellation
        );

    public Task AddCertificateAsync(ClientCertificateRecord certificate, CancellationToken cancellation = default) =>
        database.WriteAsync(session => Insert(session, certificate), cancellation);

    public Task<ClientCertificateRecord?> FindCertificateAsync(
        byte[] sha256,
        CancellationToken cancellation = default
    ) =>
        database.ReadAsync(
            session =>
                session.Find(
                    $"SELECT {CertificateColumns} FROM client_certificates WHERE sha256 = @sha256",
                    Certificate,
                    new { sha256 }
                ),
            cancellation
        );

    public async Task<IReadOnlyList<ClientCertificateRecord>> CertificatesAsync(
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    $"SELECT {CertificateColumns} FROM client_certificates ORDER BY issued_at, sha256",
                    Certificate
                ),
            cancellation
        );

    public Task RevokeCertificateAsync(byte[] sha256, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                var found = session.Execute(
                    "UPDATE client_certificates SET revoked_at = coalesce(revoked_at, @now) WHERE sha256 = @sha256",
                    new { sha256, now = Now }
                );
                if (found == 0)
                {
                    throw MetadataErrors.Missing("certificate", Convert.ToHexStringLower(sha256));
                }
            },
            cancellation
        );

    internal static void Insert(Session session, ApiKeyRecord key) =>
        session.Execute(
            """
            INSERT INTO api_keys
                (id, group_id, agent_id, key_hash, state, created_at, last_used_at, ended_at, replaces, rotation_wanted)
            VALUES
                (@Id, @GroupId, @AgentId, @Hash, @state, @created, @used, @ended, @Replaces, @RotationWanted)
            """,
            new
            {
                key.Id,
                key.GroupId,
                key.AgentId,
                key.Hash,
                state = (int)key.State,
                created = key.CreatedAt.ToUnixTimeMilliseconds(),
                used = key.LastUsedAt?.ToUnixTimeMilliseconds(),
                ended = key.EndedAt?.ToUnixTimeMilliseconds(),
                key.Replaces,
                key.RotationWanted,
            }
        );

    internal static void Insert(Session session, ClientCertificateRecord certificate) =>
        session.Execute(
            """
            INSERT INTO client_certificates (sha256, agent_id, issued_at, expires_at, revoked_at)
            VALUES (@Sha256, @AgentId, @issued, @expires, @revoked)
            """,
            new
            {
                certificate.Sha256,
                certificate.AgentId,
                issued = certificate.IssuedAt.ToUnixTimeMilliseconds(),
                expires = certificate.ExpiresAt.ToUnixTimeMilliseconds(),
                revoked = certificate.RevokedAt?.ToUnixTimeMilliseconds(),
            }
        );

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    private static ApiKeyRecord? Find(Session session, string keyId) =>
        session.Find($"SELECT {KeyColumns} FROM api_keys WHERE id = @keyId", Key, new { keyId });

    private static void SetState(Session session, string keyId, ApiKeyState state, long? endedAt) =>
        session.Execute(
            "UPDATE api_keys SET state = @state, ended_at = @endedAt, rotation_wanted = 0 WHERE id = @keyId",
            new
            {
                keyId,
                state = (int)state,
                endedAt,
            }
        );

    private static ApiKeyRecord Key(Row row) =>
        new(
            row.Text(),
            row.Text(),
            row.Text(),
            row.Bytes(),
            (ApiKeyState)row.Int(),
            row.Time(),
            row.TimeOrNull(),
            row.TimeOrNull(),
            row.TextOrNull(),
            row.Flag()
        );

    private static ClientCertificateRecord Certificate(Row row) =>
        new(row.Bytes(), row.Text(), row.Time(), row.Time(), row.TimeOrNull());
}
