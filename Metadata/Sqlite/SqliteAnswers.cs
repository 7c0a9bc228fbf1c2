namespace Backup.Metadata.Sqlite;

internal sealed class SqliteAnswers(ITransactions database) : IAnswers
{
    public Task<AnswerRecord?> BeginAsync(
        AnswerRecord row,
        DateTimeOffset forgetBefore,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
            {
                session.Execute(
                    "DELETE FROM api_answers WHERE at < @before",
                    new { before = forgetBefore.ToUnixTimeMilliseconds() }
                );
                var there = session.Find(
                    """
                    SELECT caller_id, key, request, status, body, location, at FROM api_answers
                    WHERE caller_id = @CallerId AND key = @Key
                    """,
                    Read,
                    new { row.CallerId, row.Key }
                );
                if (there is null)
                {
                    session.Execute(
                        "INSERT INTO api_answers (caller_id, key, request, at) VALUES (@CallerId, @Key, @Request, @at)",
                        new
                        {
                            row.CallerId,
                            row.Key,
                            row.Request,
                            at = row.At.ToUnixTimeMilliseconds(),
                        }
                    );
                }

                return there;
            },
            cancellation
        );

    public Task EndAsync(
        string callerId,
        string key,
        int status,
        byte[]? body,
        string? location,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
                session.Execute(
                    """
                    UPDATE api_answers SET status = @status, body = @body, location = @location
                    WHERE caller_id = @callerId AND key = @key
                    """,
                    new
                    {
                        callerId,
                        key,
                        status,
                        body,
                        location,
                    }
                ),
            cancellation
        );

    public Task RemoveAsync(string callerId, string key, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
                session.Execute(
                    "DELETE FROM api_answers WHERE caller_id = @callerId AND key = @key",
                    new { callerId, key }
                ),
            cancellation
        );

    private static AnswerRecord Read(Row row) =>
        new(
            row.Text(),
            row.Text(),
            row.Bytes(),
            (int?)row.LongOrNull(),
            row.BytesOrNull(),
            row.TextOrNull(),
            row.Time()
        );
}
