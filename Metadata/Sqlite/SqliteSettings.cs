namespace Backup.Metadata.Sqlite;

internal sealed class SqliteSettings(ITransactions database) : ISettings
{
    public Task<string?> FindAsync(string name, CancellationToken cancellation = default) =>
        database.ReadAsync(session => Find(session, name), cancellation);

    public Task SetAsync(string name, string value, CancellationToken cancellation = default) =>
        database.WriteAsync(session => Set(session, name, value), cancellation);

    public Task<string> EnsureAsync(string name, string value, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                session.Execute(
                    "INSERT INTO settings (name, value) VALUES (@name, @value) ON CONFLICT DO NOTHING",
                    new { name, value }
                );
                return Find(session, name)!;
            },
            cancellation
        );

    public Task<bool> ReplaceAsync(
        string name,
        string? expected,
        string value,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
                session.Execute(
                    expected is null
                        ? "INSERT INTO settings (name, value) VALUES (@name, @value) ON CONFLICT DO NOTHING"
                        : "UPDATE settings SET value = @value WHERE name = @name AND value = @expected",
                    new
                    {
                        name,
                        value,
                        expected,
                    }
                ) == 1,
            cancellation
        );

    internal static void Set(Session session, string name, string value) =>
        session.Execute(
            """
            INSERT INTO settings (name, value) VALUES (@name, @value)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value
            """,
            new { name, value }
        );

    internal static string? Find(Session session, string name) =>
        session.Find("SELECT value FROM settings WHERE name = @name", row => row.Text(), new { name });
}
