using System.Security.Cryptography;
using System.Text;
using Backup.MongoQuery;
using Backup.MongoQuery.Filters;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Query;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Commands;

/// <summary>Databases, collections, indexes: listing and changing them.</summary>
internal static class CatalogueCommands
{
    private static readonly HashSet<string> NotOptions =
    [
        "create",
        "idIndex",
        "writeConcern",
        "comment",
        "lsid",
        "txnNumber",
        "maxTimeMS",
        "readConcern",
        "apiVersion",
    ];

    public static BsonDocument ListDatabases(CommandContext context)
    {
        var namesOnly = context.Flag("nameOnly"u8);
        var filter = Filter.Parse(context.Document("filter"u8) ?? BsonDocument.Empty);
        List<BsonDocument> found;
        lock (context.Engine.Gate)
        {
            found =
            [
                .. context
                    .Engine.Collections.GroupBy(static collection => collection.Database)
                    .Select(static group => (Name: group.Key, Size: group.Sum(static collection => collection.Bytes)))
                    .Append((Name: "local", Size: context.Engine.Oplog.Bytes))
                    .OrderBy(static database => database.Name, StringComparer.Ordinal)
                    .Select(database => Database(database.Name, database.Size, namesOnly))
                    .Where(document => filter.Matches(document.View)),
            ];
        }

        return context.Reply(w =>
        {
            Span<byte> scratch = stackalloc byte[11];
            w.BeginArray("databases"u8);
            foreach (var database in found)
            {
                w.Document(w.ArrayItemName(scratch), database);
            }

            w.EndArray();
        });
    }

    public static BsonDocument ListCollections(CommandContext context)
    {
        var filter = Filter.Parse(context.Document("filter"u8) ?? BsonDocument.Empty);
        List<BsonDocument> found;
        lock (context.Engine.Gate)
        {
            found =
            [
                .. context
                    .Engine.Collections.Where(collection => collection.Database == context.Database)
                    .OrderBy(static collection => collection.Name, StringComparer.Ordinal)
                    .Select(collection => Describe(context.Engine, collection)),
            ];
        }

        if (context.Database == "local")
        {
            found.Add(DescribeOplog(context));
        }

        found = found.FindAll(document => filter.Matches(document.View));
        return Listed(context, $"{context.Database}.$cmd.listCollections", found);
    }

    public static BsonDocument ListIndexes(CommandContext context)
    {
        lock (context.Engine.Gate)
        {
            var collection =
                context.Collection ?? throw CommandFault.NamespaceNotFound($"ns does not exist: {context.Namespace}");
            if (Namespaces.IsView(collection))
            {
                throw new CommandFault(
                    166,
                    "CommandNotSupportedOnView",
                    $"Namespace {collection.Namespace} is a view, not a collection"
                );
            }

            return Listed(
                context,
                $"{collection.Database}.$cmd.listIndexes.{collection.Name}",
                [.. collection.Indexes]
            );
        }
    }

    public static BsonDocument Create(CommandContext context)
    {
        Namespaces.Check(context.Database, context.CollectionName);
        var options = BsonDocument.Build(w =>
        {
            foreach (var field in context.View)
            {
                if (!NotOptions.Contains(field.NameText) && field.Name is not [(byte)'$', ..])
                {
                    w.Element(field);
                }
            }
        });
        lock (context.Engine.Gate)
        {
            if (context.Collection is not null)
            {
                throw CommandFault.NamespaceExists($"a collection '{context.Namespace}' already exists");
            }

            if (SandboxCollection.IsCappedBy(options))
            {
                options = options.View.TryGet("size"u8, out var size)
                    ? CappedOptions.WithSize(options, size.ToInt64())
                    : throw CommandFault.InvalidOptions("the 'size' field is required when 'capped' is true");
            }

            if (options.View.Has("clusteredIndex"u8) || options.View.Has("timeseries"u8))
            {
                ClusteredCollections.Create(context.Engine, context.Database, context.CollectionName, options);
            }
            else if (options.View.Has("viewOn"u8))
            {
                CatalogueWriter.CreateView(context.Engine, context.Database, context.CollectionName, options);
            }
            else
            {
                CatalogueWriter.Create(context.Engine, context.Database, context.CollectionName, options);
            }
        }

        return context.Reply(static _ => { });
    }

    public static BsonDocument Drop(CommandContext context)
    {
        lock (context.Engine.Gate)
        {
            var collection = context.Collection ?? throw CommandFault.NamespaceNotFound();
            context.Engine.Transactions.CheckFree(collection);
            CatalogueWriter.Drop(context.Engine, collection);
            if (ClusteredCollections.BucketsOf(context.Engine, collection) is { } buckets)
            {
                CatalogueWriter.Drop(context.Engine, buckets);
            }

            return context.Reply(w => w.String("ns"u8, collection.Namespace));
        }
    }

    public static BsonDocument DropDatabase(CommandContext context)
    {
        lock (context.Engine.Gate)
        {
            var collections = context.Engine.Collections.Where(one => one.Database == context.Database).ToList();
            if (collections.Count > 0)
            {
                collections.ForEach(context.Engine.Transactions.CheckFree);
                CatalogueWriter.DropDatabase(context.Engine, context.Database);
            }

            return context.Reply(w => w.String("dropped"u8, context.Database));
        }
    }

