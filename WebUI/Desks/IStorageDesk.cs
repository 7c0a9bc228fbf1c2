using Backup.Metadata;
using Backup.WebUI.Contracts;

namespace Backup.WebUI.Desks;

/// <summary>What is stored.</summary>
public interface IStorageDesk
{
    /// <summary>The store of blocks as a whole.</summary>
    Task<StorageView> StorageAsync(CancellationToken cancellation);

    /// <summary>Queues a groom of the block store, or gives the one that is queued or under way.</summary>
    /// <param name="request">How.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<JobView> GroomAsync(GroomRequest request, CancellationToken cancellation);

    /// <summary>Queues a check of the block store.</summary>
    /// <param name="request">How far it goes.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<JobView> CheckAsync(CheckRequest request, CancellationToken cancellation);

    /// <summary>Which stores there are, and which one the group is in.</summary>
    /// <param name="group">Its id.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<StoresView> StoresAsync(string group, CancellationToken cancellation);

    /// <summary>Assigns the group to a store, and queues the job that brings there what it has elsewhere.</summary>
    /// <param name="group">Its id.</param>
    /// <param name="request">Where to.</param>
    /// <param name="cancellation">Gives up; the group may be assigned then.</param>
    /// <exception cref="Foundation.Errors.BackupException">There is no such store, or it lacks a tag of the group.</exception>
    Task<JobView> MoveAsync(string group, MoveRequest request, CancellationToken cancellation);

    /// <summary>All stores and what each has, the first one where groups are that were assigned to none.</summary>
    IReadOnlyList<TaggedStore> TaggedStores { get; }

    /// <summary>Gives the group tags; where its store lacks one it is assigned to another store, and the job that brings it there is queued.</summary>
    /// <param name="group">Its id.</param>
    /// <param name="request">The tags.</param>
    /// <param name="cancellation">Gives up; the group may be assigned then, and the same again queues the job.</param>
    /// <returns>Where it is now.</returns>
    /// <exception cref="Foundation.Errors.BackupException">No store has all of them, or one is no tag.</exception>
    Task<StoresView> SetTagsAsync(string group, TagsRequest request, CancellationToken cancellation);

    /// <summary>Databases and collections of a snapshot, or of the last one before a moment.</summary>
    /// <param name="subject">The replica set, or the cluster.</param>
    /// <param name="snapshot">Its id; null for the newest one, at or before the second.</param>
    /// <param name="second">Since 1970; null where that does not matter.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Foundation.Errors.BackupException">There is none.</exception>
    Task<ContentsView> ContentsAsync(string subject, string? snapshot, uint? second, CancellationToken cancellation);
}
