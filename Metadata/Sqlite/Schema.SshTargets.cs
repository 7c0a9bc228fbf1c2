namespace Backup.Metadata.Sqlite;

/// <content>Version 14.</content>
internal static partial class Schema
{
    // Where restores are pushed to over SSH. Secrets stand here sealed only.
    private const string SshTargets = """
        CREATE TABLE ssh_keys (
            id TEXT NOT NULL PRIMARY KEY,
            group_id TEXT NOT NULL REFERENCES groups (id),
            name TEXT NOT NULL,
            public_key TEXT NOT NULL,
            sealed_key BLOB NOT NULL,
            created_at INTEGER NOT NULL,
            UNIQUE (group_id, name)
        ) STRICT;

        CREATE TABLE ssh_targets (
            id TEXT NOT NULL PRIMARY KEY,
            group_id TEXT NOT NULL REFERENCES groups (id),
            name TEXT NOT NULL,
            user TEXT NOT NULL,
            host TEXT NOT NULL,
            port INTEGER NOT NULL,
            folder TEXT NOT NULL,
            host_key TEXT NOT NULL,
            key_id TEXT REFERENCES ssh_keys (id),
            sealed_password BLOB,
            created_at INTEGER NOT NULL,
            UNIQUE (group_id, name)
        ) STRICT;
        CREATE INDEX ssh_targets_of_key ON ssh_targets (key_id) WHERE key_id IS NOT NULL;
        """;
}
