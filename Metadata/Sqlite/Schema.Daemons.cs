namespace Backup.Metadata.Sqlite;

/// <content>Version 24.</content>
internal static partial class Schema
{
    // Who keeps which head.
    private const string Daemons = """
        CREATE TABLE daemons (
            id TEXT NOT NULL PRIMARY KEY,
            session TEXT NOT NULL,
            host TEXT NOT NULL,
            version TEXT NOT NULL,
            weight INTEGER NOT NULL,
            free_bytes INTEGER NOT NULL,
            started_at INTEGER NOT NULL,
            drains INTEGER NOT NULL,
            renewals INTEGER NOT NULL,
            seen_at INTEGER NOT NULL,
            stopped_at INTEGER
        ) STRICT;

        CREATE TABLE head_leases (
            replica_set_id TEXT NOT NULL PRIMARY KEY REFERENCES replica_sets (id),
            daemon_id TEXT,
            session TEXT NOT NULL,
            fence INTEGER NOT NULL,
            wish TEXT,
            granted_at INTEGER NOT NULL,
            live_t INTEGER,
            live_i INTEGER,
            live_term INTEGER,
            trouble_code TEXT,
            trouble_message TEXT,
            trouble_hint TEXT
        ) STRICT;
        """;
}
