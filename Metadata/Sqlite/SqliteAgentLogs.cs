namespace Backup.Metadata.Sqlite;

internal sealed class SqliteAgentLogs(ITransactions database) : IAgentLogs
{
    private const string Columns = "agent_id, request_id, lines, since_seconds, requested_at, excerpt";

    public Task RequestAsync(AgentLogRecord request, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                if (session.Number("SELECT count(*) FROM agents WHERE id = @AgentId", new { request.AgentId }) == 0)
                {
                    throw MetadataErrors.Missing("agent", request.AgentId);
                }

                session.Execute(
                    $"""
                    INSERT OR REPLACE INTO agent_logs ({Columns})
                    VALUES (@AgentId, @RequestId, @Lines, @SinceSeconds, @at, NULL)
                    """,
                    new
                    {
                        request.AgentId,
                        request.RequestId,
                        request.Lines,
                        request.SinceSeconds,
                        at = request.RequestedAt.ToUnixTimeMilliseconds(),
                    }
                );
            },
            cancellation
        );

    public Task<AgentLogRecord?> FindAsync(string agentId, CancellationToken cancellation = default) =>
        database.ReadAsync(
            session =>
                session.Find(
                    $"SELECT {Columns} FROM agent_logs WHERE agent_id = @agentId",
                    row => new AgentLogRecord(
                        row.Text(),
                        row.Text(),
                        row.Int(),
                        row.LongOrNull(),
                        row.Time(),
                        row.TextOrNull()
                    ),
                    new { agentId }
                ),
            cancellation
        );

    public Task<bool> AnswerAsync(
        string agentId,
        string requestId,
        string excerpt,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
                session.Execute(
                    """
                    UPDATE agent_logs SET excerpt = @excerpt
                    WHERE agent_id = @agentId AND request_id = @requestId AND excerpt IS NULL
                    """,
                    new
                    {
                        agentId,
                        requestId,
                        excerpt,
                    }
                ) > 0,
            cancellation
        );
}
