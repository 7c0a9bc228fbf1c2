namespace Backup.Metadata;

/// <summary>
/// Which of several block stores each group is in. What is put for a group goes to its store, by whichever process; one that was assigned to none
/// goes to the first store that a process is configured with, and may be in any.
/// </summary>
public interface IGroupStores
{
    /// <summary>Those that were assigned.</summary>
    Task<IReadOnlyList<GroupStore>> ListAsync(CancellationToken cancellation = default);

    /// <summary>Null where the group was assigned to none.</summary>
    Task<GroupStore?> FindAsync(string groupId, CancellationToken cancellation = default);

    /// <summary>The tags of groups, by their ids; groups without any are left out.</summary>
    Task<IReadOnlyDictionary<string, IReadOnlyList<string>>> TagsAsync(CancellationToken cancellation = default);

    /// <summary>None where the group has none, or is not there.</summary>
    Task<IReadOnlyList<string>> TagsOfAsync(string groupId, CancellationToken cancellation = default);

    /// <summary>
    /// In one step: the group has these tags in the place of those before, and where the store that it is in lacks one of them it is assigned to another that has all
    /// of them, as by <see cref="AssignAsync"/>: the one with the fewest groups in it, of several the first by name. A group without tags stays where it is.
    /// </summary>
    /// <param name="groupId">6009 where there is none.</param>
    /// <param name="tags">6323 where one is none, or there are too many (<see cref="StoreTags"/>).</param>
    /// <param name="all">All stores, the first one that of groups that were assigned to none; 6322 where none of them has all tags.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    Task<GroupTags> SetTagsAsync(
        string groupId,
        IReadOnlyCollection<string> tags,
        IReadOnlyList<TaggedStore> all,
        CancellationToken cancellation = default
    );

    /// <summary>
    /// From now on what is put for the group goes to that store. The leases of its heads end with it: whatever was in work for the store before is written down no more,
    /// and begins again. Where the group has anything, the store before is one that it moves from, until <see cref="MovedAsync"/>. Nothing happens where it is there.
    /// </summary>
    /// <param name="groupId">6009 where there is none.</param>
    /// <param name="store">The name of one that every process has. 6321 where it lacks a tag of the group.</param>
    /// <param name="all">All stores: of a group that was assigned to none a part may be in any.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    /// <returns>What is stored.</returns>
    Task<GroupStore> AssignAsync(
        string groupId,
        string store,
        IReadOnlyList<TaggedStore> all,
        CancellationToken cancellation = default
    );

    /// <summary>
    /// A part of each group that was assigned may be in any of these stores, as of one that moves: of a catalogue that is older than what is stored nobody knows where
    /// groups have moved since. The leases of their heads end.
    /// </summary>
    /// <param name="all">The names of all stores.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    Task ScatterAsync(IReadOnlyCollection<string> all, CancellationToken cancellation = default);

    /// <summary>
    /// Everything of the group is in its store: nothing of it is needed in others any more. The leases of its heads end: what goes on is opened anew, from what is
    /// stored. False, and nothing changed, where the group is not in that store, or refers to something that is not among <paramref name="proven"/>.
    /// </summary>
    /// <param name="groupId">Which.</param>
    /// <param name="store">The one that it was assigned to.</param>
    /// <param name="proven">Manifests, as <see cref="IMetadataStore.ManifestsAsync"/> gives them, of which every block is in that store.</param>
    /// <param name="sessions">With shared stores, under which that was made sure. 6320 where one is revoked.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    Task<bool> MovedAsync(
        string groupId,
        string store,
        IReadOnlySet<string> proven,
        IReadOnlyCollection<Guid> sessions,
        CancellationToken cancellation = default
    );
}

/// <summary>Where a group is.</summary>
/// <param name="GroupId">Which.</param>
/// <param name="Store">What is put goes there. A name.</param>
/// <param name="From">Others in which a part of it may still be: their names, none where it is all in its store.</param>
/// <param name="Since">When it was assigned, or moved.</param>
public sealed record GroupStore(string GroupId, string Store, IReadOnlyList<string> From, DateTimeOffset Since)
{
    /// <summary>A part of it may still be elsewhere.</summary>
    public bool IsMoving => From.Count > 0;

    /// <summary>From now on in that store; a part of it may still be wherever it may be now.</summary>
    /// <param name="before">Null where it was assigned to none: then a part of it may be in any.</param>
    /// <param name="groupId">Which.</param>
    /// <param name="store">A name.</param>
    /// <param name="all">All stores.</param>
    /// <param name="isEmpty">The group has nothing yet: no part of it is anywhere.</param>
    /// <param name="at">When.</param>
    internal static GroupStore Assigned(
        GroupStore? before,
        string groupId,
        string store,
        IReadOnlyList<TaggedStore> all,
        bool isEmpty,
        DateTimeOffset at
    )
    {
        IEnumerable<string> mayBeIn = before is null
            ? all.Select(static one => one.Name)
            : [.. before.From, before.Store];
        return new(groupId, store, isEmpty ? [] : [.. mayBeIn.Where(one => one != store).Distinct()], at);
    }

    /// <summary>The same, with all of it in its store.</summary>
    internal GroupStore Moved(DateTimeOffset at) => this with { From = [], Since = at };

    /// <summary>The same, with a part of it perhaps in any of these.</summary>
    internal GroupStore Scattered(IReadOnlyCollection<string> all, DateTimeOffset at) =>
        this with
        {
            From = [.. From.Concat(all).Where(one => one != Store).Distinct()],
            Since = at,
        };

    /// <summary>Whether its blocks are, or may be, in that store.</summary>
    public bool MayBeIn(string store) => Store == store || From.Contains(store);
}
