using Backup.Foundation.Errors;

namespace Backup.Metadata;

/// <content>Block stores: 6320 to 6329.</content>
public static partial class MetadataErrors
{
    public const int StoreSessionRevoked = 6320;
    public const int StoreLacksTags = 6321;
    public const int NoStoreHasTags = 6322;
    public const int TagsAreWrong = 6323;
    public const int PlaceChanged = 6324;

    /// <param name="what">Of the replica set it is about.</param>
    public static BackupException SessionRevoked(string what) =>
        new(
            StoreSessionRevoked,
            $"Nothing of {what} was stored: this process was silent for too long, the others that share its block store went on without it, and blocks that it has put may be gone.",
            "Work begins again from what is stored, here or at another daemon. Look why this process hung: a host that was suspended, no memory, no network.",
            transient: true
        );

    /// <param name="what">Of the replica set it is about.</param>
    public static BackupException Displaced(string what) =>
        new(
            PlaceChanged,
            $"Nothing of {what} was stored: its group was assigned to another block store meanwhile, or its move has ended, and blocks that it was built upon may be gone.",
            "It is built anew from what is stored; nothing is to be done.",
            transient: true
        );

    /// <param name="group">Its name.</param>
    /// <param name="store">Where it was to go.</param>
    /// <param name="missing">Tags of the group that the store has not.</param>
    public static BackupException StoreLacks(string group, string store, IReadOnlyCollection<string> missing) =>
        new(
            StoreLacksTags,
            $"The group '{group}' does not go to the store '{store}': it must have what the group's tags say, and lacks {Words(missing)}. Nothing was changed.",
            "Choose a store that has them ('backup store list' shows the tags of stores and groups), take those tags from the group ('backup store tag'), or give them to the store ('store_tags' of the configuration)."
        )
        {
            Field = "store",
        };

    /// <param name="group">Its name.</param>
    /// <param name="tags">What its store must have.</param>
    /// <param name="stores">Those that there are, each with what it has.</param>
    public static BackupException NoStoreHas(
        string group,
        IReadOnlyCollection<string> tags,
        IReadOnlyCollection<string> stores
    ) =>
        new(
            NoStoreHasTags,
            $"No store has all that the group '{group}' is to have by its tags ({Words(tags)}): {string.Join("; ", stores)}. Nothing was changed.",
            "Give the tags to a store ('store_tags' of the configuration, the same in every process), or give the group fewer of them ('backup store tag')."
        )
        {
            Field = "tags",
        };

    /// <param name="text">What was given.</param>
    public static BackupException NoTag(string text) =>
        new(
            TagsAreWrong,
            $"{(text.Length <= StoreTags.Longest ? $"'{text}'" : "A longer text")} is no tag: a tag has {StoreTags.Form}.",
            "Write tags as 'store_tags' of the configuration has them; 'backup store list' shows those of the stores."
        )
        {
            Field = "tags",
        };

    /// <param name="found">How many were given.</param>
    public static BackupException TooManyTags(int found) =>
        new(
            TagsAreWrong,
            $"{found} tags are too many: a group has at most {StoreTags.Most}.",
            "Give the group only what its store must have."
        )
        {
            Field = "tags",
        };

    private static string Words(IEnumerable<string> tags) => string.Join(", ", tags);
}
