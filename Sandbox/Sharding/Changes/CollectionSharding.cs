using Backup.MongoWire.Bson;
using Backup.Sandbox.Commands;
using Backup.Sandbox.Sharding.Catalogue;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Sharding.Changes;

/// <summary>Makes a collection a sharded one, and an end of one.</summary>
internal sealed class CollectionSharding(SandboxCluster cluster)
{
    private ConfigServers Config => cluster.Config;

    /// <summary>Distributes a collection, which is made where there is none: in one chunk, or where its key is hashed and it is empty in two for each shard.</summary>
    /// <returns>Its UUID.</returns>
    /// <exception cref="CommandFault">20, 23, 61, 72</exception>
    public async Task<Guid> ShardAsync(string ns, ShardKey key, bool isUnique, CancellationToken cancellation)
    {
        var (databaseName, name) = Namespaces.Split(ns);
        Namespaces.Check(databaseName, name);
        await Config.Turn.WaitAsync(cancellation);
        try
        {
            var catalogue = Config.Catalogue;
            var database =
                catalogue.Database(databaseName)
                ?? throw CommandFault.NamespaceNotFound($"database {databaseName} not found");
            if (!database.IsPartitioned)
            {
                throw CommandFault.IllegalOperation($"sharding not enabled for db {databaseName}");
            }

            if (key.IsHashed && isUnique)
            {
                throw CommandFault.InvalidOptions("Hashed shard keys cannot be declared unique.");
            }

            if (catalogue.Collection(ns) is { } known)
            {
                return known.Key.Pattern == key.Pattern && known.IsUnique == isUnique
                    ? known.Uuid
                    : throw new CommandFault(
                        23,
                        "AlreadyInitialized",
                        $"sharding already enabled for collection {ns} with options {ExtendedJson.ToText(known.Key.Pattern.View)}"
                    );
            }

            var (uuid, isEmpty) = await PrepareAsync(database.Primary, ns, key, isUnique, cancellation);
            var first = new ShardedCollection(ns, key, isUnique, WriteCommands.NewObjectId(), uuid, []);
            await Config.WriteAsync(writer => Lock(writer, ns), cancellation);
            var shards = catalogue.Shards.Where(static shard => !shard.IsDraining).Select(static one => one.Name);
            var collection = await DistributeAsync(first, database.Primary, isEmpty, [.. shards], cancellation);
            await cluster.PublishAsync(
                collection,
                [.. collection.Shards.Append(database.Primary).Distinct()],
                cancellation
            );
            await Config.WriteAsync(writer => End(writer, collection, database.Primary), cancellation);
            return uuid;
        }
        finally
        {
            Config.Turn.Release();
        }
    }

    /// <summary>Removes a sharded collection from all shards and from the config servers.</summary>
    public async Task DropAsync(ShardedCollection collection, CancellationToken cancellation)
    {
        var ns = collection.Namespace;
        await cluster.Balancer.Moving.WaitAsync(cancellation);
        try
        {
            collection = Config.Catalogue.Collection(ns) ?? collection;
            await Config.WriteAsync(
                writer =>
                {
                    Lock(writer, ns, "dropCollection");
                    writer.Log("dropCollection.start", ns, "config", BsonDocument.Empty);
                },
                cancellation
            );
            var shards = Config.Catalogue.Shards.Select(static shard => shard.Name).ToList();
            foreach (var shard in shards)
            {
                await cluster.Link(shard).WriteAsync(engine => DropOn(engine, ns), cancellation);
            }

            await Config.WriteAsync(
                writer =>
                {
                    foreach (var chunk in collection.Chunks)
                    {
                        writer.Delete("chunks", chunk.Id);
                    }

                    writer.Put("collections", Dropped(ns, writer.Engine.NowMilliseconds));
                },
                cancellation
            );
            foreach (var shard in shards)
            {
                await cluster.Link(shard).WriteAsync(engine => Forget(engine, shard, ns), cancellation);
            }

            await Config.WriteAsync(
                writer =>
                {
                    writer.Log("dropCollection", ns, "config", BsonDocument.Empty);
                    Unlock(writer, ns);
                },
                cancellation
            );
        }
        finally
        {
            cluster.Balancer.Moving.Release();
        }
    }

