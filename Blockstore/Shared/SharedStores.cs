using Backup.Blockstore.Shelf;

namespace Backup.Blockstore.Shared;

/// <summary>What whoever writes through a store has to know of other processes that use it too.</summary>
public static class SharedStores
{
    /// <summary>The sessions under which it is open: none where no other process uses it. The same until it is opened again.</summary>
    public static IReadOnlyList<Guid> SessionsOf(IBlockStore store) =>
        [.. PartsOf(store).OfType<ISharedStore>().Select(static one => one.Session)];

    /// <summary>As <see cref="ISharedStore.HasStopped"/>; never of a store that no other process uses; of several stores, of any.</summary>
    public static bool HasStopped(IBlockStore store) =>
        PartsOf(store).OfType<ISharedStore>().Any(static one => one.HasStopped);

    private static IReadOnlyList<IBlockStore> PartsOf(IBlockStore store) =>
        store is ISeveralStores several ? several.Parts : [store];
}
