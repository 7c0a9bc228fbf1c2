namespace Backup.Metadata.Sqlite;

/// <content>Version 20.</content>
internal static partial class Schema
{
    // Who asked for a job, how fast it is, and what it tells of itself.
    private const string Tasks = """
        ALTER TABLE jobs ADD COLUMN asked_by TEXT NOT NULL DEFAULT '';
        ALTER TABLE jobs ADD COLUMN title TEXT;
        ALTER TABLE jobs ADD COLUMN retry_of TEXT;
        ALTER TABLE jobs ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE jobs ADD COLUMN expected_bytes INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE jobs ADD COLUMN bytes_per_second REAL NOT NULL DEFAULT 0;
        CREATE TABLE job_log (
            job_id TEXT NOT NULL,
            ordinal INTEGER NOT NULL,
            at INTEGER NOT NULL,
            text TEXT NOT NULL,
            is_trouble INTEGER NOT NULL,
            PRIMARY KEY (job_id, ordinal)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX job_log_by_age ON job_log (at);
        """;
}
