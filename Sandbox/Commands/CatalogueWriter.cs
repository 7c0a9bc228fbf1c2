using Backup.MongoWire.Bson;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Commands;

/// <summary>Changes the catalogue and logs each change as a server does. Under the engine's lock.</summary>
internal static class CatalogueWriter
{
    /// <param name="uuid">Of a sharded collection, which has the same on all shards; null makes one.</param>
    public static SandboxCollection Create(
        Engine engine,
        string database,
        string name,
        BsonDocument options,
        Guid? uuid = null
    )
    {
        var collection = new SandboxCollection(uuid ?? engine.Uuids(), database, name, options);
        engine.Add(collection);
        Command(
            engine,
            collection.Database,
            collection.Uuid,
            BsonDocument.Build(w =>
            {
                w.String("create"u8, name);
                Elements(w, options);
                if (!collection.IsClustered)
                {
                    w.Document("idIndex"u8, collection.Indexes[0]);
                }
            })
        );
        return collection;
    }

    /// <summary>A view is a document of <c>system.views</c>, which is made with the first one.</summary>
    public static void CreateView(Engine engine, string database, string name, BsonDocument options)
    {
        engine.Add(new SandboxCollection(engine.Uuids(), database, name, options));
        var views =
            engine.Find($"{database}.system.views") ?? Create(engine, database, "system.views", BsonDocument.Empty);
        engine.Insert(
            views,
            BsonDocument.Build(w =>
            {
                w.String("_id"u8, $"{database}.{name}");
                Elements(w, options);
            })
        );
    }

    public static void Drop(Engine engine, SandboxCollection collection)
    {
        engine.Remove(collection);
        if (Namespaces.IsView(collection))
        {
            var views = engine.Find($"{collection.Database}.system.views")!;
            var id = BsonDocument.Build(w => w.String("_id"u8, collection.Namespace));
            engine.Delete(views, views.Find(new Record(id, 0))!, origin: null);
            return;
        }

        Command(
            engine,
            collection.Database,
            collection.Uuid,
            BsonDocument.Build(w => w.String("drop"u8, collection.Name)),
            Records(collection)
        );
    }

    public static void DropDatabase(Engine engine, string database)
    {
        var collections = engine
            .Collections.Where(collection => collection.Database == database)
            .OrderBy(static collection => collection.Name, StringComparer.Ordinal)
            .ToList();
        foreach (var view in collections.Where(Namespaces.IsView))
        {
            engine.Remove(view);
        }

        foreach (var collection in collections.Where(static collection => !Namespaces.IsView(collection)))
        {
            Drop(engine, collection);
        }

        Command(engine, database, null, BsonDocument.Build(static w => w.Int32("dropDatabase"u8, 1)));
    }

    public static void Rename(Engine engine, SandboxCollection source, string to, SandboxCollection? target)
    {
        var (database, name) = Namespaces.Split(to);
        if (database != source.Database)
        {
            RenameAcross(engine, source, database, name, target);
            return;
        }

        var from = source.Namespace;
        if (target is not null)
        {
            engine.Remove(target);
        }

        engine.Rename(source, database, name);
        Command(
            engine,
            database,
            source.Uuid,
            BsonDocument.Build(w =>
            {
                w.String("renameCollection"u8, from).String("to"u8, to).Boolean("stayTemp"u8, false);
                if (target is not null)
                {
                    w.Uuid("dropTarget"u8, target.Uuid);
                }
            }),
            target is null ? null : Records(target)
        );
    }

    /// <summary>As 4.2 does it: into a temporary collection that is capped, which then takes the name.</summary>
    public static void ConvertToCapped(Engine engine, SandboxCollection source, long size)
    {
        var options = CappedOptions.WithSize(
            BsonDocument.Build(static w => w.Boolean("capped"u8, true).Int32("size"u8, 0).Boolean("temp"u8, true)),
            size
        );
        var documents = (source.IsCapped ? source.After(0) : source.ByInsertion()).ToList();
        if (documents.Exists(record => record.Document.Length > options.View["size"u8].ToInt64()))
        {
            throw CommandFault.BadValue("object to insert exceeds cappedMaxSize");
        }

        var scratch = Create(engine, source.Database, $"{Scratch()}.convertToCapped.{source.Name}", options);
        foreach (var record in documents)
        {
            engine.Insert(scratch, record.Document, origin: null, fromMigrate: true);
        }

        engine.Redefine(scratch, () => scratch.Options = IndexSpecs.Without(options, "temp"));
        Rename(engine, scratch, source.Namespace, source);
    }

