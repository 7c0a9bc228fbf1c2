using Backup.MongoWire.Bson;
using Backup.Sandbox.Sharding.Shards;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Sharding.Catalogue;

/// <summary>A document of <c>config.databases</c>.</summary>
/// <param name="Version"><c>{uuid, lastMod}</c></param>
internal sealed record DatabaseEntry(string Name, string Primary, bool IsPartitioned, BsonDocument Version);

/// <summary>A document of <c>config.shards</c>.</summary>
/// <param name="Host">As <c>set/host:port,host:port</c>.</param>
internal sealed record ShardEntry(string Name, string Host, bool IsDraining, IReadOnlyList<string> Zones)
{
    public BsonDocument Document { get; init; }
}

/// <summary>A document of <c>config.tags</c>.</summary>
internal sealed record ZoneRange(string Namespace, KeyRange Range, string Zone);

/// <summary>All that the config servers know, at one moment.</summary>
internal sealed class ClusterCatalogue
{
    private readonly Dictionary<string, DatabaseEntry> _databases = [];
    private readonly Dictionary<string, ShardedCollection> _collections = [];
    private readonly List<ShardEntry> _shards = [];
    private readonly List<ZoneRange> _zones = [];

    public IReadOnlyDictionary<string, DatabaseEntry> Databases => _databases;

    /// <summary>Those that are sharded, by namespace.</summary>
    public IReadOnlyDictionary<string, ShardedCollection> Collections => _collections;

    /// <summary>In the order of their names.</summary>
    public IReadOnlyList<ShardEntry> Shards => _shards;

    public IReadOnlyList<ZoneRange> Zones => _zones;

    /// <summary>What <c>config.settings</c> says; without a document the balancer is on.</summary>
    public bool IsBalancerOn { get; private set; } = true;

    public DatabaseEntry? Database(string name) => _databases.GetValueOrDefault(name);

    public ShardedCollection? Collection(string ns) => _collections.GetValueOrDefault(ns);

    public ShardEntry? Shard(string name) => _shards.Find(shard => shard.Name == name);

    /// <summary>Under the engine's lock.</summary>
    public static ClusterCatalogue Read(Engine engine)
    {
        var catalogue = new ClusterCatalogue();
        foreach (var one in Documents(engine, "shards"))
        {
            catalogue._shards.Add(ReadShard(one));
        }

        foreach (var one in Documents(engine, "databases"))
        {
            var view = one.View;
            var name = view["_id"u8].AsString;
            catalogue._databases[name] = new DatabaseEntry(
                name,
                view["primary"u8].AsString,
                view.TryGet("partitioned"u8, out var partitioned) && partitioned.ToBoolean(),
                view.TryGet("version"u8, out var version) ? version.AsDocument.ToDocument() : BsonDocument.Empty
            );
        }

        foreach (var one in Documents(engine, "tags"))
        {
            catalogue._zones.Add(ReadZone(one.View));
        }

        catalogue.ReadCollections(engine);
        if (Documents(engine, "settings").FirstOrDefault(IsOfBalancer) is { Length: > 5 } settings)
        {
            catalogue.IsBalancerOn =
                !(settings.View.TryGet("stopped"u8, out var stopped) && stopped.ToBoolean())
                && !(settings.View.TryGet("mode"u8, out var mode) && mode.AsString == "off");
        }

        return catalogue;
    }

    private static List<BsonDocument> Documents(Engine engine, string collection) =>
        ClusterReads.All(engine, $"config.{collection}");

    private static bool IsOfBalancer(BsonDocument document) =>
        document.View["_id"u8] is { Type: BsonType.String, AsString: "balancer" };

    private void ReadCollections(Engine engine)
    {
        var chunks = Documents(engine, "chunks").ToLookup(static one => one.View["ns"u8].AsString);
        foreach (var one in Documents(engine, "collections"))
        {
            var view = one.View;
            if (view.TryGet("dropped"u8, out var dropped) && dropped.ToBoolean())
            {
                continue;
            }

            var ns = view["_id"u8].AsString;
            var ordered = chunks[ns].Select(static chunk => Chunk.Read(chunk.View)).ToList();
            ordered.Sort(static (left, right) => BsonOrder.CompareDocuments(left.Range.Min.View, right.Range.Min.View));
            if (ordered.Count > 0)
            {
                _collections[ns] = new ShardedCollection(
                    ns,
                    new ShardKey(view["key"u8].AsDocument.ToDocument()),
                    view.TryGet("unique"u8, out var unique) && unique.ToBoolean(),
                    view["lastmodEpoch"u8].AsObjectId.ToArray(),
                    view.TryGet("uuid"u8, out var uuid) ? uuid.AsUuid : Guid.Empty,
                    ordered
                );
            }
        }
    }

    private static ShardEntry ReadShard(BsonDocument document)
    {
        var view = document.View;
        var zones = new List<string>();
        if (view.TryGet("tags"u8, out var tags))
        {
            foreach (var tag in tags.AsDocument)
            {
                zones.Add(tag.AsString);
            }
        }

        return new ShardEntry(
            view["_id"u8].AsString,
            view["host"u8].AsString,
            view.TryGet("draining"u8, out var draining) && draining.ToBoolean(),
            zones
        )
        {
            Document = document,
        };
    }

    private static ZoneRange ReadZone(BsonView view) =>
        new(
            view["ns"u8].AsString,
            new KeyRange(view["min"u8].AsDocument.ToDocument(), view["max"u8].AsDocument.ToDocument()),
            view["tag"u8].AsString
        );
}
