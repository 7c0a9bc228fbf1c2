using Backup.Metadata.Mongo;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Secrets;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.Tests.Support;
using Xunit;

namespace Backup.Tests.Metadata.Mongo;

/// <summary>A server that stores of tests are opened on, one after another: started once, emptied after each.</summary>
public abstract class MongoServer : IAsyncLifetime
{
    public const string Database = "backup-metadata";

    public abstract string ConnectionString { get; }

    public abstract Task InitializeAsync();

    public abstract Task DisposeAsync();

    /// <param name="time">The clock.</param>
    /// <param name="database">Its name.</param>
    /// <param name="uris">URIs stand as they are given, unless given.</param>
    public async Task<MongoMetadataStore> OpenAsync(
        TimeProvider time,
        string database = Database,
        UriSeal? uris = null
    ) =>
        await MongoMetadataStore.OpenAsync(
            ConnectionString,
            database,
            new MongoMetadataOptions { Time = time, Uris = uris ?? UriSeal.AsGiven }
        );

    /// <summary>Removes every document but those that make the database ours.</summary>
    public async Task EmptyAsync()
    {
        await using var client = Connect();
        foreach (var collection in MongoSchema.All.Where(one => one != MongoSchema.Meta))
        {
            await RunAsync(
                client,
                Doc.Of(
                    ("delete", collection.Name),
                    ("deletes", new[] { Doc.Of(("q", Doc.All), ("limit", 0)) }),
                    ("writeConcern", Doc.Of(("w", "majority")))
                )
            );
        }
    }

    public MongoClient Connect() =>
        new(Backup.MongoWire.Uri.ConnectionString.Parse(ConnectionString), new MongoClientOptions());

    /// <summary>A command as extended JSON.</summary>
    public async Task<BsonDocument> RunAsync(string database, string command)
    {
        await using var client = Connect();
        return await RunAsync(client, ExtendedJson.Parse(command), database);
    }

    private static async Task<BsonDocument> RunAsync(MongoClient client, BsonDocument command, string? database = null)
    {
        using var reply = await client.RunCommandAsync(
            database ?? Database,
            command,
            ReadTarget.Primary,
            CancellationToken.None
        );
        return reply.View.ToDocument();
    }
}

/// <summary>mongod itself; where there is none the sandbox with three members. Tests that need the first say so: they are listed as skipped.</summary>
public sealed class RealServer : MongoServer
{
    private RealMongo? _mongo;
    private SandboxSet? _set;

    public override string ConnectionString => _mongo?.ConnectionString ?? _set!.ConnectionString;

    public override async Task InitializeAsync()
    {
        if (RealMongo.Binary is null)
        {
            _set = await SandboxSet.StartAsync();
        }
        else
        {
            _mongo = await RealMongo.StartAsync();
        }
    }

    public override async Task DisposeAsync()
    {
        await (_mongo?.DisposeAsync() ?? _set!.DisposeAsync());
    }
}

/// <summary>The sandbox with one member, on any machine.</summary>
public sealed class SandboxServer : MongoServer
{
    private SandboxSet? _set;

    public override string ConnectionString => _set!.ConnectionString;

    public override async Task InitializeAsync() => _set = await SandboxSet.StartAsync(members: 1);

    public override async Task DisposeAsync() => await _set!.DisposeAsync();
}

[CollectionDefinition(Name)]
public sealed class RealServerTests : ICollectionFixture<RealServer>
{
    public const string Name = "metadata on mongod";
}

[CollectionDefinition(Name)]
public sealed class SandboxServerTests : ICollectionFixture<SandboxServer>
{
    public const string Name = "metadata on the sandbox";
}
