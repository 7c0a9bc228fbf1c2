using Backup.Foundation;

namespace Backup.Metadata;

/// <summary>
/// Syncs of some collections alone, beside the sync whose oplog their head follows (<see cref="SyncRecord.Beside"/>). How far one is and its slices
/// are kept like those of any sync: by <see cref="ISyncs"/>, under its id.
/// </summary>
public interface IPartialSyncs
{
    /// <summary>Adds one that no agent has begun yet.</summary>
    /// <param name="partial">State Wanted; its Beside is a sync that was not given up (6011 else).</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    Task AddAsync(SyncRecord partial, CancellationToken cancellation = default);

    /// <summary>Those beside that sync, oldest first, also those that are built or were given up.</summary>
    Task<IReadOnlyList<SyncRecord>> ListAsync(string syncId, CancellationToken cancellation = default);

    /// <summary>
    /// State Copying, with what is copied, in one step. From then on the oplog since <paramref name="begin"/> is not given up. False, and nothing
    /// changed, where the stored oplog does not reach back to it; 6011 where it is not Wanted.
    /// </summary>
    /// <param name="partialId">Which.</param>
    /// <param name="begin">The oplog is replayed over the copy from this entry on.</param>
    /// <param name="catalogue">As <see cref="ISyncs.BeginAsync"/> takes it; may be empty.</param>
    /// <param name="collections">Those that are copied.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    Task<bool> BeginAsync(
        string partialId,
        Optime begin,
        byte[] catalogue,
        IReadOnlyList<SyncCollection> collections,
        CancellationToken cancellation = default
    );

    /// <summary>
    /// State Abandoned: its slices' rows are removed, their objects listed by <see cref="IOplogSlices.DoomedAsync"/>. Nothing happens where there is
    /// none, or it is built.
    /// </summary>
    /// <param name="partialId">Which.</param>
    /// <param name="failure">Why, where it failed; null where it is not wanted any more.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    Task AbandonAsync(string partialId, string? failure = null, CancellationToken cancellation = default);
}
