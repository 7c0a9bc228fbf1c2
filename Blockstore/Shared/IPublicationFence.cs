namespace Backup.Blockstore.Shared;

/// <summary>
/// Where what refers to blocks is written down: the catalogue. A process that shares a store and hangs for a while may go on after a groom has
/// taken what it had put; whatever it then writes down would refer to what is gone.
/// </summary>
public interface IPublicationFence
{
    /// <summary>
    /// When this is back, nothing that one of these sessions writes down becomes durable any more, now or later; what has become so before is seen by
    /// whoever lists roots after this. Repeated for the same sessions it does nothing.
    /// </summary>
    /// <param name="sessions">As <see cref="SharedStoreOptions.Fence"/> says; at least one.</param>
    /// <param name="cancellation">Stops before anything is done, or not at all.</param>
    Task RevokeAsync(IReadOnlyCollection<Guid> sessions, CancellationToken cancellation);
}
