namespace Backup.Metadata.Sqlite;

/// <content>Version 13.</content>
internal static partial class Schema
{
    // Download links, and what was taken out of the backup by whom. What they lead to may be gone one day: nothing is referenced.
    private const string Links = """
        CREATE TABLE download_links (
            ordinal INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            secret_hash BLOB NOT NULL UNIQUE,
            subject_kind TEXT NOT NULL,
            subject_id TEXT NOT NULL,
            subject TEXT NOT NULL,
            snapshot_id TEXT,
            at_t INTEGER,
            at_i INTEGER,
            at_term INTEGER,
            namespaces TEXT NOT NULL,
            format TEXT NOT NULL,
            gzip INTEGER NOT NULL,
            file_name TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            uses INTEGER NOT NULL,
            wants_sum INTEGER NOT NULL,
            begun INTEGER NOT NULL DEFAULT 0,
            finished INTEGER NOT NULL DEFAULT 0,
            revoked_at INTEGER,
            tag TEXT,
            bytes INTEGER,
            sha256 BLOB,
            trouble TEXT
        ) STRICT;

        CREATE TABLE audit (
            ordinal INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            at INTEGER NOT NULL,
            actor TEXT NOT NULL,
            origin TEXT NOT NULL,
            action TEXT NOT NULL,
            subject TEXT NOT NULL,
            outcome TEXT NOT NULL,
            bytes INTEGER,
            code TEXT,
            details TEXT NOT NULL
        ) STRICT;
        CREATE INDEX audit_by_time ON audit (at);
        CREATE TRIGGER audit_stays BEFORE DELETE ON audit
        BEGIN
            SELECT raise(ABORT, 'audit records stay');
        END;
        CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
        BEGIN
            SELECT raise(ABORT, 'audit records are not changed');
        END;
        """;
}
