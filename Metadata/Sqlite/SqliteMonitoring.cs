namespace Backup.Metadata.Sqlite;

internal sealed class SqliteMonitoring(ITransactions database) : IMonitoring
{
    private const long Minute = 60_000;

    public Task AddAsync(MonitoringRecord sample, TimeSpan keep, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                var minute = MinuteOf(sample.At);
                session.Execute(
                    """
                    INSERT INTO monitoring (deployment_id, minute, raw_length, content)
                    VALUES (@DeploymentId, @minute, @RawLength, @Content)
                    ON CONFLICT (deployment_id, minute)
                        DO UPDATE SET raw_length = excluded.raw_length, content = excluded.content
                    """,
                    new
                    {
                        sample.DeploymentId,
                        minute,
                        sample.RawLength,
                        sample.Content,
                    }
                );
                session.Execute(
                    "DELETE FROM monitoring WHERE deployment_id = @DeploymentId AND minute <= @last",
                    new { sample.DeploymentId, last = minute - (long)keep.TotalMinutes }
                );
            },
            cancellation
        );

    public async Task<IReadOnlyList<MonitoringRecord>> ListAsync(
        string deploymentId,
        DateTimeOffset from,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    """
                    SELECT deployment_id, minute * 60000, content, raw_length FROM monitoring
                    WHERE deployment_id = @deploymentId AND minute >= @first ORDER BY minute
                    """,
                    row => new MonitoringRecord(row.Text(), row.Time(), row.Bytes(), row.Int()),
                    new { deploymentId, first = MinuteOf(from) }
                ),
            cancellation
        );

    public async Task<IReadOnlyList<MonitoringRecord>> NewestAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    """
                    SELECT sample.deployment_id, sample.minute * 60000, sample.content, sample.raw_length
                    FROM deployments JOIN monitoring sample ON sample.deployment_id = deployments.id
                        AND sample.minute = (SELECT max(minute) FROM monitoring WHERE deployment_id = deployments.id)
                    """,
                    static row => new MonitoringRecord(row.Text(), row.Time(), row.Bytes(), row.Int())
                ),
            cancellation
        );

    private static long MinuteOf(DateTimeOffset at) => at.ToUnixTimeMilliseconds() / Minute;
}
