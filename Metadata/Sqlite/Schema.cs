namespace Backup.Metadata.Sqlite;

/// <summary>
/// The tables, version by version: a database of version n gets the steps after its n-th, each in one transaction. A step
/// that was released never changes. Enumerations are stored as the numbers of Records.cs, times as milliseconds since
/// 1970-01-01 UTC, optimes as seconds, ordinal and term in three columns, UUIDs as lower-case text.
/// </summary>
internal static partial class Schema
{
    /// <summary>Stands in the file's header, so that a stranger's database is not taken for ours: "BKMD".</summary>
    internal const int ApplicationId = 0x424B4D44;

    internal static readonly string[] Steps =
    [
        First,
        PointInTime,
        Credentials,
        Instances,
        Leases,
        Monitoring,
        Removal,
        Sources,
        PartialSyncs,
        AgentLogs,
        Namespaces,
        Clusters,
        Links,
        SshTargets,
        People,
        Answers,
        Policies,
        Alerting,
        Radar,
        Tasks,
        Spans,
        Hosts,
        Verifications,
        Daemons,
        GroupKeys,
        StoreSessions,
        Excerpts,
        GroupStores,
        GroupTags,
        SealedUris,
    ];

    internal static int Version => Steps.Length;

    private const string First = """
        CREATE TABLE settings (
            name TEXT NOT NULL PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE groups (
            id TEXT NOT NULL PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            created_at INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE tokens (
            secret_hash BLOB NOT NULL PRIMARY KEY,
            group_id TEXT NOT NULL REFERENCES groups (id),
            expires_at INTEGER NOT NULL,
            used INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE agents (
            id TEXT NOT NULL PRIMARY KEY,
            group_id TEXT NOT NULL REFERENCES groups (id),
            host_name TEXT NOT NULL,
            version TEXT NOT NULL,
            key_hash BLOB NOT NULL UNIQUE,
            enrolled_at INTEGER NOT NULL,
            last_seen_at INTEGER,
            revoked INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE deployments (
            id TEXT NOT NULL PRIMARY KEY,
            group_id TEXT NOT NULL REFERENCES groups (id),
            name TEXT NOT NULL,
            type TEXT NOT NULL,
            uri TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            UNIQUE (group_id, uri)
        ) STRICT;

        CREATE TABLE agent_reports (
            deployment_id TEXT NOT NULL PRIMARY KEY REFERENCES deployments (id),
            agent_id TEXT NOT NULL,
            phase TEXT NOT NULL,
            code TEXT,
            message TEXT,
            hint TEXT,
            at INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE replica_sets (
            id TEXT NOT NULL PRIMARY KEY,
            deployment_id TEXT NOT NULL REFERENCES deployments (id),
            name TEXT NOT NULL,
            set_id TEXT NOT NULL,
            mongo_version TEXT NOT NULL,
            fcv TEXT NOT NULL,
            storage_engine TEXT NOT NULL,
            state INTEGER NOT NULL,
            stop_code TEXT,
            stop_message TEXT,
            stop_hint TEXT,
            sync_id TEXT,
            source_t INTEGER NOT NULL,
            source_i INTEGER NOT NULL,
            source_term INTEGER NOT NULL,
            source_seen_at INTEGER,
            UNIQUE (deployment_id, set_id)
        ) STRICT;

        CREATE TABLE policies (
            replica_set_id TEXT NOT NULL PRIMARY KEY REFERENCES replica_sets (id),
            interval_ms INTEGER NOT NULL,
            reference INTEGER NOT NULL,
            base_retention_ms INTEGER NOT NULL,
            window_ms INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE syncs (
            ordinal INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            replica_set_id TEXT NOT NULL REFERENCES replica_sets (id),
            state INTEGER NOT NULL,
            begin_t INTEGER NOT NULL,
            begin_i INTEGER NOT NULL,
            begin_term INTEGER NOT NULL,
            end_t INTEGER,
            end_i INTEGER,
            end_term INTEGER,
            catalogue BLOB NOT NULL,
            started_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX syncs_of_set ON syncs (replica_set_id);

        CREATE TABLE sync_collections (
            sync_id TEXT NOT NULL REFERENCES syncs (id) ON DELETE CASCADE,
            collection TEXT NOT NULL,
            namespace TEXT NOT NULL,
            range INTEGER NOT NULL,
            expected_documents INTEGER NOT NULL,
            expected_bytes INTEGER NOT NULL,
            documents INTEGER NOT NULL,
            raw_bytes INTEGER NOT NULL,
            next_sequence INTEGER NOT NULL,
            last_id BLOB,
            done INTEGER NOT NULL,
            PRIMARY KEY (sync_id, collection, range)
        ) STRICT;

        CREATE TABLE sync_slices (
            sync_id TEXT NOT NULL,
            collection TEXT NOT NULL,
            range INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            object_name TEXT NOT NULL,
            documents INTEGER NOT NULL,
            raw_length INTEGER NOT NULL,
            stored_length INTEGER NOT NULL,
            sha256 BLOB NOT NULL,
            PRIMARY KEY (sync_id, collection, range, sequence),
            FOREIGN KEY (sync_id, collection, range)
                REFERENCES sync_collections (sync_id, collection, range) ON DELETE CASCADE
        ) STRICT;

        CREATE TABLE oplog_slices (
            sync_id TEXT NOT NULL REFERENCES syncs (id) ON DELETE CASCADE,
            sequence INTEGER NOT NULL,
            replica_set_id TEXT NOT NULL REFERENCES replica_sets (id),
            previous_t INTEGER NOT NULL,
            previous_i INTEGER NOT NULL,
            previous_term INTEGER NOT NULL,
            first_t INTEGER NOT NULL,
            first_i INTEGER NOT NULL,
            first_term INTEGER NOT NULL,
            last_t INTEGER NOT NULL,
            last_i INTEGER NOT NULL,
            last_term INTEGER NOT NULL,
            entries INTEGER NOT NULL,
            object_name TEXT NOT NULL,
            raw_length INTEGER NOT NULL,
            stored_length INTEGER NOT NULL,
            sha256 BLOB NOT NULL,
            received_at INTEGER NOT NULL,
            PRIMARY KEY (sync_id, sequence)
        ) STRICT;
        CREATE INDEX oplog_slices_by_last ON oplog_slices (sync_id, last_t, last_i);

        CREATE TABLE oplog_holes (
            ordinal INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            replica_set_id TEXT NOT NULL REFERENCES replica_sets (id),
            from_t INTEGER NOT NULL,
            from_i INTEGER NOT NULL,
            from_term INTEGER NOT NULL,
            to_t INTEGER NOT NULL,
            to_i INTEGER NOT NULL,
            to_term INTEGER NOT NULL,
            cause TEXT NOT NULL,
            at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX oplog_holes_of_set ON oplog_holes (replica_set_id);

        CREATE TABLE heads (
            replica_set_id TEXT NOT NULL PRIMARY KEY REFERENCES replica_sets (id),
            sync_id TEXT NOT NULL,
            manifest_block TEXT NOT NULL,
            optime_t INTEGER NOT NULL,
            optime_i INTEGER NOT NULL,
            optime_term INTEGER NOT NULL,
            replay_t INTEGER NOT NULL,
            replay_i INTEGER NOT NULL,
            replay_term INTEGER NOT NULL,
            consistent INTEGER NOT NULL,
            new_bytes INTEGER NOT NULL,
            updated_at INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE snapshots (
            ordinal INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            replica_set_id TEXT NOT NULL REFERENCES replica_sets (id),
            optime_t INTEGER NOT NULL,
            optime_i INTEGER NOT NULL,
            optime_term INTEGER NOT NULL,
            manifest_block TEXT NOT NULL,
            documents INTEGER NOT NULL,
            raw_bytes INTEGER NOT NULL,
            new_bytes INTEGER NOT NULL,
            stored_bytes INTEGER NOT NULL,
            duration_seconds REAL NOT NULL,
            cause TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            expires_at INTEGER
        ) STRICT;
        CREATE INDEX snapshots_of_set ON snapshots (replica_set_id);

        CREATE TABLE jobs (
            ordinal INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            kind TEXT NOT NULL,
            replica_set_id TEXT,
            state INTEGER NOT NULL,
            arguments TEXT NOT NULL,
            result TEXT,
            phase TEXT NOT NULL,
            progress REAL NOT NULL,
            error_code TEXT,
            error_message TEXT,
            error_hint TEXT,
            attempts INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            started_at INTEGER,
            finished_at INTEGER,
            owner TEXT,
            lease_until INTEGER
        ) STRICT;
        CREATE INDEX jobs_open ON jobs (ordinal) WHERE state < 2;
        """;

