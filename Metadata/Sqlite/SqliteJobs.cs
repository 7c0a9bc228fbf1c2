using System.Text.Json;

namespace Backup.Metadata.Sqlite;

internal sealed class SqliteJobs(ITransactions database, TimeProvider time) : IJobs
{
    private const string Columns = """
        id, kind, replica_set_id, state, arguments, result, phase, progress, error_code, error_message, error_hint,
        attempts, created_at, started_at, finished_at, owner, lease_until, asked_by, title, retry_of, bytes,
        expected_bytes, bytes_per_second
        """;

    private const string Owned = "id = @id AND owner = @owner AND state = 1";

    public Task AddAsync(JobRecord job, CancellationToken cancellation = default) =>
        database.WriteAsync(session => Add(session, job), cancellation);

    public Task<JobRecord?> FindAsync(string id, CancellationToken cancellation = default) =>
        database.ReadAsync(session => Find(session, id), cancellation);

    public async Task<IReadOnlyList<JobRecord>> ListAsync(int limit, CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session =>
                session.Query($"SELECT {Columns} FROM jobs ORDER BY ordinal DESC LIMIT @limit", Job, new { limit }),
            cancellation
        );

    public async Task<IReadOnlyList<JobRecord>> FindAsync(JobQuery query, CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    $"""
                    SELECT {Columns} FROM jobs
                    WHERE replica_set_id IN (SELECT value FROM json_each(@subjects))
                        AND (@kinds IS NULL OR kind IN (SELECT value FROM json_each(@kinds)))
                        AND (@at IS NULL OR (created_at, id) < (@at, @before))
                    ORDER BY created_at DESC, id DESC LIMIT @Limit
                    """,
                    Job,
                    new
                    {
                        subjects = JsonSerializer.Serialize(query.Subjects),
                        kinds = query.Kinds is null ? null : JsonSerializer.Serialize(query.Kinds),
                        at = query.Before?.CreatedAt.ToUnixTimeMilliseconds(),
                        before = query.Before?.Id,
                        query.Limit,
                    }
                ),
            cancellation
        );

    public Task<JobRecord?> TakeAsync(
        JobTake take,
        string owner,
        TimeSpan lease,
        CancellationToken cancellation = default
    ) => database.WriteAsync(session => Take(session, take, owner, lease), cancellation);

    public Task<bool> ProgressAsync(
        string id,
        string owner,
        JobReport report,
        TimeSpan lease,
        CancellationToken cancellation = default
    ) =>
        ChangeAsync(
            $"""
            UPDATE jobs SET phase = @Phase, progress = @progress, bytes = @Bytes, expected_bytes = @ExpectedBytes,
                bytes_per_second = @BytesPerSecond, lease_until = @until
            WHERE {Owned}
            """,
            new
            {
                id,
                owner,
                report.Phase,
                progress = Math.Clamp(report.Share, 0, 1),
                report.Bytes,
                report.ExpectedBytes,
                report.BytesPerSecond,
                until = Milliseconds(time.GetUtcNow() + lease),
            },
            cancellation
        );

    public Task<bool> SucceedAsync(string id, string owner, string result, CancellationToken cancellation = default) =>
        ChangeAsync(
            $"""
            UPDATE jobs SET state = {(int)JobState.Succeeded}, result = @result, progress = 1, finished_at = @now,
                owner = NULL, lease_until = NULL, error_code = NULL, error_message = NULL, error_hint = NULL
            WHERE {Owned}
            """,
            new
            {
                id,
                owner,
                result,
                now = Now,
            },
            cancellation
        );

    public Task<bool> FailAsync(
        string id,
        string owner,
        string code,
        string message,
        string hint,
        bool retry,
        CancellationToken cancellation = default
    ) =>
        ChangeAsync(
            $"""
            UPDATE jobs SET state = @state, finished_at = @finished, owner = NULL, lease_until = NULL,
                error_code = @code, error_message = @message, error_hint = @hint
            WHERE {Owned}
            """,
            new
            {
                id,
                owner,
                state = (int)(retry ? JobState.Queued : JobState.Failed),
                finished = retry ? (long?)null : Now,
                code,
                message,
                hint,
            },
            cancellation
        );

    public Task<bool> CancelAsync(string id, CancellationToken cancellation = default) =>
        ChangeAsync(
            $"""
            UPDATE jobs SET state = {(int)JobState.Cancelled}, finished_at = @now, owner = NULL, lease_until = NULL
            WHERE id = @id AND state IN ({(int)JobState.Queued}, {(int)JobState.Running})
            """,
            new { id, now = Now },
            cancellation
        );

    public async Task<IReadOnlyList<JobRecord>> FailAbandonedAsync(
        IReadOnlyCollection<string> kinds,
        bool evenHeld,
        string code,
        string message,
        string hint,
        CancellationToken cancellation = default
    ) =>
        await database.WriteAsync(
            session =>
            {
                const string Abandoned = """
                    state = 1 AND (@evenHeld OR lease_until <= @now) AND kind IN (SELECT value FROM json_each(@kinds))
                    """;
                var arguments = new
                {
                    now = Now,
                    evenHeld = evenHeld ? 1 : 0,
                    code,
                    message,
                    hint,
                    kinds = JsonSerializer.Serialize(kinds),
                };
                var ids = session.Query($"SELECT id FROM jobs WHERE {Abandoned}", static row => row.Text(), arguments);
                session.Execute(
                    $"""
                    UPDATE jobs SET state = {(int)
                        JobState.Failed}, finished_at = @now, owner = NULL, lease_until = NULL,
                        error_code = @code, error_message = @message, error_hint = @hint
                    WHERE {Abandoned}
                    """,
                    arguments
                );
                return ids.ConvertAll(id => Find(session, id)!);
            },
            cancellation
        );

    public Task LogAsync(string id, IReadOnlyList<JobLogLine> lines, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                if (Find(session, id) is not null)
                {
                    Log(session, id, lines);
                }
            },
            cancellation
        );

    public async Task<IReadOnlyList<JobLogLine>> LogOfAsync(string id, CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    "SELECT at, text, is_trouble FROM job_log WHERE job_id = @id ORDER BY ordinal",
                    static row => new JobLogLine(row.Time(), row.Text(), row.Flag()),
                    new { id }
                ),
            cancellation
        );

    private void Log(Session session, string id, IReadOnlyList<JobLogLine> lines)
    {
        foreach (var line in lines)
        {
            session.Execute(
                """
                INSERT INTO job_log (job_id, ordinal, at, text, is_trouble)
                VALUES (@id, (SELECT COALESCE(MAX(ordinal), 0) + 1 FROM job_log WHERE job_id = @id), @at, @text, @trouble)
                """,
                new
                {
                    id,
                    at = Milliseconds(line.At),
                    text = line.Text.Length > JobLog.LongestLine ? line.Text[..JobLog.LongestLine] : line.Text,
                    trouble = line.IsTrouble ? 1 : 0,
                }
            );
        }

        session.Execute(
            """
            DELETE FROM job_log WHERE job_id = @id
                AND ordinal <= (SELECT MAX(ordinal) FROM job_log WHERE job_id = @id) - @most
            """,
            new { id, most = JobLog.MostLines }
        );
        // A little with each addition: more is removed than comes.
        session.Execute(
            """
            DELETE FROM job_log WHERE (job_id, ordinal) IN
                (SELECT job_id, ordinal FROM job_log WHERE at < @before ORDER BY at LIMIT 100)
            """,
            new { before = Milliseconds(time.GetUtcNow() - JobLog.Kept) }
        );
    }

    private long Now => Milliseconds(time.GetUtcNow());

    private JobRecord? Take(Session session, JobTake take, string owner, TimeSpan lease)
    {
        var id = session.Find(
            $"""
            SELECT id FROM jobs
            WHERE state < 2
                AND (state = {(int)JobState.Queued} OR (state = {(int)JobState.Running} AND lease_until <= @now))
                AND (kind IN (SELECT value FROM json_each(@kinds))
                    OR (kind IN (SELECT value FROM json_each(@ofHeads))
                        AND replica_set_id IN (SELECT value FROM json_each(@heads))))
            ORDER BY ordinal LIMIT 1
            """,
            row => row.Text(),
            new
            {
                now = Now,
                kinds = JsonSerializer.Serialize(take.Kinds),
                ofHeads = JsonSerializer.Serialize(take.KindsOfHeads),
                heads = JsonSerializer.Serialize(take.Heads),
            }
        );
        if (id is null)
        {
            return null;
        }

        session.Execute(
            $"""
            UPDATE jobs SET state = {(int)JobState.Running}, attempts = attempts + 1, owner = @owner,
                started_at = @now, lease_until = @until
            WHERE id = @id
            """,
            new
            {
                id,
                owner,
                now = Now,
                until = Milliseconds(time.GetUtcNow() + lease),
            }
        );
        return Find(session, id);
    }

    private Task<bool> ChangeAsync(string sql, object arguments, CancellationToken cancellation) =>
        database.WriteAsync(session => session.Execute(sql, arguments) > 0, cancellation);

    private static void Add(Session session, JobRecord job) =>
        session.Execute(
            $"""
            INSERT INTO jobs ({Columns})
            VALUES (@Id, @Kind, @ReplicaSetId, @state, @Arguments, @Result, @Phase, @Progress, @ErrorCode,
                @ErrorMessage, @ErrorHint, @Attempts, @created, @started, @finished, @Owner, @until, @AskedBy, @Title,
                @RetryOf, @Bytes, @ExpectedBytes, @BytesPerSecond)
            """,
            new
            {
                job.Id,
                job.Kind,
                job.ReplicaSetId,
                state = (int)job.State,
                job.Arguments,
                job.Result,
                job.Phase,
                job.Progress,
                job.ErrorCode,
                job.ErrorMessage,
                job.ErrorHint,
                job.Attempts,
                created = Milliseconds(job.CreatedAt),
                started = Milliseconds(job.StartedAt),
                finished = Milliseconds(job.FinishedAt),
                job.Owner,
                until = Milliseconds(job.LeaseUntil),
                job.AskedBy,
                job.Title,
                job.RetryOf,
                job.Bytes,
                job.ExpectedBytes,
                job.BytesPerSecond,
            }
        );

    private static JobRecord? Find(Session session, string id) =>
        session.Find($"SELECT {Columns} FROM jobs WHERE id = @id", Job, new { id });

    private static long Milliseconds(DateTimeOffset time) => time.ToUnixTimeMilliseconds();

    private static long? Milliseconds(DateTimeOffset? time) => time?.ToUnixTimeMilliseconds();

    private static JobRecord Job(Row row) =>
        new(
            row.Text(),
            row.Text(),
            row.TextOrNull(),
            (JobState)row.Int(),
            row.Text(),
            row.TextOrNull(),
            row.Text(),
            row.Real(),
            row.TextOrNull(),
            row.TextOrNull(),
            row.TextOrNull(),
            row.Int(),
            row.Time(),
            row.TimeOrNull(),
            row.TimeOrNull(),
            row.TextOrNull(),
            row.TimeOrNull()
        )
        {
            AskedBy = row.Text(),
            Title = row.TextOrNull(),
            RetryOf = row.TextOrNull(),
            Bytes = row.Long(),
            ExpectedBytes = row.Long(),
            BytesPerSecond = row.Real(),
        };
}
