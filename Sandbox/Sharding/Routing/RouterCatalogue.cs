using System.Text;
using Backup.MongoQuery.Filters;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Sharding.Catalogue;
using Backup.Sandbox.Sharding.Changes;

namespace Backup.Sandbox.Sharding.Routing;

/// <summary>Databases, collections and indexes through a router.</summary>
internal static class RouterCatalogue
{
    public static async Task<BsonDocument> ListDatabasesAsync(RouterContext context)
    {
        var found = new SortedDictionary<string, SortedDictionary<string, double>>(StringComparer.Ordinal);
        foreach (var shard in context.Catalogue.Shards)
        {
            var reply = await context.Router.Calls.RunAsync(context, shard.Name, All());
            Take(reply.View, shard.Name);
        }

        var (own, _) = await context.Router.AskConfigAsync(context, All());
        Take(own.View, "config");
        var namesOnly = context.Flag("nameOnly"u8);
        var filter = Filter.Parse(context.Document("filter"u8) ?? BsonDocument.Empty);
        var listed = found
            .Select(one => Describe(one.Key, one.Value, namesOnly))
            .Where(one => filter.Matches(one.View))
            .ToList();
        var total = (long)found.Values.Sum(static sizes => sizes.Values.Sum());
        return context.Reply(w =>
        {
            WriteBatch.Statements(w, "databases", listed);
            if (!namesOnly)
            {
                w.Int64("totalSize"u8, total).Int64("totalSizeMb"u8, total >> 20);
            }
        });

        static BsonDocument All() => BsonDocument.Build(static w => w.Int32("listDatabases"u8, 1));

        void Take(BsonView reply, string shard)
        {
            foreach (var one in reply["databases"u8].AsDocument)
            {
                var name = one.AsDocument["name"u8].AsString;
                // What shards have in admin is their own; only the config servers' is the cluster's.
                if (name == "local" || (name == "admin" && shard != "config"))
                {
                    continue;
                }

                if (!found.TryGetValue(name, out var sizes))
                {
                    found.Add(name, sizes = new SortedDictionary<string, double>(StringComparer.Ordinal));
                }

                sizes[shard] = one.AsDocument["sizeOnDisk"u8].ToDouble();
            }
        }
    }

    /// <summary>As the database's primary lists them.</summary>
    public static Task<BsonDocument> ListCollectionsAsync(RouterContext context) =>
        OnPrimaryAsync(context, isCursor: true);

    public static async Task<BsonDocument> ListIndexesAsync(RouterContext context)
    {
        var (collection, shards) = RouterReads.Target(context, BsonDocument.Empty);
        var (reply, member) =
            shards.Count == 0
                ? await context.Router.AskConfigAsync(context, context.Request.Command)
                : await context.Router.Calls.AskAsync(
                    context,
                    shards[0],
                    context.Request.Command,
                    KnownAs.Version,
                    collection
                );
        var cursor = new RouterCursor(
            context.Namespace,
            [new ShardCursor(shards.Count == 0 ? "" : shards[0], member, reply)],
            order: null
        )
        {
            ConnectionId = context.Request.Connection.Id,
        };
        return await RouterReads.BatchAsync(context, cursor, "firstBatch", long.MaxValue, single: false);
    }

    public static async Task<BsonDocument> CreateAsync(RouterContext context)
    {
        var database = await context.Router.OpenDatabaseAsync(context, "createDatabase");
        await LockedAsync(context, context.Namespace, "createCollection");
        try
        {
            await context.Router.Calls.RunAsync(context, database.Primary, context.Request.Command);
        }
        catch (CommandFault exists) when (exists.Code == 48)
        {
            // As a mongos has it: it is there.
        }

        return context.Reply(static _ => { });
    }

    public static async Task<BsonDocument> DropAsync(RouterContext context)
    {
        if (context.Catalogue.Collection(context.Namespace) is { } collection)
        {
            await new CollectionSharding(context.Cluster).DropAsync(collection, context.Cancellation);
        }
        else if (context.Catalogue.Database(context.Database) is { } database)
        {
            try
            {
                await context.Router.Calls.RunAsync(context, database.Primary, context.Request.Command);
            }
            catch (CommandFault missing) when (missing.Code == 26)
            {
                // It is not there, as is wanted.
            }
        }

        return context.Reply(static _ => { });
    }