    // Point in time: what a snapshot is the base of, why holes are there, what is read and what is to be deleted. A snapshot of the first
    // version belongs to the newest sync that had ended by then; where to replay it from stands in its manifest alone.
    private const string PointInTime = """
        ALTER TABLE snapshots ADD COLUMN sync_id TEXT NOT NULL DEFAULT '';
        ALTER TABLE snapshots ADD COLUMN replay_t INTEGER;
        ALTER TABLE snapshots ADD COLUMN replay_i INTEGER;
        ALTER TABLE snapshots ADD COLUMN replay_term INTEGER;
        UPDATE snapshots SET sync_id = coalesce((
            SELECT syncs.id FROM syncs
            WHERE syncs.replica_set_id = snapshots.replica_set_id AND syncs.end_t IS NOT NULL
                AND (syncs.end_t, syncs.end_i) <= (snapshots.optime_t, snapshots.optime_i)
            ORDER BY syncs.ordinal DESC LIMIT 1), '');

        ALTER TABLE oplog_holes ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE oplog_holes ADD COLUMN sync_id TEXT NOT NULL DEFAULT '';
        ALTER TABLE oplog_holes ADD COLUMN code TEXT;
        ALTER TABLE oplog_holes ADD COLUMN namespace TEXT;

        CREATE TABLE read_holds (
            id TEXT NOT NULL PRIMARY KEY,
            replica_set_id TEXT NOT NULL REFERENCES replica_sets (id),
            sync_id TEXT NOT NULL,
            from_t INTEGER NOT NULL,
            from_i INTEGER NOT NULL,
            from_term INTEGER NOT NULL,
            manifest_block TEXT NOT NULL,
            until INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE doomed_objects (
            name TEXT NOT NULL PRIMARY KEY
        ) STRICT, WITHOUT ROWID;
        """;

