using System.Buffers;
using Backup.MongoWire.Bson;

namespace Backup.Snapshots.Sharding;

/// <param name="Name">For example <c>s0</c>.</param>
/// <param name="Host">As <c>set/host:port,host:port</c>.</param>
/// <param name="Zones">The zones that it belongs to.</param>
/// <param name="IsDraining">It is being emptied, to be removed.</param>
public sealed record ShardDefinition(string Name, string Host, IReadOnlyList<string> Zones, bool IsDraining)
{
    /// <summary>The name of its replica set.</summary>
    public string ReplicaSet => Host.Split('/', 2)[0];
}

/// <summary>A range of a collection's keys that belongs to a zone.</summary>
public sealed record ZoneRange(string Namespace, BsonDocument Min, BsonDocument Max, string Zone);

/// <summary>A collection whose documents are where its chunks are.</summary>
/// <param name="Namespace">Of a time series the one of its buckets.</param>
/// <param name="Uuid">Empty where early releases did not write it down.</param>
/// <param name="Key">What it is distributed by.</param>
/// <param name="IsUnique">Whether the key is unique.</param>
/// <param name="IsSplittable">False of a collection that is not sharded and was moved as a whole (MongoDB 8.0).</param>
/// <param name="Chunks">Who owns what.</param>
public sealed record ShardedCollection(
    string Namespace,
    Guid Uuid,
    ShardKeyPattern Key,
    bool IsUnique,
    bool IsSplittable,
    ChunkMap Chunks
);

/// <summary>What the config servers know of a cluster, at one moment.</summary>
/// <param name="ClusterId">24 hex digits; empty where it is not written down.</param>
/// <param name="Shards">By name.</param>
/// <param name="Databases">The primary shard of each.</param>
/// <param name="Collections">By namespace, those of the database <c>config</c> left out.</param>
/// <param name="Zones">In no order that matters.</param>
/// <param name="IsBalancerOn">Whether the balancer may move chunks.</param>
public sealed record ClusterLayout(
    string ClusterId,
    IReadOnlyList<ShardDefinition> Shards,
    IReadOnlyDictionary<string, string> Databases,
    IReadOnlyDictionary<string, ShardedCollection> Collections,
    IReadOnlyList<ZoneRange> Zones,
    bool IsBalancerOn
)
{
    /// <summary>The name that the config servers have among the sets of a cluster, and as a shard (from MongoDB 8.0 on).</summary>
    public const string ConfigServers = "config";

    /// <summary>
    /// The set that has a database's collections that are not distributed; null where no such database is known. What stands in <c>admin</c> and <c>config</c> is on the
    /// config servers.
    /// </summary>
    public string? PrimaryOf(string database) =>
        database is "admin" or "config" ? ConfigServers : Databases.GetValueOrDefault(database);

    /// <summary>The set that a document of a collection belongs to; null where no such database is known.</summary>
    public string? OwnerOf(string ns, BsonView document)
    {
        if (!Collections.TryGetValue(ns, out var sharded))
        {
            return PrimaryOf(ns.Split('.', 2)[0]);
        }

        var key = new ArrayBufferWriter<byte>(64);
        sharded.Key.Write(document, key);
        return sharded.Chunks.OwnerOf(key.WrittenSpan);
    }
}
