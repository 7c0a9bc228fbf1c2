namespace Backup.Metadata;

/// <summary>
/// The keys that what is stored for groups is sealed under, each wrapped under a master key that stands elsewhere. A group whose keys were destroyed is
/// over: what it refers to is needed no more (<see cref="IMetadataStore.ManifestsAsync"/>).
/// </summary>
public interface IGroupKeys
{
    /// <summary>All of them, by group and generation.</summary>
    Task<IReadOnlyList<GroupKeyRecord>> ListAsync(CancellationToken cancellation = default);

    /// <summary>Those that there are no more, by when they were destroyed.</summary>
    Task<IReadOnlyList<DestroyedKeyRecord>> DestroyedAsync(CancellationToken cancellation = default);

    /// <summary>Adds all of them. 6008 where one is there, or there is no such group; 6351 where the group's keys were destroyed.</summary>
    Task AddAsync(IReadOnlyList<GroupKeyRecord> keys, CancellationToken cancellation = default);

    /// <summary>Each of them is wrapped otherwise from now on. 6009 where one is not there.</summary>
    Task RewrapAsync(IReadOnlyList<GroupKeyRecord> keys, CancellationToken cancellation = default);

    /// <summary>
    /// Removes the group's keys, and every copy of them in the database's files, those of its log too; their names stay. Nothing happens where it has none.
    /// </summary>
    /// <exception cref="Foundation.Errors.BackupException">6350 where they are removed, and a copy may still be in a file: <see cref="SweepAsync"/>.</exception>
    Task DestroyAsync(string groupId, DateTimeOffset at, CancellationToken cancellation = default);

    /// <summary>Ends a destruction that was cut off after its transaction. To be done at each start at which there are destroyed keys.</summary>
    /// <exception cref="Foundation.Errors.BackupException">6350 where a copy may still be in a file.</exception>
    Task SweepAsync(CancellationToken cancellation = default);
}

/// <summary>Frozen: the numbers are persisted.</summary>
public enum GroupKeyPurpose
{
    /// <summary>Seals.</summary>
    Data = 0,

    /// <summary>Makes ids.</summary>
    Ids = 1,
}

/// <summary>A wrapped key.</summary>
/// <param name="Id">16 hex digits.</param>
/// <param name="GroupId">Whose.</param>
/// <param name="Purpose">What it is for.</param>
/// <param name="Generation">One of each purpose and group.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="Master">The name of the master key that it is wrapped under.</param>
/// <param name="Box">The key, wrapped.</param>
public sealed record GroupKeyRecord(
    string Id,
    string GroupId,
    GroupKeyPurpose Purpose,
    int Generation,
    DateTimeOffset CreatedAt,
    string Master,
    byte[] Box
);

/// <summary>A key that is there no more.</summary>
/// <param name="Id">16 hex digits.</param>
/// <param name="GroupId">Whose it was.</param>
/// <param name="At">When it was destroyed.</param>
public sealed record DestroyedKeyRecord(string Id, string GroupId, DateTimeOffset At);
