namespace Backup.Metadata.Sqlite;

/// <content>Version 25.</content>
internal static partial class Schema
{
    // Keys that stored data is sealed under, themselves wrapped under a master key; and the names of those that were destroyed.
    private const string GroupKeys = """
        CREATE TABLE group_keys (
            id TEXT NOT NULL PRIMARY KEY,
            group_id TEXT NOT NULL REFERENCES groups (id),
            purpose INTEGER NOT NULL,
            generation INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            master TEXT NOT NULL,
            box BLOB NOT NULL,
            UNIQUE (group_id, purpose, generation)
        ) STRICT;

        CREATE TABLE destroyed_keys (
            id TEXT NOT NULL PRIMARY KEY,
            group_id TEXT NOT NULL REFERENCES groups (id),
            at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX destroyed_keys_of_group ON destroyed_keys (group_id);
        """;
}
