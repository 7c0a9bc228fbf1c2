using Backup.Blockstore;
using Backup.Blockstore.Mongo;
using Backup.Blockstore.Sealing;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Blockstore.Mongo;

public sealed class SandboxSetBlocks(SandboxPlace place) : MongoBlocks(place), IClassFixture<SandboxPlace>;

public sealed class SandboxSetObjects(SandboxPlace place) : MongoObjects(place), IClassFixture<SandboxPlace>;

public sealed class SandboxClusterBlocks(SandboxClusterPlace place)
    : MongoBlocks(place),
        IClassFixture<SandboxClusterPlace>;

public sealed class SandboxClusterObjects(SandboxClusterPlace place)
    : MongoObjects(place),
        IClassFixture<SandboxClusterPlace>;

/// <summary>As a group sees the store that seals.</summary>
public sealed class SandboxSetSealedBlocks(SandboxPlace place) : BlockStoreConformance, IClassFixture<SandboxPlace>
{
    private readonly KeysInMemory _kept = new();
    private SealingKey? _key;

    protected override async Task<IBlockStore> OpenAsync()
    {
        var ring = await Rings.OpenAsync(_kept);
        _key = await ring.KeyAsync("g1");
        var store = await MongoBlockStore.OpenAsync(place.Client, MongoPlace.Fresh() with { Keys = ring });
        return new OwningView(store, ring, "g1");
    }

    protected override BlockId IdOf(byte[] raw) => _key!.IdOf(raw);
}

/// <summary>The same suites on real servers.</summary>
public sealed class RealMongoConformance
{
    private const int BlockTests = 9;
    private const int ObjectTests = 14;

    [RealMongoFact]
    public Task Blocks_and_objects_on_a_real_replica_set() => RunAsync(new RealPlace());

    [RealMongoFact]
    public Task Blocks_and_objects_on_a_real_cluster_sharded_by_hashed_ids() => RunAsync(new RealClusterPlace());

    private static async Task RunAsync(MongoPlace place)
    {
        await place.InitializeAsync();
        try
        {
            (await Suite.RunAsync(() => new Blocks(place))).ShouldBe(BlockTests);
            (await Suite.RunAsync(() => new Objects(place))).ShouldBe(ObjectTests);
        }
        finally
        {
            await place.DisposeAsync();
        }
    }

    private sealed class Blocks(MongoPlace place) : MongoBlocks(place);

    private sealed class Objects(MongoPlace place) : MongoObjects(place);
}
