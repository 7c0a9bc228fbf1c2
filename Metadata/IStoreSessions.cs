namespace Backup.Metadata;

/// <summary>
/// The sessions of processes with block stores that several of them share. A process that was silent may be struck off by the others; what it has put since may
/// be gone, and it must write down nothing more that refers to blocks. All of that is written by the keepers of heads, under their leases
/// (<see cref="IMetadataStore.Under(HeadProof)"/>), and a lease knows the sessions that its keeper works under (<see cref="IHeadLeases.GrantAsync"/>): so what
/// is written is refused where one of the sessions is over under which its work began, whatever its process has opened since.
/// </summary>
public interface IStoreSessions
{
    /// <summary>
    /// When this is back, nothing that refers to blocks is written under one of these sessions any more, now or later: leases that were granted under it are
    /// over, and none is granted. What was written before is seen by every <see cref="IMetadataStore.ManifestsAsync"/> that begins after this. Of what is
    /// revoked already nothing is changed. Where it throws, some may be revoked: it is to be called again.
    /// </summary>
    Task RevokeAsync(IReadOnlyCollection<Guid> sessions, CancellationToken cancellation = default);

    /// <summary>Whether one of them was revoked within the last year.</summary>
    Task<bool> IsAnyRevokedAsync(IReadOnlyCollection<Guid> sessions, CancellationToken cancellation = default);
}

/// <summary>How long it is known that a session was revoked.</summary>
public static class StoreSessions
{
    /// <summary>Longer than any process hangs.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromDays(366);
}
