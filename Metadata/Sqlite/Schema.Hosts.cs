namespace Backup.Metadata.Sqlite;

/// <content>Version 22.</content>
internal static partial class Schema
{
    // What is asked of sources' servers, the newest of each deployment, and what may be.
    private const string Hosts = """
        CREATE TABLE host_requests (
            deployment_id TEXT NOT NULL PRIMARY KEY REFERENCES deployments (id),
            id TEXT NOT NULL,
            request TEXT NOT NULL,
            asked_at INTEGER NOT NULL,
            answer TEXT,
            taken INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE host_settings (
            deployment_id TEXT NOT NULL PRIMARY KEY REFERENCES deployments (id),
            allows_step_down INTEGER NOT NULL,
            shows_values INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """;
}
