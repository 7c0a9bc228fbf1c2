namespace Backup.Metadata.Sqlite;

/// <content>Versions 26, 28 and 29.</content>
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

    // In which block store a group is; and in which ones a part of it may still be: names, as a JSON array.
    private const string GroupStores = """
        CREATE TABLE group_stores (
            group_id TEXT NOT NULL PRIMARY KEY REFERENCES groups (id),
            store TEXT NOT NULL,
            moves_from TEXT NOT NULL,
            since INTEGER NOT NULL
        ) STRICT;
        """;

    // What the store of a group must have: words, as a JSON array. A group without any has no row.
    private const string GroupTags = """
        CREATE TABLE group_tags (
            group_id TEXT NOT NULL PRIMARY KEY REFERENCES groups (id),
            tags TEXT NOT NULL
        ) STRICT;
        """;
}
