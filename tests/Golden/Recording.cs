using System.IO.Compression;
using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Oplog.Catalogues;

namespace Backup.Tests.Golden;

/// <summary>One collection of a recorded catalogue, with its file.</summary>
public sealed record RecordedCollection(
    CatalogueCollection Collection,
    bool HasIndexes,
    bool IsView,
    IReadOnlyList<BsonDocument> Documents
);

/// <summary>A recorded state: a folder with catalog.json and a .bson file a collection.</summary>
/// <param name="Name">The folder's name.</param>
/// <param name="At">The optime it shows.</param>
/// <param name="Hashes">The server's dbHash: database → (collection → MD5); the database's own under the empty name.</param>
public sealed record Checkpoint(
    string Name,
    Optime At,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Hashes
);

/// <summary>A recording of one replica set: a start, its oplog, and the states that the server showed. Made by record_golden.py or record_sharded.py.</summary>
public sealed class Recording
{
    private Recording(
        string name,
        string folder,
        string start,
        string version,
        string? copyEnd,
        IReadOnlyList<Checkpoint> checkpoints,
        Func<string, bool> includes
    )
    {
        Name = name;
        Folder = folder;
        Start = start;
        Version = version;
        CopyEnd = copyEnd is null ? null : Parse(copyEnd);
        Checkpoints = checkpoints;
        Includes = includes;
    }

    public string Name { get; }

    public string Folder { get; }

    /// <summary>The folder of the first state: <c>initial</c>, or <c>copied</c> for an initial sync under load.</summary>
    public string Start { get; }

    /// <summary>The server's, for example <c>4.2.4</c>.</summary>
    public string Version { get; }

    /// <summary>For an initial sync: until here its copy is fuzzy.</summary>
    public Optime? CopyEnd { get; }

    public IReadOnlyList<Checkpoint> Checkpoints { get; }

    /// <summary>Whether capped collections stand in natural order in it; recordings of clusters are in <c>_id</c> order throughout.</summary>
    public bool HasNaturalOrder => File.Exists(Path.Combine(Folder, "scenario.json"));

    /// <summary>The namespaces that the recording shows.</summary>
    public Func<string, bool> Includes { get; }

    public override string ToString() => Name;

    /// <summary>Every recording below a folder.</summary>
    public static IEnumerable<Recording> FindAll(string root)
    {
        foreach (
            var file in Directory
                .EnumerateFiles(root, "scenario.json", SearchOption.AllDirectories)
                .Order(StringComparer.Ordinal)
        )
        {
            var folder = Path.GetDirectoryName(file)!;
            var name = Path.GetRelativePath(root, folder);
            var scenario = ExtendedJson.Parse(File.ReadAllText(file));
            if (scenario.View.Has("checkpoints"u8))
            {
                yield return OfReplicaSet(name, folder, scenario.View);
            }
            else
            {
                foreach (var member in Members(scenario.View))
                {
                    yield return OfShard(name, folder, member, scenario.View);
                }
            }
        }
    }

    /// <summary>The raw entries, in order.</summary>
    public IEnumerable<BsonDocument> Oplog() => Documents(Path.Combine(Folder, "oplog.bson"));

    /// <summary>A state; empty where its folder is missing (the recording began with nothing).</summary>
    public IReadOnlyList<RecordedCollection> ReadState(string name)
    {
        var folder = Path.Combine(Folder, name);
        var found = new List<RecordedCollection>();
        foreach (var item in ExtendedJson.ParseArray(File.ReadAllText(Path.Combine(folder, "catalog.json"))).View)
        {
            found.Add(ReadCollection(folder, item.AsDocument));
        }

        return found;
    }

    private RecordedCollection ReadCollection(string folder, BsonView item)
    {
        var ns = item["ns"u8].AsString;
        var dot = ns.IndexOf('.', StringComparison.Ordinal);
        var isView = item.TryGet("type"u8, out var type) && type.Type == BsonType.String && type.AsString == "view";
        var indexes = new List<BsonDocument>();
        var hasIndexes = item.TryGet("indexes"u8, out var listed) && listed.Type == BsonType.Array;
        if (hasIndexes)
        {
            foreach (var index in listed.AsDocument)
            {
                indexes.Add(index.AsDocument.ToDocument());
            }
        }
        else
        {
            indexes.Add(IdIndex(ns));
        }

        var uuid = isView ? Guid.Empty : new Guid(item["uuid"u8].AsBinary, bigEndian: true);
        var options = item["options"u8].AsDocument.ToDocument();
        var collection = new CatalogueCollection(
            uuid,
            ns[..dot],
            ns[(dot + 1)..],
            CollectionType.Collection,
            options,
            indexes
        );
        IReadOnlyList<BsonDocument> documents = isView
            ? []
            : [.. Documents(Path.Combine(folder, item["file"u8].AsString))];
        return new RecordedCollection(collection, hasIndexes, isView, documents);
    }