    public static async Task<BsonDocument> DropDatabaseAsync(RouterContext context)
    {
        var (name, config) = (context.Database, context.Cluster.Config);
        if (context.Catalogue.Database(name) is null)
        {
            return context.Reply(static w => w.String("info"u8, "database does not exist"));
        }

        await config.WriteAsync(
            writer => writer.Log("dropDatabase.start", name, "config", BsonDocument.Empty),
            context.Cancellation
        );
        var shards = context.Catalogue.Shards.Select(static shard => shard.Name).Where(HasIt).ToList();
        foreach (var collection in context.Catalogue.Collections.Values.Where(one => IsIn(one, name)).ToList())
        {
            await new CollectionSharding(context.Cluster).DropAsync(collection, context.Cancellation);
        }

        foreach (var shard in shards)
        {
            if (HasIt(shard))
            {
                await context.Router.Calls.RunAsync(context, shard, context.Request.Command);
            }
            else
            {
                // Its last collection went just now; the database goes on the record, too.
                await context.Cluster.Link(shard).WriteAsync(Note, context.Cancellation);
            }
        }

        await config.WriteAsync(
            writer =>
            {
                writer.Delete("databases", ConfigWriter.Id(name));
                writer.Log("dropDatabase", name, "config", BsonDocument.Empty);
            },
            context.Cancellation
        );
        return context.Reply(w => w.String("dropped"u8, name));

        bool HasIt(string shard) =>
            context.Cluster.Link(shard).Read(engine => engine.Collections.Any(one => one.Database == name));

        bool Note(Storage.Engine engine)
        {
            Commands.CatalogueWriter.Command(
                engine,
                name,
                null,
                BsonDocument.Build(static w => w.Int32("dropDatabase"u8, 1))
            );
            return true;
        }
    }

    public static async Task<BsonDocument> RenameAsync(RouterContext context)
    {
        context.CheckAdmin();
        var (from, to) = (context.CollectionName, context.Text("to"u8) ?? "");
        if (context.Catalogue.Collection(from) is not null || context.Catalogue.Collection(to) is not null)
        {
            throw new CommandFault(13138, "Location13138", "You can't rename a sharded collection");
        }

        var (source, _) = Storage.Namespaces.Split(from);
        var database =
            context.Catalogue.Database(source)
            ?? throw CommandFault.NamespaceNotFound($"Source collection {from} does not exist");
        return context.Pass(await context.Router.Calls.RunAsync(context, database.Primary, context.Request.Command));
    }

    /// <summary>createIndexes, dropIndexes, collMod: on each shard that has chunks, and each shard's own answer.</summary>
    public static async Task<BsonDocument> OnEachAsync(RouterContext context)
    {
        if (context.View.First.NameText == "createIndexes")
        {
            await context.Router.OpenDatabaseAsync(context, "createDatabase");
        }

        var (_, shards) = RouterReads.Target(context, BsonDocument.Empty);
        if (shards.Count == 0)
        {
            return context.Pass((await context.Router.AskConfigAsync(context, context.Request.Command)).Reply);
        }

        var raw = new List<(string Host, BsonDocument Reply)>();
        foreach (var shard in shards)
        {
            var reply = await context.Router.Calls.RunAsync(context, shard, context.Request.Command);
            raw.Add((context.Cluster.Shards[shard].HostList, Bare(reply)));
        }

        return context.Reply(w => WriteRaw(w, raw));
    }

