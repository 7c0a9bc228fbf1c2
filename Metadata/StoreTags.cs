namespace Backup.Metadata;

/// <summary>A block store as the appliance is configured with it.</summary>
/// <param name="Name">By which the catalogue knows it.</param>
/// <param name="Tags">What it has: words of <see cref="StoreTags"/>.</param>
public sealed record TaggedStore(string Name, IReadOnlyList<string> Tags)
{
    /// <summary>For messages.</summary>
    internal string Told => $"'{Name}' has {(Tags.Count > 0 ? string.Join(", ", Tags) : "none")}";

    /// <summary>Those of <paramref name="wanted"/> that it has not, in their order.</summary>
    public IReadOnlyList<string> Lacks(IEnumerable<string> wanted) =>
        [.. wanted.Where(one => !Tags.Contains(one, StringComparer.Ordinal))];
}

/// <summary>The tags of a group after they were set, and where it is.</summary>
/// <param name="Tags">In their order; none is a list without any.</param>
/// <param name="Place">Null where the group is assigned to no store.</param>
/// <param name="IsReassigned">It was assigned to another store for the sake of its tags.</param>
public sealed record GroupTags(IReadOnlyList<string> Tags, GroupStore? Place, bool IsReassigned);

/// <summary>
/// Words that stores and groups have: a group's tags are what its store must have. They say what a store is (<c>ssd</c>, <c>eu</c>), so that a group that asks
/// for it is assigned by what it needs and not by a name.
/// </summary>
public static class StoreTags
{
    /// <summary>Letters of one.</summary>
    public const int Longest = 40;

    /// <summary>Of a store, and of a group.</summary>
    public const int Most = 20;

    /// <summary>What one is made of, for messages.</summary>
    public const string Form = "lower-case letters, digits, '-', '_' and '.', at most 40 of them";

    /// <summary>Whether it can be one.</summary>
    public static bool IsTag(string? text) =>
        text is { Length: > 0 and <= Longest }
        && text.All(static one => char.IsAsciiLetterLower(one) || char.IsAsciiDigit(one) || one is '-' or '_' or '.');

    /// <summary>Each once, in the order of their letters: as they are stored.</summary>
    /// <exception cref="Foundation.Errors.BackupException">6323 where one is none, or there are too many.</exception>
    public static IReadOnlyList<string> Normal(IEnumerable<string?> tags)
    {
        var all = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var one in tags)
        {
            _ = IsTag(one) ? all.Add(one!) : throw MetadataErrors.NoTag(one ?? "");
        }

        return all.Count <= Most ? [.. all] : throw MetadataErrors.TooManyTags(all.Count);
    }

    /// <summary>
    /// The store that a group with these tags is to be assigned to: of those that have all of them the one with the fewest groups in it, of several the first by name.
    /// </summary>
    /// <param name="group">Its name, for messages.</param>
    /// <param name="tags">What its store must have.</param>
    /// <param name="present">The name of the store that it is in; null where it was assigned to none, and is in the first.</param>
    /// <param name="stores">All of them; at least one where there are tags.</param>
    /// <param name="assigned">All groups that were assigned, to whatever store.</param>
    /// <param name="groups">How many groups there are: those that were assigned to none are in the first store.</param>
    /// <returns>Null where it stays: the store that it is in has all of them.</returns>
    /// <exception cref="Foundation.Errors.BackupException">6322 where no store has all of them.</exception>
    internal static string? Choose(
        string group,
        IReadOnlyList<string> tags,
        string? present,
        IReadOnlyList<TaggedStore> stores,
        IReadOnlyCollection<GroupStore> assigned,
        long groups
    )
    {
        if (tags.Count == 0 || stores.Any(one => one.Name == (present ?? stores[0].Name) && one.Lacks(tags).Count == 0))
        {
            return null;
        }

        return stores
                .Where(one => one.Lacks(tags).Count == 0)
                .OrderBy(one => GroupsIn(one))
                .ThenBy(static one => one.Name, StringComparer.Ordinal)
                .FirstOrDefault()
                ?.Name
            ?? throw MetadataErrors.NoStoreHas(group, tags, [.. stores.Select(static one => one.Told)]);

        long GroupsIn(TaggedStore store) =>
            assigned.Count(one => one.Store == store.Name) + (store == stores[0] ? groups - assigned.Count : 0);
    }
}
