namespace Backup.Metadata.Sqlite;

/// <content>Version 15.</content>
internal static partial class Schema
{
    // Who may use the appliance. An audit record has the group that it is about; null: the appliance as a whole.
    private const string People = """
        CREATE TABLE users (
            id TEXT NOT NULL PRIMARY KEY,
            email TEXT NOT NULL,
            email_folded TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            password_hash TEXT NOT NULL,
            administrator INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            must_change INTEGER NOT NULL,
            sealed_totp BLOB,
            totp_last_step INTEGER,
            sealed_totp_offer BLOB,
            failed_tries INTEGER NOT NULL DEFAULT 0,
            locked_until INTEGER,
            last_login_at INTEGER,
            disabled_at INTEGER
        ) STRICT;

        CREATE TABLE setup_token (
            id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
            secret_hash BLOB NOT NULL
        ) STRICT;

        CREATE TABLE recovery_codes (
            user_id TEXT NOT NULL REFERENCES users (id),
            code_hash BLOB NOT NULL,
            used_at INTEGER,
            PRIMARY KEY (user_id, code_hash)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE memberships (
            group_id TEXT NOT NULL REFERENCES groups (id),
            user_id TEXT NOT NULL REFERENCES users (id),
            role INTEGER NOT NULL,
            since INTEGER NOT NULL,
            PRIMARY KEY (group_id, user_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX memberships_of_user ON memberships (user_id);

        CREATE TABLE invitations (
            id TEXT NOT NULL PRIMARY KEY,
            secret_hash BLOB NOT NULL UNIQUE,
            group_id TEXT NOT NULL REFERENCES groups (id),
            role INTEGER NOT NULL,
            email TEXT NOT NULL,
            invited_by TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            ended_at INTEGER
        ) STRICT;
        CREATE INDEX invitations_of_group ON invitations (group_id);

        CREATE TABLE sessions (
            id TEXT NOT NULL PRIMARY KEY,
            secret_hash BLOB NOT NULL UNIQUE,
            user_id TEXT NOT NULL REFERENCES users (id),
            created_at INTEGER NOT NULL,
            last_seen_at INTEGER NOT NULL,
            confirmed_at INTEGER,
            address TEXT NOT NULL,
            user_agent TEXT NOT NULL,
            expires_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX sessions_of_user ON sessions (user_id);

        CREATE TABLE api_tokens (
            id TEXT NOT NULL PRIMARY KEY,
            secret_hash BLOB NOT NULL UNIQUE,
            group_id TEXT NOT NULL REFERENCES groups (id),
            role INTEGER NOT NULL,
            name TEXT NOT NULL,
            created_by TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            expires_at INTEGER,
            last_used_at INTEGER,
            revoked_at INTEGER
        ) STRICT;
        CREATE INDEX api_tokens_of_group ON api_tokens (group_id);

        ALTER TABLE audit ADD COLUMN group_id TEXT;
        CREATE INDEX audit_of_group ON audit (group_id);
        """;
}
