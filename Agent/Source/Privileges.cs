using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;

namespace Backup.Agent.Source;

/// <summary>
/// Whether the user may do what the agent does; the roles backup and clusterMonitor are enough. Without access control everybody
/// may, and connectionStatus names no user.
/// </summary>
internal static class Privileges
{
    /// <param name="Action">As MongoDB names it.</param>
    /// <param name="Database">Empty for any.</param>
    /// <param name="Collection">Empty for any.</param>
    internal sealed record Need(string Action, string Database, string Collection, bool Cluster = false)
    {
        public string Text =>
            Cluster ? $"{Action} on the cluster"
            : Database.Length == 0 ? $"{Action} on every database"
            : $"{Action} on {Database}.{Collection}";
    }

    private static readonly IReadOnlyList<Need> Needs =
    [
        new("find", "", ""),
        new("find", "local", "oplog.rs"),
        new("find", "config", "transactions"),
        new("listCollections", "", ""),
        new("listIndexes", "", ""),
        new("listDatabases", "", "", Cluster: true),
        new("replSetGetStatus", "", "", Cluster: true),
        new("replSetGetConfig", "", "", Cluster: true),
    ];

    /// <summary>What is needed on a cluster's routers.</summary>
    internal static readonly IReadOnlyList<Need> OfCluster =
    [
        new("find", "config", "shards"),
        new("find", "config", "settings"),
        new("update", "config", "settings"),
        new("getShardMap", "", "", Cluster: true),
    ];

    /// <exception cref="Foundation.Errors.BackupException">7007 with all that is missing.</exception>
    public static async Task CheckAsync(MongoClient client, ReadTarget target, CancellationToken cancellation)
    {
        var (user, missing) = await MissingAsync(client, target, cancellation);
        if (missing.Count > 0)
        {
            throw AgentErrors.NoPrivileges(user ?? "", missing);
        }
    }

    /// <summary>Who is logged in (null where nobody is), and what that user lacks.</summary>
    public static Task<(string? User, IReadOnlyList<string> Missing)> MissingAsync(
        MongoClient client,
        ReadTarget target,
        CancellationToken cancellation
    ) => MissingAsync(client, target, Needs, cancellation);

    /// <summary>The same of these needs.</summary>
    internal static async Task<(string? User, IReadOnlyList<string> Missing)> MissingAsync(
        MongoClient client,
        ReadTarget target,
        IReadOnlyList<Need> needs,
        CancellationToken cancellation
    )
    {
        var command = BsonDocument.Build(w => w.Int32("connectionStatus"u8, 1).Boolean("showPrivileges"u8, true));
        using var reply = await client.RunCommandAsync("admin", command, target, cancellation);
        return Missing(reply.View["authInfo"u8].AsDocument, needs);
    }

    private static (string? User, IReadOnlyList<string> Missing) Missing(BsonView authInfo, IReadOnlyList<Need> needs)
    {
        var user = UserOf(authInfo);
        var missing = new List<string>();
        if (user is not null && authInfo.TryGet("authenticatedUserPrivileges"u8, out var privileges))
        {
            foreach (var need in needs)
            {
                if (!IsGranted(need, privileges.AsDocument))
                {
                    missing.Add(need.Text);
                }
            }
        }

        return (user, missing);
    }

    private static string? UserOf(BsonView authInfo)
    {
        foreach (var item in authInfo["authenticatedUsers"u8].AsDocument)
        {
            return item.AsDocument["user"u8].AsString;
        }

        return null;
    }

    private static bool IsGranted(Need need, BsonView privileges)
    {
        foreach (var item in privileges)
        {
            var privilege = item.AsDocument;
            if (
                Covers(privilege["resource"u8].AsDocument, need)
                && Names(privilege["actions"u8].AsDocument, need.Action)
            )
            {
                return true;
            }
        }

        return false;
    }

    private static bool Covers(BsonView resource, Need need)
    {
        if (resource.TryGet("anyResource"u8, out var any) && any.ToBoolean())
        {
            return true;
        }

        if (need.Cluster)
        {
            return resource.TryGet("cluster"u8, out var cluster) && cluster.ToBoolean();
        }

        return resource.TryGet("db"u8, out var database)
            && resource.TryGet("collection"u8, out var collection)
            && Matches(database.AsString, need.Database)
            && Matches(collection.AsString, need.Collection);
    }

    private static bool Matches(string granted, string needed) => granted.Length == 0 || granted == needed;

    private static bool Names(BsonView actions, string action)
    {
        foreach (var item in actions)
        {
            if (item.AsString is var granted && (granted == action || granted == "anyAction"))
            {
                return true;
            }
        }

        return false;
    }
}
