using Backup.Blockstore.Sealing;
using Backup.Blockstore.Shared;
using Backup.Blockstore.Shelf;

namespace Backup.Cli.Stores;

/// <summary>The block stores of a process, open, as one.</summary>
internal sealed class OpenShelf : IAsyncDisposable
{
    private readonly IReadOnlyList<OpenBlocks> _stores;

    private OpenShelf(IReadOnlyList<StorePlace> places, IReadOnlyList<OpenBlocks> stores)
    {
        _stores = stores;
        Shelf = new StoreShelf([
            .. places.Zip(stores, static (place, store) => new ShelvedStore(place.Name, store.Store)),
        ]);
    }

    /// <summary>In the order of the places.</summary>
    internal StoreShelf Shelf { get; }

    /// <summary>One of them accepts nothing more until it is opened again.</summary>
    internal bool HasStopped => _stores.Any(static one => one.HasStopped());

    /// <summary>On failure those that were opened are closed again.</summary>
    /// <param name="places">At least one.</param>
    /// <param name="keys">What sealed blocks are opened with.</param>
    /// <param name="fence">Where what refers to blocks is written down; null where all of them belong to this process alone.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Foundation.Errors.BackupException">As of <see cref="StorePlace.OpenBlocksAsync"/>.</exception>
    internal static async Task<OpenShelf> OpenAsync(
        IReadOnlyList<StorePlace> places,
        ISealingKeys keys,
        IPublicationFence? fence,
        CancellationToken cancellation
    )
    {
        var stores = new List<OpenBlocks>();
        try
        {
            foreach (var place in places)
            {
                stores.Add(await place.OpenBlocksAsync(keys, fence, cancellation));
            }

            return new OpenShelf(places, stores);
        }
        catch
        {
            await CloseAsync(stores);
            throw;
        }
    }

    public ValueTask DisposeAsync() => CloseAsync(_stores);

    /// <summary>All of them, whichever fails.</summary>
    private static async ValueTask CloseAsync(IEnumerable<OpenBlocks> stores) =>
        await Task.WhenAll(stores.Select(static one => one.DisposeAsync().AsTask()));
}
