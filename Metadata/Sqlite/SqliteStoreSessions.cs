namespace Backup.Metadata.Sqlite;

internal sealed class SqliteStoreSessions(ITransactions database, TimeProvider time) : IStoreSessions
{
    public Task RevokeAsync(IReadOnlyCollection<Guid> sessions, CancellationToken cancellation = default) =>
        database.WriteAsync(session => Revoke(session, sessions), cancellation);

    public Task<bool> IsAnyRevokedAsync(IReadOnlyCollection<Guid> sessions, CancellationToken cancellation = default) =>
        database.ReadAsync(session => IsAnyRevoked(session, sessions), cancellation);

    internal static bool IsAnyRevoked(Session session, IEnumerable<Guid> sessions) =>
        sessions.Any(id =>
            session.Number("SELECT count(*) FROM revoked_sessions WHERE id = @id", new { id = Text(id) }) > 0
        );

    /// <summary>As a lease has them.</summary>
    internal static string Join(IReadOnlyCollection<Guid>? sessions) => string.Join(' ', (sessions ?? []).Select(Text));

    /// <summary>The way back from <see cref="Join"/>.</summary>
    internal static IEnumerable<Guid> Split(string sessions) =>
        sessions.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Guid.Parse);

    private void Revoke(Session session, IReadOnlyCollection<Guid> sessions)
    {
        var now = time.GetUtcNow();
        foreach (var id in sessions.Select(Text))
        {
            session.Execute(
                "INSERT OR IGNORE INTO revoked_sessions (id, at) VALUES (@id, @at)",
                new { id, at = now.ToUnixTimeMilliseconds() }
            );
            session.Execute(
                "UPDATE head_leases SET daemon_id = NULL WHERE daemon_id IS NOT NULL AND instr(store_sessions, @id) > 0",
                new { id }
            );
        }

        session.Execute(
            "DELETE FROM revoked_sessions WHERE at < @before",
            new { before = (now - StoreSessions.Kept).ToUnixTimeMilliseconds() }
        );
    }

    private static string Text(Guid id) => id.ToString("D");
}
