using System.Text.Json;
using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;
using Backup.Sandbox;

namespace Backup.Tests.Browser;

/// <summary>A replica set of the sandbox, and a client that writes into it.</summary>
internal sealed class DemoSource : IAsyncDisposable
{
    /// <summary>Names that a page must show and do nothing with: markup, right to left, and 120 bytes.</summary>
    internal static readonly string[] HostileNames =
    [
        "<script>alert(1)</script>",
        "\u202Eesrever \u05E9\u05DC\u05D5\u05DD",
        "<img src=x onerror=alert(1)>\"'&amp;",
        new('n', 114),
    ];

    private readonly SandboxReplicaSet _sandbox;
    private readonly MongoClient _client;

    private DemoSource(SandboxReplicaSet sandbox)
    {
        _sandbox = sandbox;
        _client = new MongoClient(
            ConnectionString.Parse(sandbox.ConnectionString),
            new MongoClientOptions { ApplicationName = "test" }
        );
    }

    internal string Uri => _sandbox.ConnectionString;

    internal static async Task<DemoSource> StartAsync(string name) =>
        new(await SandboxReplicaSet.StartAsync(new SandboxOptions { ReplicaSetName = name }));

    /// <summary>Documents <c>{_id, fill}</c> with ids from <paramref name="first"/> on.</summary>
    internal async Task InsertAsync(string database, string collection, int first, int count, int fill = 50)
    {
        var text = new string('x', fill);
        const int mostAtOnce = 500;
        for (var at = first; at < first + count; at += mostAtOnce)
        {
            var (from, to) = (at, Math.Min(at + mostAtOnce, first + count));
            var documents = Enumerable.Range(from, to - from).Select(id => new { _id = id, fill = text });
            var command = new { insert = collection, documents };
            await RunAsync(database, ExtendedJson.Parse(JsonSerializer.Serialize(command)));
        }
    }

    /// <summary>How many documents a collection has.</summary>
    internal async Task<long> CountAsync(string database, string collection)
    {
        using var reply = await _client.RunCommandAsync(
            database,
            ExtendedJson.Parse($$"""{"count":"{{collection}}"}"""),
            ReadTarget.Primary,
            CancellationToken.None
        );
        return reply.View["n"u8].ToInt64();
    }

    /// <summary>The newest entry of the oplog.</summary>
    internal async Task<Optime> NewestAsync()
    {
        using var reply = await _client.RunCommandAsync(
            "local",
            ExtendedJson.Parse("""{"find":"oplog.rs","sort":{"$natural":-1},"limit":1,"singleBatch":true}"""),
            ReadTarget.Primary,
            CancellationToken.None
        );
        var batch = reply.View["cursor"u8].AsDocument["firstBatch"u8].AsDocument;
        var timestamp = batch.First.AsDocument["ts"u8].AsTimestamp;
        return new Optime((uint)(timestamp >> 32), (uint)timestamp);
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _sandbox.DisposeAsync();
    }

    private async Task RunAsync(string database, BsonDocument command)
    {
        using var reply = await _client.RunCommandAsync(database, command, ReadTarget.Primary, CancellationToken.None);
        if (reply.View.Has("writeErrors"u8))
        {
            throw new InvalidOperationException($"It was refused: {ExtendedJson.ToText(reply.View)}");
        }
    }
}
