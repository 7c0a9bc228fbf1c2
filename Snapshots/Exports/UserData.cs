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
            ? includeUsers && IsOfUsers(collection.Namespace)
            : collection.Name == "system.js" || collection.Name.StartsWith(Buckets, StringComparison.Ordinal);
    }

    /// <summary>Whether users, roles or the version of their form are kept under that name.</summary>
    public static bool IsOfUsers(string ns) =>
        ns is "admin.system.users" or "admin.system.roles" or "admin.system.version";

    /// <summary>Of the database <c>config</c> what the config servers know of their cluster; not what every replica set keeps there for itself.</summary>
    public static bool IsClusterMetadata(CatalogueCollection collection) =>
        collection.Database == "config"
        && collection.Type != CollectionType.View
        && !collection.Name.StartsWith("system.", StringComparison.Ordinal)
        && !collection.Name.StartsWith("cache.", StringComparison.Ordinal)
        && collection.Name is not ("transactions" or "image_collection");
}
