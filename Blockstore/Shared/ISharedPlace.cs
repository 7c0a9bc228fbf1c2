namespace Backup.Blockstore.Shared;

/// <summary>
/// Where the processes that share a store meet: its state, and what each of them holds. Every call is retried by the implementation as long as
/// that may help; after an error it is not known whether a write was done.
/// </summary>
internal interface ISharedPlace
{
    /// <summary>Of the store, for people.</summary>
    string Name { get; }

    /// <summary>The state and the token of this version of it; null where there is none yet. It may be a version that is not durable yet, or an old one.</summary>
    Task<(StoreState State, string Token)?> ReadAsync(CancellationToken cancellation);

    /// <summary>Replaces that very version; durable, and seen by everybody who replaces, when this is back.</summary>
    /// <param name="state">The new one.</param>
    /// <param name="token">Of the version that it was made from; null: there is none yet.</param>
    /// <returns>The new version's token; null where another version is there (which may be this one, where an answer was lost).</returns>
    Task<string?> TryReplaceAsync(StoreState state, string? token, CancellationToken cancellation);

    /// <summary>Writes down what a session holds, in place of what it wrote for the same groom before; durable when this is back.</summary>
    Task WriteHeldAsync(Guid session, Guid groom, IReadOnlyCollection<BlockId> roots, CancellationToken cancellation);

    /// <summary>What a session has written for that groom.</summary>
    /// <exception cref="Foundation.Errors.BackupException">5062 where it is not there, or not whole: it was written for another groom since.</exception>
    Task<List<BlockId>> ReadHeldAsync(Guid session, Guid groom, CancellationToken cancellation);

    /// <summary>Sessions that have written for any groom, some perhaps more than once.</summary>
    Task<List<Guid>> ListHeldAsync(CancellationToken cancellation);

    /// <summary>Removes what was written for that groom, and by sessions that will never come back.</summary>
    Task RemoveHeldAsync(Guid groom, IReadOnlyCollection<Guid> gone, CancellationToken cancellation);
}
