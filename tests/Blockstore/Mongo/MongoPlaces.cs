using Backup.Blockstore;
using Backup.Blockstore.Mongo;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;
using Backup.Tests.Support;
using Xunit;

namespace Backup.Tests.Blockstore.Mongo;

/// <summary>A deployment that tests put stores on, each in a database of its own.</summary>
public abstract class MongoPlace : IAsyncLifetime
{
    private IAsyncDisposable? _deployment;

    public MongoClient Client { get; private set; } = null!;

    /// <summary>Options with a database that nobody else uses.</summary>
    public static MongoStoreOptions Fresh() => new() { Database = $"blocks_{Guid.NewGuid():N}" };

    public async Task InitializeAsync()
    {
        (_deployment, var uri) = await StartAsync();
        Client = new MongoClient(ConnectionString.Parse(uri), new MongoClientOptions());
    }

    public async Task DisposeAsync()
    {
        if (_deployment is not null)
        {
            await Client.DisposeAsync();
            await _deployment.DisposeAsync();
        }
    }

    protected abstract Task<(IAsyncDisposable Deployment, string Uri)> StartAsync();
}

/// <summary>The sandbox's replica set, of one member.</summary>
public sealed class SandboxPlace : MongoPlace
{
    protected override async Task<(IAsyncDisposable Deployment, string Uri)> StartAsync()
    {
        var set = await SandboxSet.StartAsync(members: 1);
        return (set, set.ConnectionString);
    }
}

/// <summary>A real replica set of one member.</summary>
internal sealed class RealPlace : MongoPlace
{
    protected override async Task<(IAsyncDisposable Deployment, string Uri)> StartAsync()
    {
        var mongo = await RealMongo.StartAsync();
        return (mongo, mongo.ConnectionString);
    }
}

/// <summary>A real cluster of two shards, through a router.</summary>
internal sealed class RealClusterPlace : MongoPlace
{
    protected override async Task<(IAsyncDisposable Deployment, string Uri)> StartAsync()
    {
        var cluster = await RealShardedCluster.StartAsync();
        return (cluster, cluster.ConnectionString);
    }
}

/// <summary>The sandbox's cluster of two shards, through a router.</summary>
public sealed class SandboxClusterPlace : MongoPlace
{
    protected override async Task<(IAsyncDisposable Deployment, string Uri)> StartAsync()
    {
        var cluster = await SandboxClusterSet.StartAsync();
        return (cluster, cluster.ConnectionString);
    }
}

/// <summary>The suite of block stores, on a deployment.</summary>
public abstract class MongoBlocks(MongoPlace place) : BlockStoreConformance
{
    protected override async Task<IBlockStore> OpenAsync() =>
        await MongoBlockStore.OpenAsync(place.Client, MongoPlace.Fresh());
}

/// <summary>The suite of object stores, on a deployment.</summary>
public abstract class MongoObjects(MongoPlace place) : ObjectStoreConformance
{
    private IObjectStore? _store;

    // Parts of 100,000 bytes, so that what the suite puts is cut.
    protected override IObjectStore Store =>
        _store ??= MongoObjectStore
            .OpenAsync(place.Client, MongoPlace.Fresh() with { PartBytes = 100_000 })
            .GetAwaiter()
            .GetResult();
}