    /// <summary>Recordings of a copy under load list no indexes: there is the one on <c>_id</c>.</summary>
    private BsonDocument IdIndex(string ns) =>
        BsonDocument.Build(w =>
        {
            w.Int32("v"u8, 2).BeginDocument("key"u8).Int32("_id"u8, 1).EndDocument().String("name"u8, "_id_");
            if (Version.StartsWith("4.2", StringComparison.Ordinal))
            {
                w.String("ns"u8, ns);
            }
        });

    private static IEnumerable<BsonDocument> Documents(string path)
    {
        ReadOnlyMemory<byte> bytes = ReadFile(path);
        while (!bytes.IsEmpty)
        {
            var document = new BsonDocument(bytes);
            yield return document;
            bytes = bytes[document.Length..];
        }
    }

    private static byte[] ReadFile(string path)
    {
        if (File.Exists(path))
        {
            return File.ReadAllBytes(path);
        }

        using var unpacked = new MemoryStream();
        using var packed = new GZipStream(File.OpenRead(path + ".gz"), CompressionMode.Decompress);
        packed.CopyTo(unpacked);
        return unpacked.ToArray();
    }

    private static Recording OfReplicaSet(string name, string folder, BsonView scenario)
    {
        var checkpoints = new List<Checkpoint>();
        foreach (var item in scenario["checkpoints"u8].AsDocument)
        {
            var checkpoint = item.AsDocument;
            var hashes = new Dictionary<string, IReadOnlyDictionary<string, string>>();
            foreach (var database in checkpoint["dbHash"u8].AsDocument)
            {
                var collections = Texts(database.AsDocument["collections"u8].AsDocument);
                collections[""] = database.AsDocument["md5"u8].AsString;
                hashes[database.NameText] = collections;
            }

            checkpoints.Add(new Checkpoint(checkpoint["name"u8].AsString, At(checkpoint["optime"u8]), hashes));
        }

        var prefix = $"g_{scenario["scenario"u8].AsString}_";
        var isCopy = scenario.TryGet("copyEnd"u8, out var copyEnd);
        return new Recording(
            name,
            folder,
            isCopy ? "copied" : "initial",
            scenario["server"u8].AsString,
            isCopy ? At(copyEnd).ToString() : null,
            checkpoints,
            ns => ns.StartsWith(prefix, StringComparison.Ordinal)
        );
    }

    /// <summary>The shards and the config servers of a recorded cluster: each has a folder of its own.</summary>
    private static List<string> Members(BsonView scenario)
    {
        var members = new List<string>();
        foreach (var member in scenario["final"u8].AsDocument)
        {
            members.Add(member.NameText);
        }

        return members;
    }

    private static Recording OfShard(string name, string folder, string member, BsonView scenario)
    {
        var hashes = new Dictionary<string, IReadOnlyDictionary<string, string>>();
        foreach (var database in scenario["final"u8].AsDocument[System.Text.Encoding.UTF8.GetBytes(member)].AsDocument)
        {
            hashes[database.NameText] = Texts(database.AsDocument);
        }

        var end = At(scenario["end"u8].AsDocument[System.Text.Encoding.UTF8.GetBytes(member)]);
        return new Recording(
            Path.Combine(name, member),
            Path.Combine(folder, member),
            "initial",
            scenario["server"u8].AsString,
            null,
            [new Checkpoint("end", end, hashes)],
            ns => hashes.ContainsKey(ns.Split('.')[0])
        );
    }

    private static Dictionary<string, string> Texts(BsonView view)
    {
        var texts = new Dictionary<string, string>();
        foreach (var field in view)
        {
            texts[field.NameText] = field.AsString;
        }

        return texts;
    }

    private static Optime At(BsonElement pair) =>
        new((uint)pair.AsDocument["0"u8].ToInt64(), (uint)pair.AsDocument["1"u8].ToInt64());

    private static Optime Parse(string text) =>
        Optime.TryParse(text, out var at) ? at : throw new FormatException(text);
}
