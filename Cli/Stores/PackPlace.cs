using System.Text;
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

    internal override bool MayHaveSlices => Directory.Exists(Slices);

    internal override async Task<OpenBlocks> OpenBlocksAsync(
        ISealingKeys keys,
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

    /// <summary>Among the packs, so that it is lost only with them.</summary>
    internal override async Task<string?> NoteAsync(CancellationToken cancellation) =>
        File.Exists(NotePath) ? await File.ReadAllTextAsync(NotePath, cancellation) : null;

    internal override Task SetNoteAsync(string text, CancellationToken cancellation)
    {
        // The store makes it when it is opened, which is later.
        DurableFile.CreateFolder(Blocks);
        DurableFile.Write(NotePath, Encoding.UTF8.GetBytes(text));
        return Task.CompletedTask;
    }

    private string NotePath => Path.Combine(Blocks, "catalogue");
}
