using Backup.MongoWire.Bson;
using Backup.Sandbox.Commands;
using Backup.Sandbox.Sharding.Catalogue;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Sharding.Shards;

/// <summary>
/// What a shard writes down of the config servers' content for its secondaries, in <c>config.cache.*</c>. Under the engine's lock, on the primary.
/// </summary>
internal static class ShardCache
{
    /// <summary>A database, and the chunks of a collection of it, as they are now.</summary>
    public static void Refresh(Engine engine, DatabaseEntry database, ShardedCollection collection)
    {
        var databases = Open(engine, "cache.databases");
        var collections = Open(engine, "cache.collections");
        if (databases.Find(Probe(database.Name)) is null)
        {
            engine.Insert(
                databases,
                BsonDocument.Build(w =>
                {
                    w.String("_id"u8, database.Name).Boolean("partitioned"u8, database.IsPartitioned);
                    w.String("primary"u8, database.Primary).Document("version"u8, database.Version);
                })
            );
        }

        var ns = collection.Namespace;
        if (collections.Find(Probe(ns)) is null)
        {
            engine.Insert(collections, Entry(collection));
        }
        else
        {
            Update(engine, ns, static w => w.Boolean("refreshing"u8, true));
        }

        RefreshChunks(engine, collection);
        var version = collection.Version;
        Update(
            engine,
            ns,
            w => w.Timestamp("lastRefreshedCollectionVersion"u8, version).Boolean("refreshing"u8, false)
        );
    }

    public static void Drop(Engine engine, string ns)
    {
        if (engine.Find("config.cache.collections") is { } collections && collections.Find(Probe(ns)) is { } entry)
        {
            engine.Delete(collections, entry, origin: null);
        }

        if (engine.Find($"config.cache.chunks.{ns}") is { } chunks)
        {
            CatalogueWriter.Drop(engine, chunks);
        }
    }

    /// <summary>A shard is about to commit a migration.</summary>
    public static void CountCriticalSection(Engine engine, string ns, int count) =>
        Update(engine, ns, w => w.Int32("enterCriticalSectionCounter"u8, count));

    private static void RefreshChunks(Engine engine, ShardedCollection collection)
    {
        var name = $"cache.chunks.{collection.Namespace}";
        var chunks = engine.Find($"config.{name}");
        if (chunks is null)
        {
            chunks = CatalogueWriter.Create(engine, "config", name, BsonDocument.Empty);
            var index = BsonDocument.Build(static w =>
                w.BeginDocument("key"u8).Int32("lastmod"u8, 1).EndDocument().String("name"u8, "lastmod_1")
            );
            CatalogueWriter.CreateIndex(engine, chunks, IndexSpecs.Normalise(index, chunks.Namespace), wasThere: true);
        }

        var wanted = collection.Chunks.Select(static chunk => chunk.ToCached()).ToList();
        foreach (var old in chunks.From(Record.Lowest, skipEqual: false).ToList())
        {
            if (!wanted.Contains(old.Document))
            {
                engine.Delete(chunks, old, origin: null);
            }
        }

        foreach (var document in wanted.Where(document => chunks.Find(new Record(document, 0)) is null))
        {
            engine.Insert(chunks, document);
        }
    }

    private static BsonDocument Entry(ShardedCollection collection) =>
        BsonDocument.Build(w =>
        {
            w.String("_id"u8, collection.Namespace).ObjectId("epoch"u8, collection.Epoch);
            w.Document("key"u8, collection.Key.Pattern).Boolean("refreshing"u8, true);
            w.Boolean("unique"u8, collection.IsUnique).Uuid("uuid"u8, collection.Uuid);
        });

    private static void Update(Engine engine, string ns, Action<BsonWriter> set) =>
        Writer(engine, "cache.collections")
            .Update(
                new UpdateRequest(
                    BsonDocument.Build(w => w.String("_id"u8, ns)),
                    BsonDocument.Build(w =>
                    {
                        w.BeginDocument("$set"u8);
                        set(w);
                        w.EndDocument();
                    }),
                    Multi: false,
                    Upsert: false
                ),
                statement: 0
            );

    private static DocumentWriter Writer(Engine engine, string name) =>
        new(new WriteTarget(engine, engine, "config", name));

    private static SandboxCollection Open(Engine engine, string name) =>
        engine.Find($"config.{name}") ?? CatalogueWriter.Create(engine, "config", name, BsonDocument.Empty);

    private static Record Probe(string id) => new(BsonDocument.Build(w => w.String("_id"u8, id)), 0);
}
