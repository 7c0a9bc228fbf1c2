namespace Backup.Foundation;

/// <summary>What a restore into a cluster does with a namespace of a backup.</summary>
public enum RestoreRule
{
    /// <summary>Like any other.</summary>
    Restore = 0,

    /// <summary>Users and roles: only where asked for.</summary>
    OnRequest = 1,

    /// <summary>Kept in the backup, never written into a cluster: keys, balancer state, what a config server keeps for itself.</summary>
    Keep = 2,

    /// <summary>View definitions: after all collections.</summary>
    AfterCollections = 3,
}

/// <summary>
/// The names that are never copied or replayed, and those that a restore treats apart: one table for agent, replayer and restore.
/// <list type="table">
/// <item><c>local.*</c>, <c>__mdb_internal*</c>, <c>*.system.profile</c>: of one member, not of the replica set.</item>
/// <item><c>admin.system.keys</c>: what the cluster signs its times with. The role <c>backup</c> may not read it, and a restore never needs it.</item>
/// <item><c>config.system.sessions</c>, <c>config.transactions</c>, <c>config.image_collection</c>: sessions of clients that a restore ends.</item>
/// <item><c>config.cache.*</c>: a shard's copy of the config servers' routing.</item>
/// <item><c>config.system.indexBuilds</c>, <c>config.system.preimages</c>: work in progress, change streams.</item>
/// <item><c>config.rangeDeletions</c>, <c>config.migrationCoordinators</c>, <c>config.localReshardingOperations.*</c>: migrations that a
/// restored cluster must not go on with.</item>
/// </list>
/// </summary>
public static class CopiedNamespaces
{
    /// <param name="ns">UTF-8: <c>database.collection</c>.</param>
    /// <returns>False where the namespace is neither copied nor replayed.</returns>
    public static bool Includes(ReadOnlySpan<byte> ns)
    {
        if (ns.StartsWith("local."u8) || ns.StartsWith("__mdb_internal"u8) || ns.EndsWith(".system.profile"u8))
        {
            return false;
        }

        if (ns.SequenceEqual("admin.system.keys"u8))
        {
            return false;
        }

        return !ns.StartsWith("config."u8) || IncludesConfig(ns["config."u8.Length..]);
    }

    /// <inheritdoc cref="Includes(ReadOnlySpan{byte})"/>
    public static bool Includes(string ns) => Includes(System.Text.Encoding.UTF8.GetBytes(ns));

    /// <param name="ns"><c>database.collection</c></param>
    public static RestoreRule OnRestore(string ns) =>
        ns switch
        {
            "admin.system.users" or "admin.system.roles" => RestoreRule.OnRequest,
            "admin.system.version" => RestoreRule.Keep,
            "config.chunks" or "config.collections" or "config.databases" or "config.settings" => RestoreRule.Restore,
            "config.shards" or "config.tags" or "config.version" => RestoreRule.Restore,
            _ when ns.StartsWith("config.", StringComparison.Ordinal) => RestoreRule.Keep,
            _ when ns.EndsWith(".system.views", StringComparison.Ordinal) => RestoreRule.AfterCollections,
            _ => RestoreRule.Restore,
        };

    /// <summary>Documents of <c>config.settings</c> that a restore leaves out: the state of the source's balancer.</summary>
    /// <param name="id">The document's <c>_id</c>.</param>
    public static bool IsBalancerSetting(string id) => id is "balancer" or "automerge";

    private static bool IncludesConfig(ReadOnlySpan<byte> name) =>
        !(
            name.SequenceEqual("system.sessions"u8)
            || name.SequenceEqual("transactions"u8)
            || name.SequenceEqual("image_collection"u8)
            || name.StartsWith("cache."u8)
            || name.SequenceEqual("system.indexBuilds"u8)
            || name.SequenceEqual("system.preimages"u8)
            || name.SequenceEqual("rangeDeletions"u8)
            || name.SequenceEqual("migrationCoordinators"u8)
            || name.StartsWith("localReshardingOperations."u8)
        );
}
