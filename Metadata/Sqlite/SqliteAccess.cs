namespace Backup.Metadata.Sqlite;

internal sealed class SqliteAccess(ITransactions database, TimeProvider time) : IAccess
{
    internal const string AgentColumns =
        "agents.id, agents.group_id, agents.host_name, agents.version, agents.enrolled_at, agents.last_seen_at, agents.revoked";

    public Task<Group> EnsureGroupAsync(string name, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                session.Execute(
                    "INSERT INTO groups (id, name, created_at) VALUES (@id, @name, @now) ON CONFLICT (name) DO NOTHING",
                    new
                    {
                        id = Guid.NewGuid().ToString("N"),
                        name,
                        now = Now,
                    }
                );
                return session.Find(
                    "SELECT id, name, created_at FROM groups WHERE name = @name",
                    row => new Group(row.Text(), row.Text(), row.Time()),
                    new { name }
                )!;
            },
            cancellation
        );

    public async Task<IReadOnlyList<Group>> GroupsAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    "SELECT id, name, created_at FROM groups ORDER BY created_at, id",
                    row => new Group(row.Text(), row.Text(), row.Time())
                ),
            cancellation
        );

    public Task AddTokenAsync(EnrolmentToken token, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
                session.Execute(
                    """
                    INSERT INTO tokens (secret_hash, group_id, expires_at, used)
                    VALUES (@SecretHash, @GroupId, @expires, @Used)
                    """,
                    new
                    {
                        token.SecretHash,
                        token.GroupId,
                        expires = token.ExpiresAt.ToUnixTimeMilliseconds(),
                        token.Used,
                    }
                ),
            cancellation
        );

    public Task<AgentRecord?> EnrolAsync(
        byte[] secretHash,
        AgentRecord agent,
        ApiKeyRecord key,
        ClientCertificateRecord? certificate = null,
        CancellationToken cancellation = default
    ) => database.WriteAsync(session => Enrol(session, secretHash, agent, key, certificate), cancellation);

    public async Task<IReadOnlyList<AgentRecord>> AgentsAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session => session.Query($"SELECT {AgentColumns} FROM agents ORDER BY enrolled_at, id", Agent),
            cancellation
        );

    public Task AgentSeenAsync(string agentId, string version, CancellationToken cancellation = default) =>
        ChangeAgentAsync(
            "UPDATE agents SET last_seen_at = @now, version = @version WHERE id = @agentId",
            agentId,
            version,
            cancellation
        );

    public Task RevokeAgentAsync(string agentId, CancellationToken cancellation = default) =>
        // What it still sends is fenced off as what is sent under a lease that is over.
        ChangeAgentAsync(
            """
            UPDATE agent_leases SET agent_id = NULL WHERE agent_id = @agentId;
            UPDATE agents SET revoked = 1 WHERE id = @agentId
            """,
            agentId,
            "",
            cancellation
        );

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    private AgentRecord? Enrol(
        Session session,
        byte[] secretHash,
        AgentRecord agent,
        ApiKeyRecord key,
        ClientCertificateRecord? certificate
    )
    {
        var group = session.Find(
            "SELECT group_id FROM tokens WHERE secret_hash = @secretHash AND used = 0 AND expires_at > @now",
            row => row.Text(),
            new { secretHash, now = Now }
        );
        if (group is null)
        {
            return null;
        }

        session.Execute("UPDATE tokens SET used = 1 WHERE secret_hash = @secretHash", new { secretHash });
        session.Execute(
            """
            INSERT INTO agents (id, group_id, host_name, version, enrolled_at, last_seen_at, revoked)
            VALUES (@Id, @group, @HostName, @Version, @enrolled, @seen, @Revoked)
            """,
            new
            {
                agent.Id,
                group,
                agent.HostName,
                agent.Version,
                enrolled = agent.EnrolledAt.ToUnixTimeMilliseconds(),
                seen = agent.LastSeenAt?.ToUnixTimeMilliseconds(),
                agent.Revoked,
            }
        );
        SqliteCredentials.Insert(session, key with { GroupId = group, AgentId = agent.Id, State = ApiKeyState.Valid });
        if (certificate is not null)
        {
            SqliteCredentials.Insert(session, certificate with { AgentId = agent.Id });
        }

        return session.Find($"SELECT {AgentColumns} FROM agents WHERE id = @Id", Agent, new { agent.Id });
    }

    private Task ChangeAgentAsync(string sql, string agentId, string version, CancellationToken cancellation) =>
        database.WriteAsync(
            session =>
            {
                var changed = session.Execute(
                    sql,
                    new
                    {
                        agentId,
                        version,
                        now = Now,
                    }
                );
                if (changed == 0)
                {
                    throw MetadataErrors.Missing("agent", agentId);
                }
            },
            cancellation
        );

    internal static AgentRecord Agent(Row row) =>
        new(row.Text(), row.Text(), row.Text(), row.Text(), row.Time(), row.TimeOrNull(), row.Flag());
}
