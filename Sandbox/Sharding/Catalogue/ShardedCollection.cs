using Backup.MongoWire.Bson;

namespace Backup.Sandbox.Sharding.Catalogue;

/// <summary>A document of <c>config.chunks</c>.</summary>
/// <param name="LastMod">Major version above, minor below 32 bits.</param>
internal sealed record Chunk(BsonDocument Id, KeyRange Range, string Shard, ulong LastMod)
{
    /// <summary>Since when it has been where, the newest first.</summary>
    public IReadOnlyList<(ulong ValidAfter, string Shard)> History { get; init; } = [];

    /// <summary>Written only where it is known: a chunk that stayed while another one moved says that it is not.</summary>
    public bool? Jumbo { get; init; }

    public static Chunk Read(BsonView document)
    {
        var history = new List<(ulong, string)>();
        if (document.TryGet("history"u8, out var moves))
        {
            foreach (var move in moves.AsDocument)
            {
                history.Add((move.AsDocument["validAfter"u8].AsTimestamp, move.AsDocument["shard"u8].AsString));
            }
        }

        return new Chunk(
            MongoQuery.Values.Wrap(document["_id"u8]),
            new KeyRange(document["min"u8].AsDocument.ToDocument(), document["max"u8].AsDocument.ToDocument()),
            document["shard"u8].AsString,
            document["lastmod"u8].AsTimestamp
        )
        {
            History = history,
            Jumbo = document.TryGet("jumbo"u8, out var jumbo) ? jumbo.ToBoolean() : null,
        };
    }

    public static BsonDocument NewId(string ns, BsonDocument min) =>
        BsonDocument.Build(w => w.String(""u8, $"{ns}-{ShardKey.Spell(min)}"));

    /// <param name="isNew">Whether a collection is being distributed: then its chunks name themselves first.</param>
    public BsonDocument ToDocument(ShardedCollection of, bool isNew = false) =>
        BsonDocument.Build(w =>
        {
            w.Element("_id"u8, Id.View.First);
            if (isNew)
            {
                w.String("ns"u8, of.Namespace).Document("min"u8, Range.Min).Document("max"u8, Range.Max);
                w.String("shard"u8, Shard).Timestamp("lastmod"u8, LastMod).ObjectId("lastmodEpoch"u8, of.Epoch);
            }
            else
            {
                w.Timestamp("lastmod"u8, LastMod).ObjectId("lastmodEpoch"u8, of.Epoch).String("ns"u8, of.Namespace);
                w.Document("min"u8, Range.Min).Document("max"u8, Range.Max).String("shard"u8, Shard);
            }

            if (Jumbo is { } jumbo)
            {
                w.Boolean("jumbo"u8, jumbo);
            }

            WriteHistory(w);
        });

    /// <summary>As a shard keeps it in <c>config.cache.chunks.*</c>.</summary>
    public BsonDocument ToCached() =>
        BsonDocument.Build(w =>
        {
            w.Document("_id"u8, Range.Min).Document("max"u8, Range.Max).String("shard"u8, Shard);
            w.Timestamp("lastmod"u8, LastMod);
            WriteHistory(w);
        });

    private void WriteHistory(BsonWriter w)
    {
        Span<byte> scratch = stackalloc byte[11];
        w.BeginArray("history"u8);
        foreach (var (validAfter, shard) in History)
        {
            w.BeginDocument(w.ArrayItemName(scratch)).Timestamp("validAfter"u8, validAfter);
            w.String("shard"u8, shard).EndDocument();
        }

        w.EndArray();
    }
}

/// <summary>A collection and its chunks, in the order of their keys, as the config servers have them.</summary>
internal sealed record ShardedCollection(
    string Namespace,
    ShardKey Key,
    bool IsUnique,
    byte[] Epoch,
    Guid Uuid,
    IReadOnlyList<Chunk> Chunks
)
{
    /// <summary>The greatest version of all chunks.</summary>
    public ulong Version => Chunks.Max(static chunk => chunk.LastMod);

    /// <summary>Those that have a chunk of it, in the order of their names.</summary>
    public IEnumerable<string> Shards =>
        Chunks.Select(static chunk => chunk.Shard).Distinct().Order(StringComparer.Ordinal);

    /// <summary>The greatest version of a shard's chunks; 0 where it has none.</summary>
    public ulong VersionOf(string shard) =>
        Chunks.Where(chunk => chunk.Shard == shard).Select(static chunk => chunk.LastMod).DefaultIfEmpty().Max();

    public Chunk ChunkOf(BsonDocument key)
    {
        var (low, high) = (0, Chunks.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (BsonOrder.CompareDocuments(Chunks[middle].Range.Min.View, key.View) <= 0)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return Chunks[low];
    }

    /// <summary>The shards that may have what a query finds, in the order of their names.</summary>
    public IEnumerable<string> ShardsOf(BsonDocument query)
    {
        var bounds = Key.Bounds(query);
        return Chunks
            .Where(chunk =>
                BsonOrder.CompareDocuments(chunk.Range.Min.View, bounds.Max.View) <= 0
                && (
                    chunk.Range.Holds(bounds.Min)
                    || BsonOrder.CompareDocuments(chunk.Range.Min.View, bounds.Min.View) >= 0
                )
            )
            .Select(static chunk => chunk.Shard)
            .Distinct()
            .Order(StringComparer.Ordinal);
    }

    public static ulong Versioned(uint major, uint minor) => ((ulong)major << 32) | minor;

    public static uint Major(ulong version) => (uint)(version >> 32);
}
