using System.Text.Json;
using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;
using Backup.Sandbox;
using Backup.Tests.Support;

namespace Backup.Tests.EndToEnd;

/// <summary>What a server says its data is: the hash of each collection, and that of the database made of them.</summary>
internal sealed record DatabaseHash(string Md5, IReadOnlyDictionary<string, string> Collections);

/// <summary>A replica set to protect, the sandbox's or a real server's, and a client of it. Both are spoken to over the wire alone.</summary>
internal sealed class TestSource : IAsyncDisposable
{
    /// <summary>Not the user's data: the replica set's own, and what each server keeps for itself.</summary>
    private static readonly HashSet<string> OwnDatabases = ["local", "config", "admin"];

    private readonly IAsyncDisposable? _server;
    private readonly MongoClient _client;

    private TestSource(IAsyncDisposable? server, string uri)
    {
        _server = server;
        Uri = uri;
        _client = new MongoClient(ConnectionString.Parse(uri), new MongoClientOptions { ApplicationName = "test" });
    }

    internal string Uri { get; }

    /// <summary>Whether it is a MongoDB server, which takes more than the sandbox does.</summary>
    internal bool IsReal => _server is RealMongo or RealReplicaSet;

    internal SandboxReplicaSet Sandbox => (_server as SandboxSet)?.Sandbox ?? (SandboxReplicaSet)_server!;

    /// <param name="options">A set of one member unless given.</param>
    /// <param name="uri">What the test's own client makes of its URI, to log in.</param>
    internal static async Task<TestSource> SandboxAsync(
        SandboxOptions? options = null,
        Func<string, string>? uri = null
    )
    {
        var sandbox = await SandboxReplicaSet.StartAsync(options ?? new SandboxOptions { ReplicaSetName = "rs0" });
        return new TestSource(sandbox, uri?.Invoke(sandbox.ConnectionString) ?? sandbox.ConnectionString);
    }

    internal static async Task<TestSource> RealAsync()
    {
        var mongo = await RealMongo.StartAsync();
        return new TestSource(mongo, mongo.ConnectionString);
    }

    /// <summary>Somebody else's server.</summary>
    internal static TestSource Of(string uri) => new(server: null, uri);

    /// <summary>A set of several members; it ends with this.</summary>
    internal static TestSource Of(ReplicaSetUnderTest set) => new(set, set.ConnectionString);

    /// <summary>Runs a command that is written as extended JSON.</summary>
    /// <exception cref="CommandException">It was refused, or its first statement was.</exception>
    internal Task<BsonDocument> RunAsync(string database, string command) =>
        RunAsync(database, ExtendedJson.Parse(command));

    internal async Task<BsonDocument> RunAsync(string database, BsonDocument command)
    {
        using var reply = await _client.RunCommandAsync(database, command, ReadTarget.Primary, CancellationToken.None);
        if (reply.View.TryGet("writeErrors"u8, out var errors))
        {
            var first = errors.AsDocument.First.AsDocument;
            throw new CommandException((int)first["code"u8].ToInt64(), "", first["errmsg"u8].AsString);
        }

        return reply.View.ToDocument();
    }

    /// <summary>All that the cursor of a command gives.</summary>
    internal Task<List<BsonDocument>> ListAsync(string database, string command) =>
        ListAsync(database, ExtendedJson.Parse(command));

    internal async Task<List<BsonDocument>> ListAsync(string database, BsonDocument command)
    {
        await using var cursor = await _client.OpenCursorAsync(
            database,
            command,
            ReadTarget.Primary,
            new CursorOptions(),
            CancellationToken.None
        );
        var found = new List<BsonDocument>();
        while (await cursor.NextBatchAsync(CancellationToken.None) is { } batch)
        {
            using (batch)
            {
                foreach (var document in batch)
                {
                    found.Add(document.View.ToDocument());
                }
            }
        }

        return found;
    }

    /// <summary>Inserts in batches that a message can carry.</summary>
    internal async Task InsertAsync(string database, string collection, IEnumerable<BsonDocument> documents)
    {
        const int mostBytes = 12 << 20;
        var (batch, bytes) = (new List<BsonDocument>(), 0);
        foreach (var document in documents)
        {
            if (batch.Count == 1000 || bytes + document.Length > mostBytes && batch.Count > 0)
            {
                await InsertBatchAsync(database, collection, batch);
                batch.Clear();
                bytes = 0;
            }

            batch.Add(document);
            bytes += document.Length;
        }

        if (batch.Count > 0)
        {
            await InsertBatchAsync(database, collection, batch);
        }
    }