    /// <summary>The collection and the index on its key, on the primary of the database.</summary>
    private async Task<(Guid Uuid, bool IsEmpty)> PrepareAsync(
        string shard,
        string ns,
        ShardKey key,
        bool isUnique,
        CancellationToken cancellation
    ) =>
        await cluster
            .Link(shard)
            .WriteAsync(
                engine =>
                {
                    var (database, name) = Namespaces.Split(ns);
                    var known = engine.Find(ns) ?? CatalogueWriter.Create(engine, database, name, BsonDocument.Empty);
                    if (!known.Indexes.Exists(index => StartsWith(index, key.Pattern)))
                    {
                        if (known.Count > 0)
                        {
                            throw CommandFault.InvalidOptions(
                                "Please create an index that starts with the proposed shard key before sharding the collection"
                            );
                        }

                        CatalogueWriter.CreateIndex(engine, known, KeyIndex(ns, key, isUnique), wasThere: true);
                    }

                    return known.From(Record.Lowest, skipEqual: false).Any(record => key.Of(record.Document) is null)
                        ? throw new CommandFault(
                            61,
                            "ShardKeyNotFound",
                            "There are documents without the proposed shard key"
                        )
                        : (known.Uuid, known.Count == 0);
                },
                cancellation
            );

    private async Task<ShardedCollection> DistributeAsync(
        ShardedCollection first,
        string primary,
        bool isEmpty,
        List<string> shards,
        CancellationToken cancellation
    )
    {
        var ns = first.Namespace;
        var isSpread = first.Key.IsHashed && isEmpty && shards.Count > 0;
        var ranges = isSpread ? Spread(first.Key, shards.Count * 2) : [new(first.Key.Lowest, first.Key.Highest)];
        await Config.WriteAsync(
            writer => writer.Log("shardCollection.start", ns, primary, Started(first, isEmpty, primary, ranges.Count)),
            cancellation
        );
        foreach (var shard in isSpread ? shards.Where(shard => shard != primary) : [])
        {
            await CloneEmptyAsync(first, primary, shard, cancellation);
        }

        await Config.WriteAsync(
            writer =>
            {
                var at = writer.Engine.Oplog.Last.Timestamp;
                var chunks = ranges.Select(
                    (range, number) =>
                    {
                        var shard = isSpread ? shards[number * shards.Count / ranges.Count] : primary;
                        var version = ShardedCollection.Versioned(1, (uint)number);
                        return new Chunk(Chunk.NewId(ns, range.Min), range, shard, version) { History = [(at, shard)] };
                    }
                );
                first = first with { Chunks = [.. chunks] };
                foreach (var chunk in first.Chunks.Reverse())
                {
                    writer.Insert("chunks", chunk.ToDocument(first, isNew: true));
                }

                writer.Put("collections", Entry(first));
            },
            cancellation
        );
        return first;
    }

    private async Task CloneEmptyAsync(
        ShardedCollection collection,
        string from,
        string to,
        CancellationToken cancellation
    ) =>
        await new Moves.ChunkCopy(
            collection,
            new KeyRange(collection.Key.Lowest, collection.Key.Lowest),
            cluster.Link(from),
            cluster.Link(to)
        ).PrepareAsync(cancellation);

    /// <summary>Ranges of the whole of 64 bits, all of the same size.</summary>
    private static List<KeyRange> Spread(ShardKey key, int count)
    {
        // As a server rounds: away from zero in whole steps.
        var step = long.MaxValue / count * 2;
        var bounds = new List<BsonDocument>();
        for (var at = count % 2 == 0 ? 0 : step / 2; bounds.Count < count - 1; at += step)
        {
            bounds.Add(At(at));
            if (at > 0)
            {
                bounds.Add(At(-at));
            }
        }

        bounds.Sort(static (left, right) => BsonOrder.CompareDocuments(left.View, right.View));
        return
        [
            .. bounds.Prepend(key.Lowest).Zip(bounds.Append(key.Highest), static (min, max) => new KeyRange(min, max)),
        ];

        BsonDocument At(long value) => BsonDocument.Build(w => w.Int64(key.Pattern.View.First.Name, value));
    }

