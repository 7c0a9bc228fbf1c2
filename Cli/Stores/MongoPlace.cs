using Backup.Blockstore.Mongo;
using Backup.Blockstore.Sealing;
using Backup.Blockstore.Shared;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;

namespace Backup.Cli.Stores;

/// <summary>Blocks and slices in a database of a MongoDB replica set or cluster, which any number of processes share.</summary>
/// <param name="Name">Of the store.</param>
/// <param name="Uri">The database in its path; <c>backup_blocks</c> where there is none.</param>
internal sealed record MongoPlace(string Name, ConnectionString Uri) : StorePlace(Name)
{
    private static readonly MongoStoreOptions Defaults = new();

    internal override string Kind => "mongodb";

    internal override string Where => Uri.Redacted;

    internal override bool IsShared => true;

    internal override async Task<OpenBlocks> OpenBlocksAsync(
        ISealingKeys keys,
        IPublicationFence? fence,
        CancellationToken cancellation
    )
    {
        var client = await ConnectAsync("backup blocks", cancellation);
        try
        {
            var options = Options with
            {
                Keys = keys,
                Sharing = new SharedStoreOptions { Fence = fence },
            };
            var store = await MongoBlockStore.OpenAsync(client, options, cancellation);
            return new OpenBlocks(store, () => store.HasStopped, client);
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    internal override async Task<OpenObjects> OpenObjectsAsync(CancellationToken cancellation)
    {
        var client = await ConnectAsync("backup slices", cancellation);
        try
        {
            return new OpenObjects(await MongoObjectStore.OpenAsync(client, Options, cancellation), client);
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    private MongoStoreOptions Options => Defaults with { Database = Uri.Database ?? Defaults.Database };

    private Task<MongoClient> ConnectAsync(string application, CancellationToken cancellation) =>
        MongoClient.OpenAsync(Uri, new MongoClientOptions { ApplicationName = application }, cancellation);
}