    /// <summary>Every entry of the oplog after <paramref name="after"/>, in order.</summary>
    internal async Task<List<BsonDocument>> OplogAsync(Optime after)
    {
        var find = BsonDocument.Build(w =>
            w.String("find"u8, "oplog.rs")
                .BeginDocument("filter"u8)
                .BeginDocument("ts"u8)
                .Timestamp("$gt"u8, after.Timestamp)
                .EndDocument()
                .EndDocument()
        );
        await using var cursor = await _client.OpenCursorAsync(
            "local",
            find,
            ReadTarget.Primary,
            new CursorOptions(),
            CancellationToken.None
        );
        var entries = new List<BsonDocument>();
        while (await cursor.NextBatchAsync(CancellationToken.None) is { } batch)
        {
            using (batch)
            {
                foreach (var entry in batch)
                {
                    entries.Add(entry.View.ToDocument());
                }
            }
        }

        return entries;
    }

    /// <summary>UUID (as canonical extended JSON) and namespace of each collection of the user's databases; views are none.</summary>
    internal async Task<Dictionary<string, string>> CollectionsAsync()
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var database in Names(await RunAsync("admin", """{"listDatabases":1,"nameOnly":true}""")))
        {
            if (OwnDatabases.Contains(database))
            {
                continue;
            }

            foreach (
                var collection in await ListAsync(database, """{"listCollections":1,"cursor":{"batchSize":10000}}""")
            )
            {
                if (collection.View["info"u8].AsDocument.Has("uuid"u8))
                {
                    using var info = JsonDocument.Parse(
                        ExtendedJson.ToText(collection.View["info"u8].AsDocument, ExtendedJsonMode.Canonical)
                    );
                    found[PlainReplay.Text(info.RootElement.GetProperty("uuid"))] =
                        $"{database}.{collection.View["name"u8].AsString}";
                }
            }
        }

        return found;
    }

    /// <summary>By database: what <c>dbHash</c> answers.</summary>
    internal async Task<IReadOnlyDictionary<string, DatabaseHash>> HashesAsync()
    {
        var all = new Dictionary<string, DatabaseHash>(StringComparer.Ordinal);
        foreach (var name in Names(await RunAsync("admin", """{"listDatabases":1,"nameOnly":true}""")))
        {
            if (!OwnDatabases.Contains(name))
            {
                all[name] = Hash(await RunAsync(name, """{"dbHash":1}"""));
            }
        }

        return all;
    }

    /// <summary>
    /// Every collection and view with its options, each collection with its indexes: one line of canonical extended JSON each, in the order
    /// of names. Left out is what differs from server to server (UUIDs); the fields of an index are in order of name, since mongorestore
    /// shuffles them.
    /// </summary>
    internal async Task<IReadOnlyList<string>> CatalogueAsync()
    {
        var lines = new List<string>();
        foreach (var database in Names(await RunAsync("admin", """{"listDatabases":1,"nameOnly":true}""")))
        {
            if (OwnDatabases.Contains(database))
            {
                continue;
            }

            foreach (var collection in await ListAsync(database, """{"listCollections":1}"""))
            {
                var name = collection.View["name"u8].AsString;
                var type = collection.View["type"u8].AsString;
                var options = ExtendedJson.ToText(collection.View["options"u8].AsDocument);
                lines.Add($"{database}.{name} {type} {options}");
                if (type == "collection")
                {
                    var list = BsonDocument.Build(w => w.String("listIndexes"u8, name));
                    var indexes = await ListAsync(database, list);
                    lines.AddRange(indexes.Select(index => $"{database}.{name} index {Sorted(index.View)}"));
                }
            }
        }

        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    private async Task InsertBatchAsync(string database, string collection, List<BsonDocument> documents) =>
        _ = await RunAsync(
            database,
            BsonDocument.Build(command =>
            {
                command.String("insert"u8, collection).BeginArray("documents"u8);
                Span<byte> scratch = stackalloc byte[11];
                foreach (var document in documents)
                {
                    command.Document(command.ArrayItemName(scratch), document);
                }

                command.EndArray();
            })
        );

    /// <summary>Without the index's version: mongorestore makes each in the version that is the server's default.</summary>
    private static string Sorted(BsonView document)
    {
        using var json = JsonDocument.Parse(ExtendedJson.ToText(document));
        return string.Join(
            ' ',
            json.RootElement.EnumerateObject()
                .Where(field => field.Name != "v")
                .OrderBy(field => field.Name, StringComparer.Ordinal)
        );
    }

    private static List<string> Names(BsonDocument reply)
    {
        var names = new List<string>();
        foreach (var item in reply.View["databases"u8].AsDocument)
        {
            names.Add(item.AsDocument["name"u8].AsString);
        }

        return names;
    }

    private static DatabaseHash Hash(BsonDocument reply)
    {
        var collections = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var item in reply.View["collections"u8].AsDocument)
        {
            // Views are stored there; a dump carries them as metadata, not as documents.
            if (item.NameText != "system.views")
            {
                collections[item.NameText] = item.AsString;
            }
        }

        return new DatabaseHash(reply.View["md5"u8].AsString, collections);
    }
}
