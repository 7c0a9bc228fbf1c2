namespace Backup.Metadata.Sqlite;

internal sealed class SqliteAlerts(ITransactions database, TimeProvider time) : IAlerts
{
    public Task<bool> RaiseAsync(
        string condition,
        string subject,
        string code,
        string message,
        string hint,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
            {
                var raised = new
                {
                    condition,
                    subject,
                    code,
                    message,
                    hint,
                    now = time.GetUtcNow().ToUnixTimeMilliseconds(),
                };
                var known = session.Execute(
                    """
                    UPDATE alerts SET code = @code, message = @message, hint = @hint, last_at = @now
                    WHERE condition = @condition AND subject = @subject AND resolved_at IS NULL
                    """,
                    raised
                );
                if (known == 0)
                {
                    session.Execute(
                        """
                        INSERT INTO alerts (condition, subject, code, message, hint, since, last_at)
                        VALUES (@condition, @subject, @code, @message, @hint, @now, @now)
                        """,
                        raised
                    );
                }

                return known == 0;
            },
            cancellation
        );

    public Task<bool> ResolveAsync(string condition, string subject, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
                session.Execute(
                    """
                    UPDATE alerts SET resolved_at = @now
                    WHERE condition = @condition AND subject = @subject AND resolved_at IS NULL
                    """,
                    new
                    {
                        condition,
                        subject,
                        now = time.GetUtcNow().ToUnixTimeMilliseconds(),
                    }
                ) > 0,
            cancellation
        );

    public async Task<IReadOnlyList<AlertRecord>> ListAsync(
        bool onlyOpen = true,
        int limit = 200,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    """
                    SELECT condition, subject, code, message, hint, since, last_at, resolved_at
                    FROM alerts WHERE @onlyOpen = 0 OR resolved_at IS NULL ORDER BY ordinal DESC LIMIT @limit
                    """,
                    row => new AlertRecord(
                        row.Text(),
                        row.Text(),
                        row.Text(),
                        row.Text(),
                        row.Text(),
                        row.Time(),
                        row.Time(),
                        row.TimeOrNull()
                    ),
                    new { onlyOpen = onlyOpen ? 1 : 0, limit }
                ),
            cancellation
        );
}