    public static BsonDocument Rename(CommandContext context)
    {
        var to = context.Text("to"u8) ?? throw CommandFault.FailedToParse("renameCollection needs 'to'");
        lock (context.Engine.Gate)
        {
            var source =
                context.Engine.Find(context.CollectionName)
                ?? throw CommandFault.NamespaceNotFound($"Source collection {context.CollectionName} does not exist");
            var target = context.Engine.Find(to);
            if (target is not null && !context.Flag("dropTarget"u8))
            {
                throw CommandFault.NamespaceExists("target namespace exists");
            }

            context.Engine.Transactions.CheckFree(source);
            if (target is not null)
            {
                context.Engine.Transactions.CheckFree(target);
            }

            CatalogueWriter.Rename(context.Engine, source, to, target);
            return context.Reply(static _ => { });
        }
    }

    public static BsonDocument CreateIndexes(CommandContext context)
    {
        lock (context.Engine.Gate)
        {
            var created = context.Collection is null;
            var collection =
                context.Collection
                ?? CatalogueWriter.Create(context.Engine, context.Database, context.CollectionName, BsonDocument.Empty);
            context.Engine.Transactions.CheckFree(collection);
            var before = collection.Indexes.Count;
            foreach (var given in context.View["indexes"u8].AsDocument)
            {
                var ns = context.Engine.Profile == WireProfile.V42 ? collection.Namespace : null;
                var index = IndexSpecs.Normalise(given.AsDocument.ToDocument(), ns);
                var same = collection.Indexes.Find(known => IndexSpecs.Name(known) == IndexSpecs.Name(index));
                if (same is { Length: > 5 } known && collection.Indexes.Contains(known))
                {
                    if (!known.View["key"u8].Value.SequenceEqual(index.View["key"u8].Value))
                    {
                        throw new CommandFault(
                            86,
                            "IndexKeySpecsConflict",
                            $"Index with name: {IndexSpecs.Name(index)} already exists with different options"
                        );
                    }

                    continue;
                }

                CatalogueWriter.CreateIndex(context.Engine, collection, index, wasThere: !created);
            }

            return context.Reply(w =>
                w.Boolean("createdCollectionAutomatically"u8, created)
                    .Int32("numIndexesBefore"u8, before)
                    .Int32("numIndexesAfter"u8, collection.Indexes.Count)
            );
        }
    }

    public static BsonDocument DropIndexes(CommandContext context)
    {
        lock (context.Engine.Gate)
        {
            var collection = context.Collection ?? throw CommandFault.NamespaceNotFound();
            context.Engine.Transactions.CheckFree(collection);
            var before = collection.Indexes.Count;
            var wanted = Backup.MongoQuery.Values.Wrap(context.View["index"u8]);
            var goes = collection.Indexes.Where(index => !IndexSpecs.IsOnId(index) && IsMeant(wanted, index)).ToList();
            if (goes.Count == 0 && !IsStar(wanted))
            {
                throw CommandFault.IndexNotFound("index not found");
            }

            goes.ForEach(index => CatalogueWriter.DropIndex(context.Engine, collection, index));
            return context.Reply(w => w.Int32("nIndexesWas"u8, before));
        }
    }

    public static BsonDocument ConvertToCapped(CommandContext context)
    {
        var size = context.Number("size"u8, 0);
        lock (context.Engine.Gate)
        {
            var collection =
                context.Collection
                ?? throw CommandFault.NamespaceNotFound($"source collection {context.Namespace} does not exist");
            if (Namespaces.IsView(collection))
            {
                throw new CommandFault(
                    166,
                    "CommandNotSupportedOnView",
                    $"cloneCollectionAsCapped not supported for views: {collection.Namespace}"
                );
            }

            context.Engine.Transactions.CheckFree(collection);
            CatalogueWriter.ConvertToCapped(context.Engine, collection, size);
            return context.Reply(static _ => { });
        }
    }

    public static BsonDocument DbHash(CommandContext context)
    {
        var hashes = new List<(string Name, string Md5)>();
        lock (context.Engine.Gate)
        {
            var collections = context
                .Engine.Collections.Where(collection =>
                    collection.Database == context.Database && !Namespaces.IsView(collection)
                )
                .OrderBy(static collection => collection.Name, StringComparer.Ordinal);
            foreach (var collection in collections)
            {
                using var hash = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
                foreach (var record in collection.From(Record.Lowest, skipEqual: false))
                {
                    hash.AppendData(record.Document.Span);
                }

                hashes.Add((collection.Name, Convert.ToHexStringLower(hash.GetHashAndReset())));
            }
        }

        var whole = MD5.HashData(Encoding.ASCII.GetBytes(string.Concat(hashes.Select(static entry => entry.Md5))));
        return context.Reply(w =>
        {
            w.String("host"u8, context.Member.Address).BeginDocument("collections"u8);
            hashes.ForEach(entry => w.String(Encoding.UTF8.GetBytes(entry.Name), entry.Md5));
            w.EndDocument().String("md5"u8, Convert.ToHexStringLower(whole)).Int32("timeMillis"u8, 0);
        });
    }

