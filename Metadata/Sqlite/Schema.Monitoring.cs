namespace Backup.Metadata.Sqlite;

/// <content>Version 21.</content>
internal static partial class Schema
{
    // What is made of the minutes: spans of 5 and 60 of them, and what happened to members. Of the minutes that are there spans are due.
    private const string Spans = """
        CREATE TABLE monitoring_spans (
            deployment_id TEXT NOT NULL REFERENCES deployments (id),
            minutes INTEGER NOT NULL,
            number INTEGER NOT NULL,
            raw_length INTEGER NOT NULL,
            content BLOB NOT NULL,
            PRIMARY KEY (deployment_id, minutes, number)
        ) STRICT;

        CREATE TABLE monitoring_due (
            deployment_id TEXT NOT NULL REFERENCES deployments (id),
            minutes INTEGER NOT NULL,
            number INTEGER NOT NULL,
            changes INTEGER NOT NULL,
            PRIMARY KEY (minutes, number, deployment_id)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO monitoring_due (deployment_id, minutes, number, changes)
            SELECT DISTINCT deployment_id, 5, minute / 5, 1 FROM monitoring;

        CREATE TABLE host_events (
            ordinal INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            deployment_id TEXT NOT NULL REFERENCES deployments (id),
            at INTEGER NOT NULL,
            kind INTEGER NOT NULL,
            host TEXT NOT NULL,
            before TEXT NOT NULL,
            now TEXT NOT NULL
        ) STRICT;
        CREATE INDEX host_events_of_deployment ON host_events (deployment_id, at);
        """;
}
