namespace Backup.Metadata.Sqlite;

internal sealed class SqliteDaemons(ITransactions database, TimeProvider time) : IDaemons
{
    private const string Columns =
        "id, session, host, version, weight, free_bytes, started_at, drains, renewals, seen_at, stopped_at";

    public Task<DaemonRecord> SeenAsync(
        DaemonReport report,
        IReadOnlyList<HeadReport> heads,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
            {
                session.Execute(
                    $"""
                    INSERT INTO daemons ({Columns})
                    VALUES (@Id, @Session, @Host, @Version, @Weight, @FreeBytes, @started, 0, 1, @now, NULL)
                    ON CONFLICT (id) DO UPDATE SET host = excluded.host, version = excluded.version,
                        weight = excluded.weight, free_bytes = excluded.free_bytes, started_at = excluded.started_at,
                        renewals = CASE session WHEN excluded.session THEN renewals + 1 ELSE 1 END,
                        session = excluded.session, seen_at = excluded.seen_at, stopped_at = NULL
                    """,
                    new
                    {
                        report.Id,
                        report.Session,
                        report.Host,
                        report.Version,
                        report.Weight,
                        report.FreeBytes,
                        started = report.StartedAt.ToUnixTimeMilliseconds(),
                        now = Now,
                    }
                );
                foreach (var head in heads)
                {
                    SqliteHeadLeases.Report(session, report, head);
                }

                return Find(session, report.Id)!;
            },
            cancellation
        );

    public async Task<IReadOnlyList<DaemonRecord>> ListAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session => session.Query($"SELECT {Columns} FROM daemons ORDER BY id", Daemon),
            cancellation
        );

    public Task LeaveAsync(string daemonId, string session, CancellationToken cancellation = default) =>
        database.WriteAsync(
            work =>
            {
                var left = work.Execute(
                    "UPDATE daemons SET stopped_at = @now, seen_at = @now WHERE id = @daemonId AND session = @session",
                    new
                    {
                        daemonId,
                        session,
                        now = Now,
                    }
                );
                if (left > 0)
                {
                    SqliteHeadLeases.ReleaseAll(work, daemonId);
                }
            },
            cancellation
        );

    public Task DrainAsync(string daemonId, bool drains, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                Require(session, daemonId);
                session.Execute(
                    "UPDATE daemons SET drains = @drains WHERE id = @daemonId",
                    new { daemonId, drains = drains ? 1 : 0 }
                );
            },
            cancellation
        );

    public Task ForgetAsync(string daemonId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                Require(session, daemonId);
                SqliteHeadLeases.ReleaseAll(session, daemonId);
                session.Execute("UPDATE head_leases SET wish = NULL WHERE wish = @daemonId", new { daemonId });
                session.Execute("DELETE FROM daemons WHERE id = @daemonId", new { daemonId });
            },
            cancellation
        );

    internal static void Require(Session session, string daemonId)
    {
        if (Find(session, daemonId) is null)
        {
            throw MetadataErrors.Missing("daemon", daemonId);
        }
    }

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    private static DaemonRecord? Find(Session session, string id) =>
        session.Find($"SELECT {Columns} FROM daemons WHERE id = @id", Daemon, new { id });

    private static DaemonRecord Daemon(Row row) =>
        new(
            new DaemonReport(row.Text(), row.Text(), row.Text(), row.Text(), row.Int(), row.Long(), row.Time()),
            row.Flag(),
            row.Long(),
            row.Time(),
            row.TimeOrNull()
        );
}
