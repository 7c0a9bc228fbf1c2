namespace Backup.Metadata.Sqlite;

/// <content>Version 18.</content>
internal static partial class Schema
{
    // Who is told of alerts, and how often; jobs are listed by when they were queued. Those that are stored are about a cluster each: their subject is its deployment. What is over is not told any more.
    private const string Alerting = """
        ALTER TABLE alerts ADD COLUMN group_id TEXT;
        ALTER TABLE alerts ADD COLUMN deployment_id TEXT;
        ALTER TABLE alerts ADD COLUMN subject_name TEXT NOT NULL DEFAULT '';
        ALTER TABLE alerts ADD COLUMN severity INTEGER NOT NULL DEFAULT 2;
        ALTER TABLE alerts ADD COLUMN consequence TEXT NOT NULL DEFAULT '';
        ALTER TABLE alerts ADD COLUMN is_event INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE alerts ADD COLUMN known_by TEXT;
        ALTER TABLE alerts ADD COLUMN known_at INTEGER;
        ALTER TABLE alerts ADD COLUMN known_comment TEXT;
        ALTER TABLE alerts ADD COLUMN known_until INTEGER;
        ALTER TABLE alerts ADD COLUMN resolution TEXT;
        ALTER TABLE alerts ADD COLUMN still_so INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE alerts ADD COLUMN reopened INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE alerts ADD COLUMN notices INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE alerts ADD COLUMN told INTEGER;
        ALTER TABLE alerts ADD COLUMN next_notice_at INTEGER;
        ALTER TABLE alerts ADD COLUMN to_tell INTEGER NOT NULL DEFAULT 0;
        UPDATE alerts SET
            deployment_id = (SELECT id FROM deployments WHERE id = subject),
            group_id = (SELECT group_id FROM deployments WHERE id = subject),
            subject_name = COALESCE((SELECT name FROM deployments WHERE id = subject), subject),
            to_tell = resolved_at IS NULL;
        CREATE INDEX alerts_to_tell ON alerts (ordinal) WHERE to_tell = 1;
        CREATE INDEX alerts_of_group ON alerts (group_id, ordinal);

        CREATE TABLE alert_watch (
            one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
            owner TEXT NOT NULL,
            until INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE alert_rules (
            group_id TEXT NOT NULL,
            deployment_id TEXT NOT NULL,
            condition TEXT NOT NULL,
            is_on INTEGER NOT NULL,
            warning REAL,
            critical REAL,
            PRIMARY KEY (group_id, deployment_id, condition)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE maintenance_windows (
            id TEXT NOT NULL PRIMARY KEY,
            group_id TEXT NOT NULL REFERENCES groups (id),
            deployment_id TEXT REFERENCES deployments (id),
            begins_at INTEGER NOT NULL,
            ends_at INTEGER NOT NULL,
            text TEXT NOT NULL,
            made_by TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE alert_channels (
            id TEXT NOT NULL PRIMARY KEY,
            group_id TEXT NOT NULL REFERENCES groups (id),
            name TEXT NOT NULL,
            kind TEXT NOT NULL,
            settings TEXT NOT NULL,
            sealed_secret BLOB,
            least INTEGER NOT NULL,
            conditions TEXT NOT NULL,
            deployment_ids TEXT NOT NULL,
            with_appliance INTEGER NOT NULL,
            is_on INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            delivered_at INTEGER,
            failed_at INTEGER,
            failure_code TEXT,
            failure TEXT,
            UNIQUE (group_id, name)
        ) STRICT;

        CREATE TABLE alert_deliveries (
            ordinal INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            channel_id TEXT NOT NULL REFERENCES alert_channels (id),
            alerts TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            due_at INTEGER NOT NULL,
            state INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            owner TEXT,
            taken_until INTEGER,
            ended_at INTEGER,
            code TEXT,
            message TEXT
        ) STRICT;
        CREATE INDEX alert_deliveries_due ON alert_deliveries (due_at) WHERE state = 0;
        CREATE INDEX alert_deliveries_of_channel ON alert_deliveries (channel_id, ordinal);

        CREATE INDEX jobs_newest ON jobs (created_at, id);
        """;
}