    public static BsonDocument CollStats(CommandContext context)
    {
        lock (context.Engine.Gate)
        {
            var oplog = context.Namespace == Planner.OplogNamespace;
            var collection = context.Collection;
            var (count, bytes) = oplog
                ? (context.Engine.Oplog.Count, context.Engine.Oplog.Bytes)
                : (collection?.Count ?? 0, collection?.Bytes ?? 0);
            return context.Reply(w =>
            {
                w.String("ns"u8, context.Namespace).Int64("count"u8, count).Int64("size"u8, bytes);
                w.Int64("avgObjSize"u8, count == 0 ? 0 : bytes / count).Int64("storageSize"u8, bytes);
                w.Boolean("capped"u8, oplog || collection is { IsCapped: true });
                if (oplog)
                {
                    w.Int64("maxSize"u8, context.Member.Options.OplogBytes);
                }

                w.Int32("nindexes"u8, collection?.Indexes.Count ?? 0);
            });
        }
    }

    public static BsonDocument DbStats(CommandContext context)
    {
        lock (context.Engine.Gate)
        {
            var all = context.Engine.Collections.Where(collection => collection.Database == context.Database).ToList();
            return context.Reply(w =>
            {
                w.String("db"u8, context.Database).Int32("collections"u8, all.Count);
                w.Int64("objects"u8, all.Sum(static collection => collection.Count));
                w.Double("dataSize"u8, all.Sum(static collection => collection.Bytes));
                w.Double("storageSize"u8, all.Sum(static collection => collection.Bytes));
            });
        }
    }

    public static BsonDocument Aggregate(CommandContext context)
    {
        IReadOnlyList<BsonDocument> result;
        lock (context.Engine.Gate)
        {
            var input =
                context.View.First.Type == BsonType.String
                    ? ReadCommands.Matching(context, BsonDocument.Empty)
                    : throw CommandFault.InvalidNamespace("The sandbox aggregates collections only");
            result = [.. Pipeline.Run(input, context.View["pipeline"u8].AsDocument.ToDocument())];
        }

        return Listed(context, context.Namespace, result);
    }

    private static BsonDocument Listed(CommandContext context, string ns, IReadOnlyList<BsonDocument> documents)
    {
        var size =
            context.Document("cursor"u8) is { } options && options.View.TryGet("batchSize"u8, out var batch)
                ? batch.ToInt64()
                : 101;
        var cursor = new Cursor(ns, new ListScan(documents), Filter.Everything, null)
        {
            ConnectionId = context.Request.Connection.Id,
        };
        return ReadCommands.Batch(context, cursor, "firstBatch", size, single: false, out _);
    }

    private static bool IsStar(BsonDocument wanted) =>
        wanted.View.First.Type == BsonType.String && wanted.View.First.AsString == "*";

    private static bool IsMeant(BsonDocument wanted, BsonDocument index)
    {
        var value = wanted.View.First;
        return value.Type == BsonType.String
            ? value.AsString is "*" || value.AsString == IndexSpecs.Name(index)
            : BsonOrder.CompareValues(value, index.View["key"u8]) == 0;
    }

    private static BsonDocument Database(string name, long size, bool nameOnly) =>
        BsonDocument.Build(w =>
        {
            w.String("name"u8, name);
            if (!nameOnly)
            {
                w.Double("sizeOnDisk"u8, size).Boolean("empty"u8, size == 0);
            }
        });

    private static BsonDocument Describe(Engine engine, SandboxCollection collection)
    {
        var isView = Namespaces.IsView(collection);
        var buckets = isView ? ClusteredCollections.BucketsOf(engine, collection) : null;
        var options = buckets is null
            ? collection.Options
            : BsonDocument.Build(w =>
            {
                foreach (var option in buckets.Options.View)
                {
                    if (option.NameText is "timeseries" or "expireAfterSeconds")
                    {
                        w.Element(option);
                    }
                }
            });
        return BsonDocument.Build(w =>
        {
            var type =
                buckets is not null ? "timeseries"
                : isView ? "view"
                : "collection";
            w.String("name"u8, collection.Name).String("type"u8, type);
            w.Document("options"u8, options).BeginDocument("info"u8).Boolean("readOnly"u8, type == "view");
            if (!isView)
            {
                w.Uuid("uuid"u8, collection.Uuid);
            }

            w.EndDocument();
            if (!isView && !collection.IsClustered)
            {
                w.Document("idIndex"u8, collection.Indexes[0]);
            }
        });
    }

    private static BsonDocument DescribeOplog(CommandContext context) =>
        BsonDocument.Build(w =>
        {
            w.String("name"u8, "oplog.rs").String("type"u8, "collection").BeginDocument("options"u8);
            w.Boolean("capped"u8, true).Int64("size"u8, context.Member.Options.OplogBytes).EndDocument();
            w.BeginDocument("info"u8)
                .Boolean("readOnly"u8, false)
                .Uuid("uuid"u8, context.Member.OplogUuid)
                .EndDocument();
        });
}