    // Keys stand for themselves: an agent has several while one replaces another, and each ends alone. The one that an agent had until now
    // is its first.
    private const string Credentials = """
        CREATE TABLE agents_3 (
            id TEXT NOT NULL PRIMARY KEY,
            group_id TEXT NOT NULL REFERENCES groups (id),
            host_name TEXT NOT NULL,
            version TEXT NOT NULL,
            enrolled_at INTEGER NOT NULL,
            last_seen_at INTEGER,
            revoked INTEGER NOT NULL
        ) STRICT;
        INSERT INTO agents_3 SELECT id, group_id, host_name, version, enrolled_at, last_seen_at, revoked FROM agents;

        CREATE TABLE api_keys (
            id TEXT NOT NULL PRIMARY KEY,
            group_id TEXT NOT NULL REFERENCES groups (id),
            agent_id TEXT NOT NULL REFERENCES agents_3 (id),
            key_hash BLOB NOT NULL UNIQUE,
            state INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            last_used_at INTEGER,
            ended_at INTEGER,
            replaces TEXT,
            rotation_wanted INTEGER NOT NULL
        ) STRICT;
        INSERT INTO api_keys
            SELECT lower(hex(randomblob(16))), group_id, id, key_hash, 1, enrolled_at, last_seen_at, NULL, NULL, 0
            FROM agents;
        CREATE INDEX api_keys_of_agent ON api_keys (agent_id);
        CREATE INDEX api_keys_by_replaced ON api_keys (replaces);

        DROP TABLE agents;
        ALTER TABLE agents_3 RENAME TO agents;

        CREATE TABLE client_certificates (
            sha256 BLOB NOT NULL PRIMARY KEY,
            agent_id TEXT NOT NULL REFERENCES agents (id),
            issued_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            revoked_at INTEGER
        ) STRICT;
        """;

