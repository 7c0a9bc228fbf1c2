namespace Backup.Metadata.Sqlite;

internal sealed class SqliteLeases(ITransactions database, TimeProvider time) : ILeases
{
    private const string Columns = "deployment_id, agent_id, session, fence, renewals, granted_at, renewed_at";

    public Task<AgentLease?> FindAsync(string deploymentId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => Find(session, deploymentId), cancellation);

    public async Task<IReadOnlyList<AgentLease>> ListAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session => session.Query($"SELECT {Columns} FROM agent_leases ORDER BY deployment_id", Lease),
            cancellation
        );

    public Task<AgentLease?> GrantAsync(
        string deploymentId,
        string agentId,
        string session,
        AgentLease? seen,
        CancellationToken cancellation = default
    ) => database.WriteAsync(work => Grant(work, deploymentId, agentId, session, seen), cancellation);

    public Task<AgentLease?> RenewAsync(AgentLease held, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
                session.Execute(
                    """
                    UPDATE agent_leases SET renewals = renewals + 1, renewed_at = @now
                    WHERE deployment_id = @DeploymentId AND fence = @Fence AND agent_id = @AgentId
                    """,
                    Of(held)
                ) == 0
                    ? null
                    : Find(session, held.DeploymentId),
            cancellation
        );

    public Task<bool> ReleaseAsync(AgentLease held, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
                session.Execute(
                    """
                    UPDATE agent_leases SET agent_id = NULL, renewed_at = @now
                    WHERE deployment_id = @DeploymentId AND fence = @Fence AND agent_id = @AgentId
                    """,
                    Of(held)
                ) > 0,
            cancellation
        );

    /// <exception cref="Foundation.Errors.BackupException">6014.</exception>
    internal static void Require(Session session, LeaseProof proof)
    {
        var current = session.Number(
            """
            SELECT count(*) FROM agent_leases
            WHERE deployment_id = @DeploymentId AND fence = @Fence AND agent_id = @AgentId
            """,
            proof
        );
        if (current == 0)
        {
            throw MetadataErrors.Fenced(proof.DeploymentId, proof.Fence);
        }
    }

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    private AgentLease? Grant(Session session, string deploymentId, string agentId, string run, AgentLease? seen)
    {
        SqliteDeployments.RequireDeployment(session, deploymentId);
        var stored = Find(session, deploymentId);
        if (stored?.Fence != seen?.Fence || stored?.Renewals != seen?.Renewals)
        {
            return null;
        }

        session.Execute(
            $"""
            INSERT OR REPLACE INTO agent_leases ({Columns})
            VALUES (@deploymentId, @agentId, @run, @fence, 0, @now, @now)
            """,
            new
            {
                deploymentId,
                agentId,
                run,
                fence = (stored?.Fence ?? 0) + 1,
                now = Now,
            }
        );
        return Find(session, deploymentId);
    }

    private object Of(AgentLease held) =>
        new
        {
            held.DeploymentId,
            held.AgentId,
            held.Fence,
            now = Now,
        };

    private static AgentLease? Find(Session session, string deploymentId) =>
        session.Find(
            $"SELECT {Columns} FROM agent_leases WHERE deployment_id = @deploymentId",
            Lease,
            new { deploymentId }
        );

    private static AgentLease Lease(Row row) =>
        new(row.Text(), row.TextOrNull(), row.Text(), row.Long(), row.Long(), row.Time(), row.Time());
}
