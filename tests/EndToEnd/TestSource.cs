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

    private readonly IAsyncDisposable _server;
    private readonly MongoClient _client;

    private TestSource(IAsyncDisposable server, string uri)
    {
        _server = server;
        Uri = uri;
        _client = new MongoClient(ConnectionString.Parse(uri), new MongoClientOptions { ApplicationName = "test" });
    }

    internal string Uri { get; }

    internal SandboxReplicaSet Sandbox => (SandboxReplicaSet)_server;

    internal static async Task<TestSource> SandboxAsync(SandboxOptions? options = null)
    {
        var sandbox = await SandboxReplicaSet.StartAsync(options ?? new SandboxOptions { ReplicaSetName = "rs0" });
        return new TestSource(sandbox, sandbox.ConnectionString);
    }

    internal static async Task<TestSource> RealAsync()
    {
        var mongo = await RealMongo.StartAsync();
        return new TestSource(mongo, mongo.ConnectionString);
    }

    /// <summary>Runs a command that is written as extended JSON.</summary>
    internal Task<BsonDocument> RunAsync(string database, string command) =>
        RunAsync(database, ExtendedJson.Parse(command));

    internal async Task<BsonDocument> RunAsync(string database, BsonDocument command)
    {
        using var reply = await _client.RunCommandAsync(database, command, ReadTarget.Primary, CancellationToken.None);
        if (reply.View.TryGet("writeErrors"u8, out var errors))
        {
            throw new InvalidOperationException(ExtendedJson.ToText(errors.AsDocument));
        }

        return reply.View.ToDocument();
    }

    /// <summary>Inserts in batches that a message can carry.</summary>
    internal async Task InsertAsync(string database, string collection, IEnumerable<BsonDocument> documents)
    {
        const int mostBytes = 24 << 20;
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

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _server.DisposeAsync();
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
