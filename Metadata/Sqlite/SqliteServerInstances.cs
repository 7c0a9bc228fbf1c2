namespace Backup.Metadata.Sqlite;

internal sealed class SqliteServerInstances(ITransactions database, TimeProvider time) : IServerInstances
{
    private const int ForgottenAfter = 10;

    public Task<int> SeenAsync(string instanceId, TimeSpan silence, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                var now = time.GetUtcNow().ToUnixTimeMilliseconds();
                var window = (long)silence.TotalMilliseconds;
                session.Execute(
                    """
                    INSERT INTO server_instances (id, seen_at) VALUES (@instanceId, @now)
                    ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at
                    """,
                    new { instanceId, now }
                );
                session.Execute(
                    "DELETE FROM server_instances WHERE seen_at < @before",
                    new { before = now - (window * ForgottenAfter) }
                );
                return (int)
                    session.Number(
                        "SELECT count(*) FROM server_instances WHERE seen_at >= @since",
                        new { since = now - window }
                    );
            },
            cancellation
        );

    public Task LeaveAsync(string instanceId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session => session.Execute("DELETE FROM server_instances WHERE id = @instanceId", new { instanceId }),
            cancellation
        );
}
