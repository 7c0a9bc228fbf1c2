using Backup.Blockstore;
using Backup.Blockstore.Shelf;
using Backup.Metadata;

namespace Backup.Cli.Stores;

/// <summary>The stores of slices of a process, open, as one; not sealed.</summary>
internal sealed class OpenSlices : IAsyncDisposable
{
    private readonly IReadOnlyList<OpenObjects> _stores;

    private OpenSlices(IObjectStore store, IReadOnlyList<OpenObjects> stores) => (Store, _stores) = (store, stores);

    internal IObjectStore Store { get; }

    /// <summary>On failure those that were opened are closed again.</summary>
    /// <param name="places">At least one.</param>
    /// <param name="groups">Where groups are.</param>
    /// <param name="groupOf">The group that an object is of, by its name.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Foundation.Errors.BackupException">As of <see cref="StorePlace.OpenObjectsAsync"/>.</exception>
    internal static async Task<OpenSlices> OpenAsync(
        IReadOnlyList<StorePlace> places,
        IGroupStores groups,
        Func<string, CancellationToken, ValueTask<string>> groupOf,
        CancellationToken cancellation
    )
    {
        var stores = new List<OpenObjects>();
        try
        {
            foreach (var place in places)
            {
                stores.Add(await place.OpenObjectsAsync(cancellation));
            }

            return new OpenSlices(
                stores is [var alone]
                    ? alone.Store
                    : new ShelvedObjects(
                        [.. places.Zip(stores, static (place, store) => new NamedObjects(place.Name, store.Store))],
                        async (name, token) => (await groups.FindAsync(await groupOf(name, token), token))?.Store
                    ),
                stores
            );
        }
        catch
        {
            await CloseAsync(stores);
            throw;
        }
    }

    public ValueTask DisposeAsync() => CloseAsync(_stores);

    private static async ValueTask CloseAsync(IEnumerable<OpenObjects> stores) =>
        await Task.WhenAll(stores.Select(static one => one.DisposeAsync().AsTask()));
}
