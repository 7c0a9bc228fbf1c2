using Backup.MongoQuery.Filters;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Commands;
using Backup.Sandbox.Sharding.Catalogue;

namespace Backup.Sandbox.Sharding.Shards;

/// <summary>What a shard knows of a sharded collection: which chunks are its own.</summary>
/// <param name="Version">The greatest of its own chunks; 0 where it has none.</param>
/// <param name="PlacedAt">The time of the cluster since when its chunks are these.</param>
internal sealed record OwnedCollection(
    ShardKey Key,
    byte[] Epoch,
    ulong Version,
    IReadOnlyList<KeyRange> Ranges,
    ulong PlacedAt
)
{
    public static OwnedCollection Of(ShardedCollection collection, string shard, ulong placedAt) =>
        new(
            collection.Key,
            collection.Epoch,
            collection.VersionOf(shard),
            [.. collection.Chunks.Where(chunk => chunk.Shard == shard).Select(static chunk => chunk.Range)],
            placedAt
        );

    /// <summary>Whether a document is in one of the shard's own chunks; what has no shard key is nobody's.</summary>
    public bool Owns(BsonDocument document) => Key.Of(document) is { } key && OwnsKey(key);

    public bool OwnsKey(BsonDocument key) => Ranges.Any(range => range.Holds(key));

    /// <summary>Whether a router that sends this version takes the collection for a sharded one.</summary>
    public static bool IsSharded(BsonElement version) =>
        version.AsDocument.First.AsTimestamp != 0 || version.AsDocument["1"u8].AsObjectId.ContainsAnyExcept((byte)0);

    /// <summary>The version as routers send it: <c>[Timestamp, ObjectId]</c>.</summary>
    public static void WriteVersion(BsonWriter writer, ulong version, byte[] epoch) =>
        writer.BeginArray("shardVersion"u8).Timestamp("0"u8, version).ObjectId("1"u8, epoch).EndArray();
}

/// <summary>A query, of which only what the shard owns is found: a chunk's documents stay for a while where it has left.</summary>
internal sealed class OwnedFilter : Filter
{
    private readonly Filter _query;
    private readonly OwnedCollection _owned;

    private OwnedFilter(Filter query, OwnedCollection owned) => (_query, _owned) = (query, owned);

    /// <param name="seesOrphans">Whether what others own is found, too.</param>
    public static Filter Of(CommandContext context, BsonDocument query, bool seesOrphans = false)
    {
        var filter = Parse(query);
        return seesOrphans || context.Owned is not { } owned ? filter : new OwnedFilter(filter, owned);
    }

    public override bool Matches(BsonView document, MatchDetails? details) =>
        _query.Matches(document, details) && _owned.Owns(document.ToDocument());
}
