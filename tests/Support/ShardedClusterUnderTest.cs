using System.Collections.Concurrent;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;

namespace Backup.Tests.Support;

/// <summary>
/// A sharded cluster, a real one or the sandbox's: config servers, shards <c>s0</c>, <c>s1</c>, … of one member each, and routers, which a test kills and
/// starts again.
/// </summary>
public abstract class ShardedClusterUnderTest : IAsyncDisposable
{
    /// <summary>The name of the config servers' replica set.</summary>
    public const string ConfigServers = "csrs";

    private readonly ConcurrentDictionary<HostAddress, MongoClient> _direct = [];
    private MongoClient? _client;

    /// <summary>With all routers.</summary>
    public abstract string ConnectionString { get; }

    /// <summary>How many shards there are.</summary>
    public abstract int Count { get; }

    /// <summary>Of the routers.</summary>
    public MongoClient Client =>
        _client ??= new MongoClient(
            Backup.MongoWire.Uri.ConnectionString.Parse(ConnectionString),
            new MongoClientOptions { ApplicationName = "test", HeartbeatInterval = TimeSpan.FromSeconds(1) }
        );

    /// <summary>The names of the shards.</summary>
    public IEnumerable<string> Shards => Enumerable.Range(0, Count).Select(static number => $"s{number}");

    public abstract HostAddress Router(int number);

    /// <summary>Of the member of a shard, or of the config servers by <see cref="ConfigServers"/>.</summary>
    public abstract HostAddress Address(string set);

    /// <summary>kill -9, or what the sandbox has for it.</summary>
    public abstract Task KillRouterAsync(int number);

    public abstract Task StartRouterAsync(int number);

    /// <summary>The member of a shard, or of the config servers, is gone.</summary>
    public abstract Task KillAsync(string set);

    /// <summary>Starts a killed member again, with the data that it has.</summary>
    public abstract Task ReviveAsync(string set);

    /// <summary>Whether a shard keeps documents of chunks that have left it.</summary>
    public abstract Task HoldRangeDeletionsAsync(string shard, bool isHeld);

    /// <summary>Runs a command, written as extended JSON, through the first router.</summary>
    public Task<BsonDocument> RunAsync(string database, string command) =>
        AskAsync(Router(0), database, ExtendedJson.Parse(command));

    /// <summary>Runs a command on the member of a shard, or of the config servers.</summary>
    public Task<BsonDocument> RunOnAsync(string set, string database, string command) =>
        AskAsync(Address(set), database, ExtendedJson.Parse(command));

    public async Task<BsonDocument> AskAsync(HostAddress host, string database, BsonDocument command)
    {
        var client = _direct.GetOrAdd(
            host,
            static one => new MongoClient(
                Backup.MongoWire.Uri.ConnectionString.Parse($"mongodb://{one}/?directConnection=true"),
                new MongoClientOptions { ApplicationName = "test", HeartbeatInterval = TimeSpan.FromSeconds(1) }
            )
        );
        using var reply = await client.RunCommandAsync(database, command, ReadTarget.On(host), CancellationToken.None);
        return reply.View.ToDocument();
    }

    /// <summary>All documents that a member finds, in its own order.</summary>
    public async Task<List<BsonDocument>> FindOnAsync(string set, string database, string find)
    {
        var reply = await RunOnAsync(set, database, find);
        return Batch(reply);
    }

    /// <summary>The documents of a reply's first batch.</summary>
    public static List<BsonDocument> Batch(BsonDocument reply)
    {
        var found = new List<BsonDocument>();
        foreach (var document in reply.View["cursor"u8].AsDocument["firstBatch"u8].AsDocument)
        {
            found.Add(document.AsDocument.ToDocument());
        }

        return found;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _direct.Values)
        {
            await client.DisposeAsync();
        }

        if (_client is not null)
        {
            await _client.DisposeAsync();
        }

        await DisposeMembersAsync();
        GC.SuppressFinalize(this);
    }

    protected abstract ValueTask DisposeMembersAsync();
}
