-- The first schema with a few rows of each kind that later versions changed.
PRAGMA foreign_keys = OFF;
PRAGMA application_id = 1112231236;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE agent_reports (
            deployment_id TEXT NOT NULL PRIMARY KEY REFERENCES deployments (id),
            agent_id TEXT NOT NULL,
            phase TEXT NOT NULL,
            code TEXT,
            message TEXT,
            hint TEXT,
            at INTEGER NOT NULL
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
INSERT INTO "deployments" VALUES('d','g','rs0','replicaSet','mongodb://localhost/',1);
CREATE TABLE groups (
            id TEXT NOT NULL PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            created_at INTEGER NOT NULL
        ) STRICT;
INSERT INTO "groups" VALUES('g','default',1);
INSERT INTO "agents" VALUES('a1','g','db1','0.1.0',X'010203',1,2,0);
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
INSERT INTO "oplog_holes" VALUES(1,'r1',130,1,1,250,1,1,'rolled over',1);
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
INSERT INTO "oplog_slices" VALUES('s2',0,'r1',300,1,1,300,1,1,310,1,1,3,'oplog/s2/0',10,10,X'0000000000000000000000000000000000000000000000000000000000000000',1);
INSERT INTO "oplog_slices" VALUES('s2',1,'r1',310,1,1,311,1,1,320,1,1,3,'oplog/s2/1',10,10,X'0000000000000000000000000000000000000000000000000000000000000000',1);
CREATE TABLE policies (
            replica_set_id TEXT NOT NULL PRIMARY KEY REFERENCES replica_sets (id),
            interval_ms INTEGER NOT NULL,
            reference INTEGER NOT NULL,
            base_retention_ms INTEGER NOT NULL,
            window_ms INTEGER NOT NULL
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
INSERT INTO "replica_sets" VALUES('r1','d','rs0','5f0000000000000000000001','4.2.4','4.2','wiredTiger',1,NULL,NULL,NULL,'s3',400,1,1,1);
CREATE TABLE settings (
            name TEXT NOT NULL PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
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
INSERT INTO "snapshots" VALUES(1,'x','r1',90,1,1,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',1,2,3,4,0.5,'policy',1,NULL);
INSERT INTO "snapshots" VALUES(2,'a','r1',120,1,1,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',1,2,3,4,0.5,'policy',1,NULL);
INSERT INTO "snapshots" VALUES(3,'b','r1',310,1,1,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',1,2,3,4,0.5,'policy',1,NULL);
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
INSERT INTO "syncs" VALUES(1,'s1','r1',3,100,1,1,110,1,1,X'01',1);
INSERT INTO "syncs" VALUES(2,'s2','r1',2,300,1,1,305,1,1,X'01',1);
INSERT INTO "syncs" VALUES(3,'s3','r1',0,400,1,1,NULL,NULL,NULL,X'01',1);
CREATE TABLE tokens (
            secret_hash BLOB NOT NULL PRIMARY KEY,
            group_id TEXT NOT NULL REFERENCES groups (id),
            expires_at INTEGER NOT NULL,
            used INTEGER NOT NULL
        ) STRICT;
CREATE INDEX syncs_of_set ON syncs (replica_set_id);
CREATE INDEX oplog_slices_by_last ON oplog_slices (sync_id, last_t, last_i);
CREATE INDEX oplog_holes_of_set ON oplog_holes (replica_set_id);
CREATE INDEX snapshots_of_set ON snapshots (replica_set_id);
CREATE INDEX jobs_open ON jobs (ordinal) WHERE state < 2;
COMMIT;
