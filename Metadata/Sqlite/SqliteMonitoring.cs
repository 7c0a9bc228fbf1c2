namespace Backup.Metadata.Sqlite;

internal sealed class SqliteMonitoring(ITransactions database) : IMonitoring
{
    private const long Minute = 60_000;

    /// <summary>Minutes of the spans that samples are in.</summary>
    private const int Shortest = 5;

    private const string Sample = "deployment_id, minute * 60000, content, raw_length";

    public Task AddAsync(
        MonitoringRecord sample,
        TimeSpan keep,
        IReadOnlyList<HostEventRecord>? events = null,
        CancellationToken cancellation = default
    ) =>
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
                MakeDue(session, sample.DeploymentId, Shortest, minute / Shortest);
                if (events is { Count: > 0 })
                {
                    Add(session, sample, events);
                }
            },
            cancellation
        );

    public async Task<IReadOnlyList<MonitoringRecord>> ListAsync(
        string deploymentId,
        DateTimeOffset from,
        DateTimeOffset? to = null,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    $"""
                    SELECT {Sample} FROM monitoring
                    WHERE deployment_id = @deploymentId AND minute >= @first AND minute < @end ORDER BY minute
                    """,
                    Read,
                    new
                    {
                        deploymentId,
                        first = MinuteOf(from),
                        end = to is { } end ? MinuteOf(end) : long.MaxValue,
                    }
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
                    Read
                ),
            cancellation
        );

    public Task<MonitoringRecord?> NewestAsync(string deploymentId, CancellationToken cancellation = default) =>
        database.ReadAsync(
            session =>
                session.Find(
                    $"SELECT {Sample} FROM monitoring WHERE deployment_id = @deploymentId ORDER BY minute DESC LIMIT 1",
                    Read,
                    new { deploymentId }
                ),
            cancellation
        );

    public async Task<IReadOnlyList<DueSpan>> DueAsync(
        DateTimeOffset before,
        int limit,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    """
                    SELECT deployment_id, minutes, number * minutes * 60000, changes FROM monitoring_due
                    WHERE (number + 1) * minutes <= @before ORDER BY minutes, number LIMIT @limit
                    """,
                    static row => new DueSpan(row.Text(), row.Int(), row.Time(), row.Long()),
                    new { before = MinuteOf(before), limit }
                ),
            cancellation
        );

    public Task RollAsync(
        DueSpan due,
        SpanRecord? span,
        TimeSpan keep,
        int? longer,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
            {
                var begin = MinuteOf(due.From);
                var number = begin / due.Minutes;
                if (span is not null)
                {
                    session.Execute(
                        """
                        INSERT OR REPLACE INTO monitoring_spans (deployment_id, minutes, number, raw_length, content)
                        VALUES (@DeploymentId, @Minutes, @number, @RawLength, @Content)
                        """,
                        new
                        {
                            span.DeploymentId,
                            span.Minutes,
                            number,
                            span.RawLength,
                            span.Content,
                        }
                    );
                    if (longer is { } minutes)
                    {
                        MakeDue(session, due.DeploymentId, minutes, begin / minutes);
                    }
                }

                session.Execute(
                    """
                    DELETE FROM monitoring_spans
                    WHERE deployment_id = @DeploymentId AND minutes = @Minutes AND number <= @last
                    """,
                    new
                    {
                        due.DeploymentId,
                        due.Minutes,
                        last = number - (long)(keep.TotalMinutes / due.Minutes),
                    }
                );
                session.Execute(
                    """
                    DELETE FROM monitoring_due
                    WHERE deployment_id = @DeploymentId AND minutes = @Minutes AND number = @number AND changes = @Changes
                    """,
                    new
                    {
                        due.DeploymentId,
                        due.Minutes,
                        number,
                        due.Changes,
                    }
                );
            },
            cancellation
        );

    public async Task<IReadOnlyList<SpanRecord>> SpansAsync(
        string deploymentId,
        int minutes,
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    """
                    SELECT deployment_id, minutes, number * minutes * 60000, content, raw_length FROM monitoring_spans
                    WHERE deployment_id = @deploymentId AND minutes = @minutes AND number >= @first AND number < @end
                    ORDER BY number
                    """,
                    static row => new SpanRecord(row.Text(), row.Int(), row.Time(), row.Bytes(), row.Int()),
                    new
                    {
                        deploymentId,
                        minutes,
                        first = MinuteOf(from) / minutes,
                        end = (MinuteOf(to) + minutes - 1) / minutes,
                    }
                ),
            cancellation
        );

    public async Task<IReadOnlyList<HostEventRecord>> EventsAsync(
        string deploymentId,
        DateTimeOffset from,
        DateTimeOffset to,
        int limit,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    """
                    SELECT deployment_id, at, kind, host, before, now FROM host_events
                    WHERE deployment_id = @deploymentId AND at >= @first AND at < @end ORDER BY at DESC, ordinal DESC LIMIT @limit
                    """,
                    static row => new HostEventRecord(
                        row.Text(),
                        row.Time(),
                        (HostEventKind)row.Int(),
                        row.Text(),
                        row.Text(),
                        row.Text()
                    ),
                    new
                    {
                        deploymentId,
                        first = from.ToUnixTimeMilliseconds(),
                        end = to.ToUnixTimeMilliseconds(),
                        limit,
                    }
                ),
            cancellation
        );

    private static void Add(Session session, MonitoringRecord sample, IReadOnlyList<HostEventRecord> events)
    {
        foreach (var one in events)
        {
            session.Execute(
                """
                INSERT INTO host_events (deployment_id, at, kind, host, before, now)
                VALUES (@DeploymentId, @at, @kind, @Host, @Before, @Now)
                """,
                new
                {
                    sample.DeploymentId,
                    at = one.At.ToUnixTimeMilliseconds(),
                    kind = (int)one.Kind,
                    one.Host,
                    one.Before,
                    one.Now,
                }
            );
        }

        session.Execute(
            """
            DELETE FROM host_events WHERE deployment_id = @DeploymentId AND (at < @oldest OR ordinal <= (
                SELECT ordinal FROM host_events WHERE deployment_id = @DeploymentId ORDER BY ordinal DESC LIMIT 1 OFFSET @most
            ))
            """,
            new
            {
                sample.DeploymentId,
                oldest = (sample.At - IMonitoring.EventsKept).ToUnixTimeMilliseconds(),
                most = IMonitoring.MostEvents,
            }
        );
    }

    private static void MakeDue(Session session, string deploymentId, int minutes, long number) =>
        session.Execute(
            """
            INSERT INTO monitoring_due (deployment_id, minutes, number, changes) VALUES (@deploymentId, @minutes, @number, 1)
            ON CONFLICT (minutes, number, deployment_id) DO UPDATE SET changes = changes + 1
            """,
            new
            {
                deploymentId,
                minutes,
                number,
            }
        );

    private static MonitoringRecord Read(Row row) => new(row.Text(), row.Time(), row.Bytes(), row.Int());

    private static long MinuteOf(DateTimeOffset at) => at.ToUnixTimeMilliseconds() / Minute;
}
