namespace Backup.Metadata.Sqlite;

internal sealed class SqliteAudit(ITransactions database) : IAudit
{
    private const string Columns = "at, actor, origin, action, subject, outcome, bytes, code, details, group_id";

    public Task AddAsync(AuditRecord record, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                session.Execute(
                    $"""
                    INSERT INTO audit ({Columns})
                    VALUES (@at, @Actor, @From, @Action, @Subject, @Outcome, @Bytes, @Code, @Details, @GroupId)
                    """,
                    new
                    {
                        at = record.At.ToUnixTimeMilliseconds(),
                        record.Actor,
                        record.From,
                        record.Action,
                        record.Subject,
                        record.Outcome,
                        record.Bytes,
                        record.Code,
                        record.Details,
                        record.GroupId,
                    }
                );
            },
            cancellation
        );

    public async Task<IReadOnlyList<AuditRecord>> ListAsync(
        DateTimeOffset since,
        int limit,
        CancellationToken cancellation = default
    )
    {
        var newestFirst = await database.ReadAsync(
            session =>
                session.Query(
                    $"SELECT {Columns}, ordinal FROM audit WHERE at >= @since ORDER BY ordinal DESC LIMIT @limit",
                    Record,
                    new { since = since.ToUnixTimeMilliseconds(), limit }
                ),
            cancellation
        );
        newestFirst.Reverse();
        return newestFirst;
    }

    public async Task<IReadOnlyList<AuditRecord>> FindAsync(
        AuditQuery query,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    $"""
                    SELECT {Columns}, ordinal FROM audit
                    WHERE (@OfAll OR group_id IS @GroupId OR (@WithAppliance AND group_id IS NULL)) AND at >= @since AND ordinal < @before
                    ORDER BY ordinal DESC LIMIT @Limit
                    """,
                    Record,
                    new
                    {
                        query.GroupId,
                        query.WithAppliance,
                        query.OfAll,
                        query.Limit,
                        since = query.Since.ToUnixTimeMilliseconds(),
                        before = query.Before ?? long.MaxValue,
                    }
                ),
            cancellation
        );

    private static AuditRecord Record(Row row)
    {
        var record = new AuditRecord(row.Time(), row.Text(), row.Text(), row.Text(), row.Text(), row.Text());
        return record with
        {
            Bytes = row.LongOrNull(),
            Code = row.TextOrNull(),
            Details = row.Text(),
            GroupId = row.TextOrNull(),
            Ordinal = row.Long(),
        };
    }
}
