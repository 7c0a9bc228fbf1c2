namespace Backup.Metadata.Sqlite;

/// <content>Version 26.</content>
internal static partial class Schema
{
    // Which sessions with shared block stores are over, and under which of them the keepers of heads work: UUIDs with spaces between them.
    private const string StoreSessions = """
        CREATE TABLE revoked_sessions (
            id TEXT NOT NULL PRIMARY KEY,
            at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        ALTER TABLE head_leases ADD COLUMN store_sessions TEXT NOT NULL DEFAULT '';
        """;
}
