using Backup.Metadata.Alerting;

namespace Backup.Metadata.Sqlite;

internal sealed class SqliteAlerts(ITransactions database, TimeProvider time) : IAlerts
{
    private const string Columns = """
        condition, subject, code, message, hint, since, last_at, resolved_at, ordinal, group_id, deployment_id, subject_name, severity, consequence, is_event,
        known_by, known_at, known_comment, known_until, resolution, reopened, notices, told, next_notice_at
        """;

    // What was told to be over and is open again is told at once the first time, after one of these the second, and so on.
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(5);
    private const int MostPauses = 4;

    private const string Open = "condition = @condition AND subject = @subject AND resolved_at IS NULL";

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    public Task<bool> RaiseAsync(AlertRaise raise, CancellationToken cancellation = default) =>
        database.WriteAsync(session => Raise(session, raise), cancellation);

    public Task<bool> ResolveAsync(string condition, string subject, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                var named = new
                {
                    condition,
                    subject,
                    now = Now,
                };
                session.Execute(
                    "UPDATE alerts SET still_so = 0 WHERE condition = @condition AND subject = @subject AND still_so = 1",
                    named
                );
                // Of what nobody was told, nobody is told the end.
                return session.Execute(
                        $"UPDATE alerts SET resolved_at = @now, to_tell = told IS NOT NULL WHERE {Open}",
                        named
                    ) > 0;
            },
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
                    $"SELECT {Columns} FROM alerts WHERE @onlyOpen = 0 OR resolved_at IS NULL ORDER BY ordinal DESC LIMIT @limit",
                    Alert,
                    new { onlyOpen = onlyOpen ? 1 : 0, limit }
                ),
            cancellation
        );

    public async Task<IReadOnlyList<AlertRecord>> WatchedAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    $"SELECT {Columns} FROM alerts WHERE resolved_at IS NULL OR still_so = 1 ORDER BY ordinal DESC",
                    Alert
                ),
            cancellation
        );

    public async Task<IReadOnlyList<AlertRecord>> FindAsync(
        AlertQuery query,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    $"""
                    SELECT {Columns} FROM alerts
                    WHERE (group_id IS @GroupId OR (@appliance = 1 AND group_id IS NULL))
                        AND (@open = 0 OR resolved_at IS NULL) AND (@Before IS NULL OR ordinal < @Before)
                    ORDER BY ordinal DESC LIMIT @Limit
                    """,
                    Alert,
                    new
                    {
                        query.GroupId,
                        appliance = query.WithAppliance ? 1 : 0,
                        open = query.OnlyOpen ? 1 : 0,
                        query.Before,
                        query.Limit,
                    }
                ),
            cancellation
        );

    public Task<AlertRecord?> FindAsync(long id, CancellationToken cancellation = default) =>
        database.ReadAsync(session => Find(session, id), cancellation);

    public Task<AlertRecord> AcknowledgeAsync(
        long id,
        Acknowledgement acknowledgement,
        CancellationToken cancellation = default
    ) =>
        ChangeOpenAsync(
            id,
            session =>
                session.Execute(
                    """
                    UPDATE alerts SET known_by = @By, known_at = @at, known_comment = @Comment, known_until = @until
                    WHERE ordinal = @id
                    """,
                    new
                    {
                        id,
                        acknowledgement.By,
                        at = acknowledgement.At.ToUnixTimeMilliseconds(),
                        acknowledgement.Comment,
                        until = acknowledgement.Until?.ToUnixTimeMilliseconds(),
                    }
                ),
            cancellation
        );

    public Task<AlertRecord> CloseAsync(long id, string resolution, CancellationToken cancellation = default) =>
        ChangeOpenAsync(
            id,
            session =>
                session.Execute(
                    """
                    UPDATE alerts SET resolved_at = @now, resolution = @resolution, still_so = 1, to_tell = told IS NOT NULL
                    WHERE ordinal = @id
                    """,
                    new
                    {
                        id,
                        resolution,
                        now = Now,
                    }
                ),
            cancellation
        );

    public async Task<IReadOnlyList<AlertRecord>> DueAsync(int limit, CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    $"""
                    SELECT {Columns} FROM alerts
                    WHERE to_tell = 1 AND (
                        (told IS NULL AND (next_notice_at IS NULL OR next_notice_at <= @now))
                        OR told < severity OR (told IS NOT NULL AND resolved_at IS NOT NULL)
                        OR (next_notice_at <= @now AND (known_by IS NULL OR known_until <= @now))
                    )
                    ORDER BY ordinal LIMIT @limit
                    """,
                    Alert,
                    new { now = Now, limit }
                ),
            cancellation
        );

    public Task<bool> TellAsync(
        IReadOnlyList<Notice> notices,
        IReadOnlyList<DeliveryRecord> deliveries,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
            {
                foreach (var notice in notices)
                {
                    var notices = session.Number(
                        """
                        SELECT notices FROM alerts
                        WHERE ordinal = @AlertId AND to_tell = 1 AND (is_event = 1 OR (resolved_at IS NOT NULL) = @over)
                        UNION ALL SELECT -1
                        """,
                        new { notice.AlertId, over = notice.Kind == NoticeKind.Resolved ? 1 : 0 }
                    );
                    if (notices != notice.Seen)
                    {
                        return false;
                    }
                }

                foreach (var notice in notices)
                {
                    session.Execute(
                        """
                        UPDATE alerts SET notices = notices + 1, told = CASE WHEN resolved_at IS NULL OR is_event = 1 THEN severity END,
                            next_notice_at = @next, to_tell = resolved_at IS NULL
                        WHERE ordinal = @AlertId
                        """,
                        new { notice.AlertId, next = notice.Next?.ToUnixTimeMilliseconds() }
                    );
                }

                foreach (var delivery in deliveries)
                {
                    SqliteAlertChannels.Queue(session, delivery);
                }

                return true;
            },
            cancellation
        );

    public Task<int> PruneAsync(DateTimeOffset before, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
                session.Execute(
                    "DELETE FROM alerts WHERE resolved_at < @before AND to_tell = 0 AND still_so = 0",
                    new { before = before.ToUnixTimeMilliseconds() }
                ),
            cancellation
        );

    public Task<bool> TakeWatchAsync(string owner, TimeSpan time, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
                session.Execute(
                    """
                    INSERT INTO alert_watch (one, owner, until) VALUES (1, @owner, @until)
                    ON CONFLICT (one) DO UPDATE SET owner = excluded.owner, until = excluded.until
                        WHERE alert_watch.owner = excluded.owner OR alert_watch.until <= @now
                    """,
                    new
                    {
                        owner,
                        now = Now,
                        until = Now + (long)time.TotalMilliseconds,
                    }
                ) > 0,
            cancellation
        );

    private bool Raise(Session session, AlertRaise raise)
    {
        var raised = new
        {
            condition = raise.Condition,
            subject = raise.Subject,
            raise.Code,
            raise.Message,
            raise.Hint,
            raise.Consequence,
            deployment = raise.DeploymentId ?? raise.Subject,
            group = raise.GroupId,
            name = raise.SubjectName,
            severity = (int)raise.Severity,
            isEvent = raise.IsEvent ? 1 : 0,
            now = Now,
            recently = Now - (long)AlertRecord.ReopenedWithin.TotalMilliseconds,
            most = MostPauses,
            pause = (long)Pause.TotalMilliseconds,
        };
        if (raise.IsEvent)
        {
            session.Execute(Insert, raised);
            return true;
        }

        const string Update = """
            UPDATE alerts SET code = @Code, message = @Message, hint = @Hint, consequence = @Consequence, severity = @severity, last_at = @now
            """;
        if (
            session.Execute($"{Update} WHERE {Open}", raised) > 0
            || session.Execute(
                "UPDATE alerts SET last_at = @now WHERE condition = @condition AND subject = @subject AND still_so = 1",
                raised
            ) > 0
        )
        {
            return false;
        }

        // Where nobody was told that it was over, it is told again when it would have been anyway; else soon, and less soon each time.
        var reopened = session.Execute(
            $"""
            {Update}, resolved_at = NULL, resolution = NULL, reopened = reopened + 1, to_tell = 1,
                next_notice_at = CASE WHEN told IS NULL THEN @now + (min(reopened, @most) * @pause) ELSE next_notice_at END
            WHERE ordinal = (
                SELECT max(ordinal) FROM alerts
                WHERE condition = @condition AND subject = @subject AND is_event = 0 AND resolved_at > @recently
            )
            """,
            raised
        );
        if (reopened == 0)
        {
            session.Execute(Insert, raised);
        }

        return true;
    }

    private const string Insert = """
        INSERT INTO alerts (
            condition, subject, code, message, hint, consequence, severity, is_event, since, last_at, resolved_at, to_tell,
            deployment_id, group_id, subject_name
        )
        VALUES (
            @condition, @subject, @Code, @Message, @Hint, @Consequence, @severity, @isEvent, @now, @now, CASE @isEvent WHEN 1 THEN @now END, 1,
            (SELECT id FROM deployments WHERE id = @deployment),
            coalesce(@group, (SELECT group_id FROM deployments WHERE id = @deployment)),
            coalesce(nullif(@name, ''), (SELECT name FROM deployments WHERE id = @deployment), @subject)
        )
        """;

    private Task<AlertRecord> ChangeOpenAsync(long id, Action<Session> change, CancellationToken cancellation) =>
        database.WriteAsync(
            session =>
            {
                var found = Find(session, id) ?? throw MetadataErrors.Missing("alert", $"{id}");
                if (!found.IsOpen)
                {
                    throw MetadataErrors.Over(id);
                }

                change(session);
                return Find(session, id)!;
            },
            cancellation
        );

    private static AlertRecord? Find(Session session, long id) =>
        session.Find($"SELECT {Columns} FROM alerts WHERE ordinal = @id", Alert, new { id });

    private static AlertRecord Alert(Row row) =>
        new(row.Text(), row.Text(), row.Text(), row.Text(), row.Text(), row.Time(), row.Time(), row.TimeOrNull())
        {
            Id = row.Long(),
            GroupId = row.TextOrNull(),
            DeploymentId = row.TextOrNull(),
            SubjectName = row.Text(),
            Severity = (AlertSeverity)row.Int(),
            Consequence = row.Text(),
            IsEvent = row.Flag(),
            Acknowledged = Known(row),
            Resolution = row.TextOrNull(),
            Reopened = row.Int(),
            Notices = row.Int(),
            Told = (AlertSeverity?)row.LongOrNull(),
            NextNoticeAt = row.TimeOrNull(),
        };

    private static Acknowledgement? Known(Row row)
    {
        var (by, at, comment, until) = (row.TextOrNull(), row.TimeOrNull(), row.TextOrNull(), row.TimeOrNull());
        return by is null ? null : new Acknowledgement(by, at!.Value, comment ?? "", until);
    }
}
