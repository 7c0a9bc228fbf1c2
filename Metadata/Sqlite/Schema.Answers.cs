namespace Backup.Metadata.Sqlite;

/// <content>Version 16.</content>
internal static partial class Schema
{
    // What requests with an idempotency key were answered.
    private const string Answers = """
        CREATE TABLE api_answers (
            caller_id TEXT NOT NULL,
            key TEXT NOT NULL,
            request BLOB NOT NULL,
            status INTEGER,
            body BLOB,
            location TEXT,
            at INTEGER NOT NULL,
            PRIMARY KEY (caller_id, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX api_answers_by_age ON api_answers (at);
        """;
}