    private static BsonDocument KeyIndex(string ns, ShardKey key, bool isUnique) =>
        IndexSpecs.Normalise(
            BsonDocument.Build(w =>
            {
                var name = new List<string>();
                foreach (var field in key.Pattern.View)
                {
                    name.Add($"{field.NameText}_{(field.Type == BsonType.String ? "hashed" : "1")}");
                }

                w.Document("key"u8, key.Pattern).String("name"u8, string.Join('_', name));
                if (isUnique)
                {
                    w.Boolean("unique"u8, true);
                }
            }),
            ns
        );

    private static bool StartsWith(BsonDocument index, BsonDocument pattern)
    {
        var key = index.View["key"u8].AsDocument.GetEnumerator();
        foreach (var field in pattern.View)
        {
            if (
                !key.MoveNext()
                || !key.Current.Name.SequenceEqual(field.Name)
                || BsonOrder.CompareValues(key.Current, field) != 0
            )
            {
                return false;
            }
        }

        return true;
    }

    private BsonDocument Started(ShardedCollection collection, bool isEmpty, string primary, int chunks) =>
        BsonDocument.Build(w =>
        {
            w.Document("shardKey"u8, collection.Key.Pattern).String("collection"u8, collection.Namespace);
            w.Uuid("uuid"u8, collection.Uuid).Boolean("empty"u8, isEmpty).Boolean("fromMapReduce"u8, false);
            w.String("primary"u8, $"{primary}:{cluster.Shards[primary].HostList}").Int32("numChunks"u8, chunks);
        });

    private static BsonDocument Entry(ShardedCollection collection) =>
        BsonDocument.Build(w =>
        {
            w.String("_id"u8, collection.Namespace).ObjectId("lastmodEpoch"u8, collection.Epoch);
            // As a server writes it: the version, taken for a date.
            w.DateTime("lastmod"u8, (long)collection.Version).Boolean("dropped"u8, false);
            w.Document("key"u8, collection.Key.Pattern).Boolean("unique"u8, collection.IsUnique);
            w.Uuid("uuid"u8, collection.Uuid);
        });

    private static BsonDocument Dropped(string ns, long now) =>
        BsonDocument.Build(w =>
        {
            w.String("_id"u8, ns).ObjectId("lastmodEpoch"u8, new byte[12]);
            w.DateTime("lastmod"u8, now).Boolean("dropped"u8, true);
        });

    private static bool DropOn(Engine engine, string ns)
    {
        if (engine.Find(ns) is { } own)
        {
            engine.Transactions.CheckFree(own);
            CatalogueWriter.Drop(engine, own);
        }

        return true;
    }

    private bool Forget(Engine engine, string shard, string ns)
    {
        cluster.Role(shard).Set(ns, null);
        Shards.ShardCache.Drop(engine, ns);
        return true;
    }

    private static void Lock(ConfigWriter writer, string ns, string why = "shardCollection")
    {
        writer.Lock(Namespaces.Split(ns).Database, why);
        writer.Lock(ns, why);
    }

    private static void Unlock(ConfigWriter writer, string ns)
    {
        writer.Unlock(ns);
        writer.Unlock(Namespaces.Split(ns).Database);
    }

    private static void End(ConfigWriter writer, ShardedCollection collection, string primary)
    {
        var version =
            $"{ShardedCollection.Major(collection.Version)}|{(uint)collection.Version}||{Convert.ToHexStringLower(collection.Epoch)}";
        writer.Log(
            "shardCollection.end",
            collection.Namespace,
            primary,
            BsonDocument.Build(w => w.String("version"u8, version))
        );
        Unlock(writer, collection.Namespace);
    }
}
