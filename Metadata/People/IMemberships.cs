namespace Backup.Metadata.People;

/// <summary>Who is in which group, and as what. A group that has an owner who may log in keeps one.</summary>
public interface IMemberships
{
    /// <summary>The groups of a user, by name.</summary>
    Task<IReadOnlyList<MembershipRecord>> OfUserAsync(string userId, CancellationToken cancellation = default);

    /// <summary>The members of a group, by name of the user.</summary>
    Task<IReadOnlyList<MemberRecord>> OfGroupAsync(string groupId, CancellationToken cancellation = default);

    /// <summary>What that user is in that group; null where they are nothing there, or there is no such group or user.</summary>
    Task<GroupRole?> RoleAsync(string userId, string groupId, CancellationToken cancellation = default);

    /// <summary>Makes the user a member, or changes their role. 6101 where no owner would be left, 6008 where there is no such group or user.</summary>
    Task SetAsync(
        string groupId,
        string userId,
        GroupRole role,
        DateTimeOffset now,
        CancellationToken cancellation = default
    );

    /// <summary>6101 where no owner would be left, 6009 where they are no member.</summary>
    Task RemoveAsync(string groupId, string userId, CancellationToken cancellation = default);

    /// <summary>Adds a group with its first owner. 6105 where another group has that name.</summary>
    Task AddGroupAsync(Group group, string ownerId, CancellationToken cancellation = default) =>
        AddGroupAsync(group, ownerId, [], [], cancellation);

    /// <summary>The same with tags, in one step: where the first store lacks one of them the group is assigned to another one, as by <see cref="IGroupStores.SetTagsAsync"/>.</summary>
    /// <param name="group">6105 where another one has its name.</param>
    /// <param name="ownerId">6008 where there is no such user.</param>
    /// <param name="tags">6323 where one is none, or there are too many.</param>
    /// <param name="all">All stores, the first one that of groups that were assigned to none; 6322 where none of them has all tags.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    Task AddGroupAsync(
        Group group,
        string ownerId,
        IReadOnlyCollection<string> tags,
        IReadOnlyList<TaggedStore> all,
        CancellationToken cancellation = default
    );

    /// <summary>6105 where another group has that name, 6009 where there is no such group.</summary>
    Task RenameGroupAsync(string groupId, string name, CancellationToken cancellation = default);
}

/// <summary>What a member, or a token, may do in a group. Frozen: the numbers are persisted.</summary>
public enum GroupRole
{
    /// <summary>Sees.</summary>
    Viewer = 0,

    /// <summary>And keeps the backup going.</summary>
    Operator = 1,

    /// <summary>Sees, and restores.</summary>
    Restorer = 2,

    /// <summary>All of these, and settings.</summary>
    BackupAdministrator = 3,

    /// <summary>And people.</summary>
    Owner = 4,
}

/// <summary>A group of a user.</summary>
public sealed record MembershipRecord(string UserId, Group Group, GroupRole Role, DateTimeOffset Since);

/// <summary>A member of a group.</summary>
public sealed record MemberRecord(UserRecord User, GroupRole Role, DateTimeOffset Since);
