using Backup.Blockstore;
using Backup.Blockstore.S3;
using Shouldly;

namespace Backup.Tests.Blockstore.S3;

/// <summary>The suite of block stores on a bucket in memory.</summary>
public sealed class MemoryBucketBlocks : BlockStoreConformance
{
    protected override async Task<IBlockStore> OpenAsync() =>
        await S3BlockStore.OpenAsync(
            new MemoryBlobs(),
            new S3StoreOptions { Bucket = "memory", PackBytes = 1 << 20 },
            CancellationToken.None
        );
}

/// <summary>The suite of object stores on a bucket in memory.</summary>
public sealed class MemoryBucketObjects : ObjectStoreConformance
{
    protected override IObjectStore Store { get; } = new S3ObjectStore(new MemoryBlobs());
}

/// <summary>The same suites on a real server.</summary>
public sealed class S3ServerConformance
{
    private const int BlockTests = 9;
    private const int ObjectTests = 14;

    [S3ServerFact]
    public async Task Blocks_and_objects_on_a_server_of_S3()
    {
        await using var server = await S3Server.StartAsync();
        (await Suite.RunAsync(() => new Blocks(server))).ShouldBe(BlockTests);
        (await Suite.RunAsync(() => new Objects(server))).ShouldBe(ObjectTests);
    }

    private sealed class Blocks(S3Server server) : BlockStoreConformance
    {
        protected override async Task<IBlockStore> OpenAsync() =>
            await S3BlockStore.OpenAsync(await server.FreshAsync());
    }

    private sealed class Objects(S3Server server) : ObjectStoreConformance
    {
        private IObjectStore? _store;

        protected override IObjectStore Store =>
            _store ??= Task.Run(async () => await S3ObjectStore.OpenAsync(await server.FreshAsync())).Result;
    }
}
