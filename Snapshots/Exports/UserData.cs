using Backup.Oplog.Catalogues;

namespace Backup.Snapshots.Exports;

/// <summary>
/// Which collections are the users' data: what a restore writes, and what the number of a snapshot's documents counts. A head holds more: the
/// server's own collections, and views as documents.
/// </summary>
public static class UserData
{
    internal const string Buckets = "system.buckets.";

    /// <param name="collection">Of a snapshot's catalogue.</param>
    /// <param name="includeUsers">Users and roles (with the version of their form) too: they are restored on request.</param>
    public static bool Holds(CatalogueCollection collection, bool includeUsers = false)
    {
        if (collection.Database is "local" or "config")
        {
            return false;
        }

        if (!collection.Name.StartsWith("system.", StringComparison.Ordinal))
        {
            return collection.Type != CollectionType.View;
        }

        return collection.Database == "admin"
            ? includeUsers && collection.Name is "system.users" or "system.roles" or "system.version"
            : collection.Name == "system.js" || collection.Name.StartsWith(Buckets, StringComparison.Ordinal);
    }
}