    /// <param name="wasThere">Whether the collection was there before the command.</param>
    public static void CreateIndex(Engine engine, SandboxCollection collection, BsonDocument index, bool wasThere)
    {
        var replicated = IndexSpecs.Without(index, "ns");
        if (engine.Profile == WireProfile.V42)
        {
            if (wasThere)
            {
                var note = $"Creating indexes. Coll: {collection.Namespace}";
                engine.Note(BsonDocument.Build(w => w.String("msg"u8, note)));
            }

            AddIndex(engine, collection, index);
            LogIndex(engine, collection, replicated);
        }
        else if (collection.Count == 0)
        {
            AddIndex(engine, collection, index);
            LogIndex(engine, collection, replicated);
        }
        else
        {
            BuildIndex(engine, collection, index, replicated);
        }
    }

    public static void DropIndex(Engine engine, SandboxCollection collection, BsonDocument index)
    {
        var name = IndexSpecs.Name(index);
        engine.Redefine(collection, () => collection.Indexes.Remove(index));
        Command(
            engine,
            collection.Database,
            collection.Uuid,
            BsonDocument.Build(w => w.String("dropIndexes"u8, collection.Name).String("index"u8, name)),
            index
        );
    }

    /// <summary>Logs a command in its database's <c>$cmd</c>.</summary>
    public static void Command(Engine engine, string database, Guid? uuid, BsonDocument o, BsonDocument? o2 = null) =>
        engine.Log(new OplogEntry("c", $"{database}.$cmd", uuid, o) { O2 = o2 });

    private static void RenameAcross(
        Engine engine,
        SandboxCollection source,
        string database,
        string name,
        SandboxCollection? target
    )
    {
        // As a server does it: copy into a temporary collection, rename that, drop the source.
        var scratch = Create(engine, database, $"{Scratch()}.renameCollection", source.Options);
        foreach (var index in source.Indexes.Where(index => !IndexSpecs.IsOnId(index)).ToList())
        {
            AddIndex(engine, scratch, IndexSpecs.WithNamespace(index, scratch.Namespace));
            LogIndex(engine, scratch, IndexSpecs.Without(index, "ns"));
        }

        var documents = source.IsCapped ? source.After(0) : source.From(Record.Lowest, skipEqual: false);
        foreach (var record in documents)
        {
            engine.Insert(scratch, record.Document, origin: null, fromMigrate: true);
        }

        Rename(engine, scratch, $"{database}.{name}", target);
        Drop(engine, source);
    }

    /// <summary>An index that a collection brings along to a shard that is given its first chunk.</summary>
    public static void MigrateIndex(Engine engine, SandboxCollection collection, BsonDocument index)
    {
        AddIndex(engine, collection, index);
        LogIndex(engine, collection, IndexSpecs.Without(index, "ns"), fromMigrate: true);
    }

    private static void LogIndex(
        Engine engine,
        SandboxCollection collection,
        BsonDocument index,
        bool fromMigrate = false
    )
    {
        var o = BsonDocument.Build(w =>
        {
            w.String("createIndexes"u8, collection.Name);
            Elements(w, index);
        });
        engine.Log(
            new OplogEntry("c", $"{collection.Database}.$cmd", collection.Uuid, o) { FromMigrate = fromMigrate }
        );
    }

    private static void AddIndex(Engine engine, SandboxCollection collection, BsonDocument index) =>
        engine.Redefine(collection, () => collection.Indexes.Add(index));

    private static void BuildIndex(Engine engine, SandboxCollection collection, BsonDocument added, BsonDocument index)
    {
        var build = engine.Uuids();
        foreach (var phase in (string[])["startIndexBuild", "commitIndexBuild"])
        {
            if (phase == "commitIndexBuild")
            {
                AddIndex(engine, collection, added);
            }

            Command(
                engine,
                collection.Database,
                collection.Uuid,
                BsonDocument.Build(w =>
                {
                    w.String(System.Text.Encoding.UTF8.GetBytes(phase), collection.Name);
                    w.Uuid("indexBuildUUID"u8, build).BeginArray("indexes"u8).Document("0"u8, index).EndArray();
                })
            );
        }
    }

    private static string Scratch() => $"tmp{Guid.NewGuid().ToString("N")[..5]}";

    private static BsonDocument Records(SandboxCollection collection) =>
        BsonDocument.Build(w => w.Int32("numRecords"u8, (int)collection.Count));

    internal static void Elements(BsonWriter writer, BsonDocument document)
    {
        foreach (var field in document.View)
        {
            writer.Element(field);
        }
    }
}
