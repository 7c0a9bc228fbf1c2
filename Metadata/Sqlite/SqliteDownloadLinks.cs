using System.Text.Json;

namespace Backup.Metadata.Sqlite;

internal sealed class SqliteDownloadLinks(ITransactions database) : IDownloadLinks
{
    private const string Given = """
        id, secret_hash, subject_kind, subject_id, subject, snapshot_id, at_t, at_i, at_term, namespaces, format, gzip, file_name, created_at, expires_at,
        uses, wants_sum
        """;

    private const string Columns = $"{Given}, begun, finished, revoked_at, tag, bytes, sha256, trouble";

    public Task AddAsync(DownloadLink link, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                session.Execute(
                    $"""
                    INSERT INTO download_links ({Given}, tag)
                    VALUES (@Id, @SecretHash, @SubjectKind, @SubjectId, @Subject, @SnapshotId, @t, @i, @term, @namespaces, @Format, @Gzip, @FileName,
                        @createdAt, @expiresAt, @Uses, @WantsSum, @tag)
                    """,
                    new
                    {
                        link.Id,
                        link.SecretHash,
                        link.Source.SubjectKind,
                        link.Source.SubjectId,
                        link.Source.Subject,
                        link.Source.SnapshotId,
                        t = (long?)link.Source.AtMost?.T,
                        i = (long?)link.Source.AtMost?.I,
                        term = link.Source.AtMost?.Term,
                        namespaces = JsonSerializer.Serialize(link.Source.Namespaces),
                        link.Source.Format,
                        link.Source.Gzip,
                        link.FileName,
                        createdAt = link.CreatedAt.ToUnixTimeMilliseconds(),
                        expiresAt = link.ExpiresAt.ToUnixTimeMilliseconds(),
                        link.Uses,
                        link.WantsSum,
                        tag = link.Content?.Tag,
                    }
                );
            },
            cancellation
        );

    public Task<DownloadLink?> FindAsync(string id, CancellationToken cancellation = default) =>
        database.ReadAsync(session => Find(session, id), cancellation);

    public async Task<IReadOnlyList<DownloadLink>> ListAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session => session.Query($"SELECT {Columns} FROM download_links ORDER BY ordinal DESC", Read),
            cancellation
        );

    public Task RevokeAsync(string id, DateTimeOffset now, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                _ = Require(session, id);
                session.Execute(
                    "UPDATE download_links SET revoked_at = @now WHERE id = @id AND revoked_at IS NULL",
                    new { id, now = now.ToUnixTimeMilliseconds() }
                );
            },
            cancellation
        );

    public Task<LinkVerdict> BeginAsync(
        string id,
        bool isPart,
        DateTimeOffset now,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
            {
                var link = Require(session, id);
                if (link.RevokedAt is not null)
                {
                    return LinkVerdict.Revoked;
                }

                if (link.ExpiresAt <= now)
                {
                    return LinkVerdict.Expired;
                }

                if (isPart && link.Finished < link.Begun)
                {
                    return LinkVerdict.GoesOn;
                }

                if (link.Begun >= link.Uses)
                {
                    return LinkVerdict.UsedUp;
                }

                session.Execute("UPDATE download_links SET begun = begun + 1 WHERE id = @id", new { id });
                return LinkVerdict.Begun;
            },
            cancellation
        );

    public Task GiveBackAsync(string id, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                session.Execute(
                    "UPDATE download_links SET begun = begun - 1 WHERE id = @id AND begun > finished",
                    new { id }
                );
            },
            cancellation
        );

    public Task FinishAsync(string id, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                session.Execute(
                    "UPDATE download_links SET finished = finished + 1 WHERE id = @id AND finished < begun",
                    new { id }
                );
            },
            cancellation
        );

    public Task SetTagAsync(string id, string tag, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                session.Execute(
                    """
                    UPDATE download_links SET tag = @tag, bytes = NULL, sha256 = NULL, trouble = NULL,
                        begun = CASE WHEN tag IS NULL THEN begun ELSE finished END
                    WHERE id = @id AND tag IS NOT @tag
                    """,
                    new { id, tag }
                );
            },
            cancellation
        );

    public Task<bool> SetSumAsync(
        string id,
        string tag,
        long bytes,
        byte[] sha256,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
                session.Execute(
                    """
                    UPDATE download_links SET bytes = @bytes, sha256 = @sha256, trouble = NULL
                    WHERE id = @id AND tag = @tag
                    """,
                    new
                    {
                        id,
                        tag,
                        bytes,
                        sha256,
                    }
                ) > 0,
            cancellation
        );

    public Task SetTroubleAsync(string id, string trouble, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                session.Execute("UPDATE download_links SET trouble = @trouble WHERE id = @id", new { id, trouble });
            },
            cancellation
        );

    public async Task<IReadOnlyList<DownloadLink>> WantingSumAsync(
        DateTimeOffset now,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    $"""
                    SELECT {Columns} FROM download_links
                    WHERE wants_sum = 1 AND sha256 IS NULL AND trouble IS NULL AND revoked_at IS NULL AND expires_at > @now
                        AND finished < uses
                    ORDER BY ordinal
                    """,
                    Read,
                    new { now = now.ToUnixTimeMilliseconds() }
                ),
            cancellation
        );

    private static DownloadLink Require(Session session, string id) =>
        Find(session, id) ?? throw MetadataErrors.Missing("download link", id);

    private static DownloadLink? Find(Session session, string id) =>
        session.Find($"SELECT {Columns} FROM download_links WHERE id = @id", Read, new { id });

    private static DownloadLink Read(Row row)
    {
        var (id, secret) = (row.Text(), row.Bytes());
        var source = new LinkSource(
            row.Text(),
            row.Text(),
            row.Text(),
            row.TextOrNull(),
            row.OptimeOrNull(),
            JsonSerializer.Deserialize<List<string>>(row.Text())!,
            row.Text(),
            row.Flag()
        );
        var link = new DownloadLink(id, secret, source, row.Text(), row.Time(), row.Time(), row.Int(), row.Flag());
        link = link with { Begun = row.Int(), Finished = row.Int(), RevokedAt = row.TimeOrNull() };
        var (tag, bytes, sha256) = (row.TextOrNull(), row.LongOrNull(), row.BytesOrNull());
        return link with
        {
            Content = tag is null ? null : new LinkContent(tag, bytes, sha256),
            Trouble = row.TextOrNull(),
        };
    }
}
