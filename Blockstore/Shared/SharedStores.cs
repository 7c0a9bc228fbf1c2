namespace Backup.Blockstore.Shared;

/// <summary>What whoever writes through a store has to know of other processes that use it too.</summary>
public static class SharedStores
{
    /// <summary>The sessions under which it is open: none where no other process uses it. The same until it is opened again.</summary>
    public static IReadOnlyList<Guid> SessionsOf(IBlockStore store) =>
        store is ISharedStore shared ? [shared.Session] : [];

    /// <summary>As <see cref="ISharedStore.HasStopped"/>; never of a store that no other process uses.</summary>
    public static bool HasStopped(IBlockStore store) => store is ISharedStore { HasStopped: true };
}