    private const string Instances = """
        CREATE TABLE server_instances (
            id TEXT NOT NULL PRIMARY KEY,
            seen_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """;

    // Several agents for one deployment: who works on it, and what each of them last said.
    private const string Leases = """
        CREATE TABLE agent_leases (
            deployment_id TEXT NOT NULL PRIMARY KEY REFERENCES deployments (id),
            agent_id TEXT,
            session TEXT NOT NULL,
            fence INTEGER NOT NULL,
            renewals INTEGER NOT NULL,
            granted_at INTEGER NOT NULL,
            renewed_at INTEGER NOT NULL
        ) STRICT;

        ALTER TABLE agent_reports RENAME TO last_reports;
        CREATE TABLE agent_reports (
            deployment_id TEXT NOT NULL REFERENCES deployments (id),
            agent_id TEXT NOT NULL,
            phase TEXT NOT NULL,
            code TEXT,
            message TEXT,
            hint TEXT,
            at INTEGER NOT NULL,
            PRIMARY KEY (deployment_id, agent_id)
        ) STRICT;
        INSERT INTO agent_reports SELECT * FROM last_reports;
        DROP TABLE last_reports;
        """;

    private const string Monitoring = """
        CREATE TABLE monitoring (
            deployment_id TEXT NOT NULL REFERENCES deployments (id),
            minute INTEGER NOT NULL,
            raw_length INTEGER NOT NULL,
            content BLOB NOT NULL,
            PRIMARY KEY (deployment_id, minute)
        ) STRICT;
        """;

    // A deployment that is no longer protected stays, with its snapshots.
    private const string Removal = """
        ALTER TABLE deployments ADD COLUMN removed_at INTEGER;
        """;

    // How a source is read, and what its agent says of it.
    private const string Sources = """
        ALTER TABLE deployments ADD COLUMN source_revision INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE deployments ADD COLUMN source_member TEXT NOT NULL DEFAULT 'secondary';
        ALTER TABLE deployments ADD COLUMN source_cursors INTEGER;
        ALTER TABLE deployments ADD COLUMN source_bytes_per_second INTEGER;
        ALTER TABLE deployments ADD COLUMN source_paused_at INTEGER;

        ALTER TABLE agent_reports ADD COLUMN source TEXT;
        """;

    // Syncs of some collections beside that of the whole replica set, and what was done to a head beside the oplog.
    private const string PartialSyncs = """
        ALTER TABLE syncs ADD COLUMN beside TEXT;
        ALTER TABLE syncs ADD COLUMN copy_order TEXT;
        ALTER TABLE syncs ADD COLUMN failure TEXT;
        CREATE INDEX syncs_beside ON syncs (beside) WHERE beside IS NOT NULL;

        CREATE TABLE timeline_events (
            ordinal INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            replica_set_id TEXT NOT NULL REFERENCES replica_sets (id),
            sync_id TEXT NOT NULL,
            at_t INTEGER NOT NULL,
            at_i INTEGER NOT NULL,
            at_term INTEGER NOT NULL,
            kind INTEGER NOT NULL,
            namespace TEXT,
            text TEXT NOT NULL,
            recorded_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX timeline_events_of_set ON timeline_events (replica_set_id);
        """;

    private const string AgentLogs = """
        CREATE TABLE agent_logs (
            agent_id TEXT NOT NULL PRIMARY KEY REFERENCES agents (id),
            request_id TEXT NOT NULL,
            lines INTEGER NOT NULL,
            since_seconds INTEGER,
            requested_at INTEGER NOT NULL,
            excerpt TEXT
        ) STRICT;
        """;

    // What of a deployment is backed up, and what a snapshot holds of it. JSON; null: everything.
    private const string Namespaces = """
        ALTER TABLE deployments ADD COLUMN namespaces TEXT;
        ALTER TABLE snapshots ADD COLUMN filters TEXT;
        """;
}
