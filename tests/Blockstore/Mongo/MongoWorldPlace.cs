using Backup.Blockstore;
using Backup.Blockstore.Mongo;
using Backup.Blockstore.Shared;
using Backup.Tests.Blockstore.Shared;
using Shouldly;

namespace Backup.Tests.Blockstore.Mongo;

/// <summary>A world's store in a database of its own, with parts so short that some blocks are cut.</summary>
internal sealed class MongoWorldPlace(MongoPlace place) : IWorldPlace
{
    private const int PartBytes = 1500;

    private readonly MongoStoreOptions _options = MongoPlace.Fresh() with { PartBytes = PartBytes };

    public async Task<IDrivenStore> OpenAsync(SharedStoreOptions sharing) =>
        await MongoBlockStore.OpenAsync(place.Client, _options with { Sharing = sharing });

    public async Task ExpectNothingLeftAsync(IReadOnlyList<StoredBlock> blocks)
    {
        var raw = new RawDatabase(place.Client, _options.Database);
        (await raw.CountAsync("blocks")).ShouldBe(blocks.Count);
        var parts = blocks.Sum(static one =>
            one.StoredLength > PartBytes ? (one.StoredLength + PartBytes - 1) / PartBytes : 0
        );
        (await raw.CountAsync("blockParts")).ShouldBe(parts);
        (await raw.CountAsync("held")).ShouldBe(0);
    }
}