    public static async Task<BsonDocument> CollStatsAsync(RouterContext context)
    {
        var (collection, shards) = RouterReads.Target(context, BsonDocument.Empty);
        if (shards.Count == 0)
        {
            return context.Pass((await context.Router.AskConfigAsync(context, context.Request.Command)).Reply);
        }

        var all = new List<(string Shard, BsonDocument Stats)>();
        foreach (var shard in shards)
        {
            all.Add((shard, Bare(await context.Router.Calls.RunAsync(context, shard, context.Request.Command))));
        }

        var (count, size) = (Sum(all, "count"), Sum(all, "size"));
        return context.Reply(w =>
        {
            w.Boolean("sharded"u8, collection is not null).String("ns"u8, context.Namespace);
            w.Int64("count"u8, count).Int64("size"u8, size).Int64("avgObjSize"u8, count == 0 ? 0 : size / count);
            w.Int64("storageSize"u8, Sum(all, "storageSize"))
                .Int32("nindexes"u8, (int)Sum(all, "nindexes") / all.Count);
            w.Int32("nchunks"u8, collection?.Chunks.Count ?? 1).BeginDocument("shards"u8);
            all.ForEach(one => w.Document(Encoding.UTF8.GetBytes(one.Shard), one.Stats));
            w.EndDocument();
        });
    }

    public static async Task<BsonDocument> DbStatsAsync(RouterContext context)
    {
        var raw = new List<(string Host, BsonDocument Reply)>();
        foreach (var shard in context.Catalogue.Shards)
        {
            var reply = await context.Router.Calls.RunAsync(context, shard.Name, context.Request.Command);
            raw.Add((shard.Host, Bare(reply)));
        }

        return context.Reply(w =>
        {
            WriteRaw(w, raw);
            w.Int64("objects"u8, Sum(raw, "objects")).Int64("dataSize"u8, Sum(raw, "dataSize"));
            w.Int64("storageSize"u8, Sum(raw, "storageSize"));
        });
    }

    private static async Task<BsonDocument> OnPrimaryAsync(RouterContext context, bool isCursor)
    {
        if (context.Database is "config" or "admin")
        {
            var (own, _) = await context.Router.AskConfigAsync(context, context.Request.Command);
            return context.Pass(own);
        }

        var shard = context.Catalogue.Database(context.Database)?.Primary ?? context.Catalogue.Shards[0].Name;
        var (reply, member) = await context.Router.Calls.AskAsync(context, shard, context.Request.Command);
        if (!isCursor)
        {
            return context.Pass(reply);
        }

        var ns = $"{context.Database}.$cmd.listCollections";
        var cursor = new RouterCursor(ns, [new ShardCursor(shard, member, reply)], order: null)
        {
            ConnectionId = context.Request.Connection.Id,
        };
        return await RouterReads.BatchAsync(context, cursor, "firstBatch", long.MaxValue, single: false);
    }

    private static Task LockedAsync(RouterContext context, string ns, string why) =>
        context.Cluster.Config.WriteAsync(
            writer =>
            {
                writer.Lock(context.Database, why);
                writer.Lock(ns, why);
                writer.Unlock(ns);
                writer.Unlock(context.Database);
            },
            context.Cancellation
        );

    private static bool IsIn(ShardedCollection collection, string database) =>
        Storage.Namespaces.Split(collection.Namespace).Database == database;

    private static long Sum(List<(string Of, BsonDocument Stats)> all, string field) =>
        all.Sum(one =>
            one.Stats.View.TryGet(Encoding.UTF8.GetBytes(field), out var value) ? (long)value.ToDouble() : 0
        );

    private static BsonDocument Bare(BsonDocument reply) =>
        BsonDocument.Build(w =>
        {
            foreach (var field in reply.View)
            {
                if (field.NameText is not ("operationTime" or "$clusterTime"))
                {
                    w.Element(field);
                }
            }
        });

    private static void WriteRaw(BsonWriter w, List<(string Host, BsonDocument Reply)> raw)
    {
        w.BeginDocument("raw"u8);
        raw.ForEach(one => w.Document(Encoding.UTF8.GetBytes(one.Host), one.Reply));
        w.EndDocument();
    }

    private static BsonDocument Describe(string name, SortedDictionary<string, double> sizes, bool nameOnly) =>
        BsonDocument.Build(w =>
        {
            w.String("name"u8, name);
            if (nameOnly)
            {
                return;
            }

            var size = sizes.Values.Sum();
            w.Double("sizeOnDisk"u8, size).Boolean("empty"u8, size == 0).BeginDocument("shards"u8);
            foreach (var (shard, bytes) in sizes)
            {
                w.Int64(Encoding.UTF8.GetBytes(shard), (long)bytes);
            }

            w.EndDocument();
        });
}
