using Backup.Blockstore.Shared;
using Backup.Metadata;

namespace Backup.Daemon.Grooming;

/// <summary>
/// The catalogue as the fence of a shared block store: whatever refers to blocks is written under the lease of a head, and ends with the session under which
/// the head is kept (<see cref="IStoreSessions"/>).
/// </summary>
public sealed class PublicationFence(IMetadataStore metadata) : IPublicationFence
{
    public Task RevokeAsync(IReadOnlyCollection<Guid> sessions, CancellationToken cancellation) =>
        metadata.StoreSessions.RevokeAsync(sessions, cancellation);
}
