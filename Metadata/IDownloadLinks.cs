namespace Backup.Metadata;

/// <summary>
/// Download links, kept after their end too. A use is counted durably before its first byte may go out: a process that is killed in between has spent that
/// one use, and no other.
/// </summary>
public interface IDownloadLinks
{
    Task AddAsync(DownloadLink link, CancellationToken cancellation = default);

    Task<DownloadLink?> FindAsync(string id, CancellationToken cancellation = default);

    /// <summary>Newest first.</summary>
    Task<IReadOnlyList<DownloadLink>> ListAsync(CancellationToken cancellation = default);

    /// <summary>No download begins or goes on from now on. Nothing happens where it was revoked before; 6009 where there is none.</summary>
    Task RevokeAsync(string id, DateTimeOffset now, CancellationToken cancellation = default);

    /// <summary>
    /// Counts a download of all bytes as a use, where one is left; one of a part goes on with a use that is not finished, and is a use of its own
    /// where there is none. Looked at and counted in one step.
    /// </summary>
    /// <param name="id">6009 where there is none.</param>
    /// <param name="isPart">Not from the first byte on.</param>
    /// <param name="now">The time.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<LinkVerdict> BeginAsync(string id, bool isPart, DateTimeOffset now, CancellationToken cancellation = default);

    /// <summary>Gives a use back that was counted, and of which not a byte went out.</summary>
    Task GiveBackAsync(string id, CancellationToken cancellation = default);

    /// <summary>The last byte of a use went out.</summary>
    Task FinishAsync(string id, CancellationToken cancellation = default);

    /// <summary>
    /// What the source was opened as. Where that is new, size and sum of other bytes are forgotten, and so is the trouble with them; uses that are not finished
    /// are given back, since nobody can go on with bytes that are no more.
    /// </summary>
    Task SetTagAsync(string id, string tag, CancellationToken cancellation = default);

    /// <summary>Size and sum, found out. False, and nothing changed, where the bytes are others by now.</summary>
    Task<bool> SetSumAsync(string id, string tag, long bytes, byte[] sha256, CancellationToken cancellation = default);

    /// <summary>Why size and sum cannot be found out; it is not tried again by itself.</summary>
    Task SetTroubleAsync(string id, string trouble, CancellationToken cancellation = default);

    /// <summary>Links that want size and sum, have none, and are neither over nor in trouble; oldest first.</summary>
    Task<IReadOnlyList<DownloadLink>> WantingSumAsync(DateTimeOffset now, CancellationToken cancellation = default);
}
