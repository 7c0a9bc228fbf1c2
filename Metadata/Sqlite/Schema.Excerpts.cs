namespace Backup.Metadata.Sqlite;

/// <content>Version 27.</content>
internal static partial class Schema
{
    // What is collected of a source's servers when an alert opens. A rule of no deployment has an empty text there.
    private const string Excerpts = """
        CREATE TABLE excerpt_rules (
            group_id TEXT NOT NULL REFERENCES groups (id),
            deployment_id TEXT NOT NULL,
            is_on INTEGER NOT NULL,
            conditions TEXT NOT NULL,
            lines INTEGER NOT NULL,
            severity TEXT,
            slow_ms INTEGER,
            PRIMARY KEY (group_id, deployment_id)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE alert_excerpts (
            alert_id INTEGER NOT NULL PRIMARY KEY REFERENCES alerts (ordinal) ON DELETE CASCADE,
            at INTEGER NOT NULL,
            raw_length INTEGER NOT NULL,
            content BLOB NOT NULL
        ) STRICT;
        """;
}
