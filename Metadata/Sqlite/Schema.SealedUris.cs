namespace Backup.Metadata.Sqlite;

/// <content>Version 30.</content>
internal static partial class Schema
{
    // The tables stay as they are: the number keeps out releases that would hand a sealed URI to agents. What stands unsealed is sealed by whoever opens the file and
    // has the key (SqliteMetadataStore.OpenAsync).
    private const string SealedUris = "SELECT 1";
}
