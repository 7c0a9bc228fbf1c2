namespace Backup.Metadata.Sqlite;

/// <content>Version 12.</content>
internal static partial class Schema
{
    // Sharded clusters, the cuts through their sets, policies of them; what somebody has to know.
    private const string Clusters = """
        ALTER TABLE deployments ADD COLUMN cluster_id TEXT;
        ALTER TABLE deployments ADD COLUMN shard TEXT;
        CREATE UNIQUE INDEX deployments_of_cluster ON deployments (cluster_id, shard) WHERE cluster_id IS NOT NULL;

        CREATE TABLE clusters (
            deployment_id TEXT NOT NULL PRIMARY KEY REFERENCES deployments (id),
            source_id TEXT NOT NULL,
            mongo_version TEXT NOT NULL,
            routers TEXT NOT NULL,
            balancer INTEGER NOT NULL,
            seen_at INTEGER NOT NULL,
            debt_cut_id TEXT,
            debt_since INTEGER
        ) STRICT;

        CREATE TABLE cuts (
            ordinal INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            cluster_id TEXT NOT NULL REFERENCES clusters (deployment_id),
            kind INTEGER NOT NULL,
            cause TEXT NOT NULL,
            state INTEGER NOT NULL,
            sets TEXT NOT NULL,
            time_t INTEGER NOT NULL,
            time_i INTEGER NOT NULL,
            time_term INTEGER NOT NULL,
            balancer_rested INTEGER,
            code TEXT,
            message TEXT,
            hint TEXT,
            created_at INTEGER NOT NULL,
            changed_at INTEGER NOT NULL,
            expires_at INTEGER
        ) STRICT;
        CREATE INDEX cuts_of_cluster ON cuts (cluster_id, state);

        CREATE TABLE cut_parts (
            cut_id TEXT NOT NULL REFERENCES cuts (id),
            replica_set_id TEXT NOT NULL REFERENCES replica_sets (id),
            part TEXT NOT NULL,
            PRIMARY KEY (cut_id, replica_set_id)
        ) STRICT, WITHOUT ROWID;

        ALTER TABLE snapshots ADD COLUMN cut_id TEXT;
        CREATE INDEX snapshots_of_cut ON snapshots (cut_id) WHERE cut_id IS NOT NULL;

        CREATE TABLE policies_12 (
            subject_id TEXT NOT NULL PRIMARY KEY,
            interval_ms INTEGER NOT NULL,
            reference INTEGER NOT NULL,
            base_retention_ms INTEGER NOT NULL,
            window_ms INTEGER NOT NULL,
            checkpoint_ms INTEGER,
            balancer_rule INTEGER NOT NULL
        ) STRICT;
        INSERT INTO policies_12
            SELECT replica_set_id, interval_ms, reference, base_retention_ms, window_ms, NULL, 0 FROM policies;
        DROP TABLE policies;
        ALTER TABLE policies_12 RENAME TO policies;

        CREATE TABLE alerts (
            ordinal INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            condition TEXT NOT NULL,
            subject TEXT NOT NULL,
            code TEXT NOT NULL,
            message TEXT NOT NULL,
            hint TEXT NOT NULL,
            since INTEGER NOT NULL,
            last_at INTEGER NOT NULL,
            resolved_at INTEGER
        ) STRICT;
        CREATE UNIQUE INDEX alerts_open ON alerts (condition, subject) WHERE resolved_at IS NULL;
        """;
}
