using Backup.Blockstore.Files;
using Backup.Blockstore.Packs;
using Backup.Blockstore.Sealing;
using Backup.Blockstore.Shared;
using Backup.Foundation.Files;

namespace Backup.Cli.Stores;

/// <summary>Packs and slices in folders of this host, which one process has to itself.</summary>
/// <param name="Name">Of the store.</param>
/// <param name="Blocks">The folder of packs.</param>
/// <param name="Slices">The folder of slices.</param>
internal sealed record PackPlace(string Name, string Blocks, string Slices) : StorePlace(Name)
{
    internal override string Kind => "packs";

    internal override string Where => Blocks;

    internal override bool IsShared => false;

    internal override string Folder => Blocks;

    internal override async Task<OpenBlocks> OpenBlocksAsync(
        KeyRing keys,
        IPublicationFence? fence,
        CancellationToken cancellation
    )
    {
        DurableFile.CreateFolder(Blocks);
        var store = await PackBlockStore.OpenAsync(Blocks, new PackStoreOptions { Keys = keys }, cancellation);
        return new OpenBlocks(store, () => store.HasStopped);
    }

    internal override Task<OpenObjects> OpenObjectsAsync(CancellationToken cancellation)
    {
        DurableFile.CreateFolder(Slices);
        return Task.FromResult(new OpenObjects(new FileObjectStore(Slices)));
    }
}
