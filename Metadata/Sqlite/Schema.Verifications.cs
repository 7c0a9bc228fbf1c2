namespace Backup.Metadata.Sqlite;

/// <content>Version 23.</content>
internal static partial class Schema
{
    // How often the newest snapshot is proven: policies that are stored get the week of those that are not.
    private const string Verifications = """
        ALTER TABLE policies ADD COLUMN verify_ms INTEGER NOT NULL DEFAULT 604800000;
        """;
}
