namespace Backup.Metadata.Sqlite;

/// <content>Version 17.</content>
internal static partial class Schema
{
    // Retention rows and time zones of policies: those that are stored go on as they are, in UTC and with the base row alone. What is kept is decided by the
    // policy from now on, so a snapshot has an end of its own only where somebody gave it one.
    private const string Policies = """
        ALTER TABLE policies ADD COLUMN at_ms INTEGER;
        ALTER TABLE policies ADD COLUMN zone TEXT NOT NULL DEFAULT 'UTC';
        ALTER TABLE policies ADD COLUMN daily_ms INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE policies ADD COLUMN weekly_ms INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE policies ADD COLUMN monthly_ms INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE policies ADD COLUMN week_ends INTEGER NOT NULL DEFAULT 0;

        ALTER TABLE snapshots ADD COLUMN pinned_at INTEGER;
        ALTER TABLE cuts ADD COLUMN pinned_at INTEGER;
        UPDATE snapshots SET expires_at = NULL;
        UPDATE cuts SET expires_at = NULL;
        """;
}
