namespace Backup.Metadata.Sqlite;

/// <content>Version 19.</content>
internal static partial class Schema
{
    // What is usual for collections, as followers of the oplog learn it, and what went beyond it.
    private const string Radar = """
        CREATE TABLE radars (
            replica_set_id TEXT NOT NULL PRIMARY KEY REFERENCES replica_sets (id),
            since_t INTEGER NOT NULL,
            through_t INTEGER NOT NULL,
            through_i INTEGER NOT NULL,
            through_term INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE learnt_rates (
            replica_set_id TEXT NOT NULL REFERENCES replica_sets (id),
            namespace TEXT NOT NULL,
            content BLOB NOT NULL,
            PRIMARY KEY (replica_set_id, namespace)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE bursts (
            ordinal INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            deployment_id TEXT NOT NULL REFERENCES deployments (id),
            namespace TEXT NOT NULL,
            kinds INTEGER NOT NULL,
            first_t INTEGER NOT NULL,
            first_i INTEGER NOT NULL,
            first_term INTEGER NOT NULL,
            last_at INTEGER NOT NULL,
            documents INTEGER NOT NULL,
            most INTEGER NOT NULL,
            usual INTEGER NOT NULL,
            span_ms INTEGER NOT NULL,
            kept_until INTEGER NOT NULL,
            ended_at INTEGER
        ) STRICT;
        CREATE INDEX bursts_open ON bursts (deployment_id, namespace) WHERE ended_at IS NULL;

        CREATE INDEX alerts_still_so ON alerts (ordinal) WHERE still_so = 1;
        """;
}
