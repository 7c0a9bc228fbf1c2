using Backup.Foundation.Errors;

namespace Backup.Cli;

/// <content>9700 to 9709: several block stores.</content>
public static partial class CliErrors
{
    public const int StoresAreOne = 9700;
    public const int StoreWasRenamed = 9701;
    public const int DefaultStoreUnknown = 9702;
    public const int TagsOfNoStore = 9703;
    public const int StoreTagsWrong = 9704;

    /// <param name="one">Name of a store.</param>
    /// <param name="other">Of another one.</param>
    /// <param name="where">Where both of them are.</param>
    public static BackupException SameStoreTwice(string one, string other, string where) =>
        new(
            StoresAreOne,
            $"The stores '{one}' and '{other}' of the configuration are the same place: '{where}'.",
            "Give each store a folder, a database or a prefix of its own, or remove one of the two."
        );

    /// <param name="name">As it is configured.</param>
    /// <param name="where">Where it is.</param>
    /// <param name="known">By which groups are in it.</param>
    public static BackupException StoreRenamed(string name, string where, string known) =>
        new(
            StoreWasRenamed,
            $"The store '{name}' of the configuration, in '{where}', is the one that groups are in under the name '{known}'.",
            $"Name it '{known}' again: where a group is stands in the catalogue by the name of its store."
        );

    /// <param name="name">That was asked for.</param>
    /// <param name="known">Those that there are.</param>
    public static BackupException NoDefaultStore(string name, IEnumerable<string> known) =>
        new(
            DefaultStoreUnknown,
            $"The default store '{name}' of the configuration is none of its stores: {string.Join(", ", known)}.",
            "Set 'default_store' to the name of a store of 'stores' or 'stores_file', or remove it: then it is the first one."
        );

    /// <param name="name">That has tags.</param>
    /// <param name="known">Those that there are.</param>
    public static BackupException NoTaggedStore(string name, IReadOnlyCollection<string> known) =>
        new(
            TagsOfNoStore,
            $"'store_tags' of the configuration has tags for '{name}', which is none of its stores: {string.Join(", ", known)}.",
            "Write the name as 'stores' or 'stores_file' has it, or take the tags out."
        );

    /// <param name="store">Its name.</param>
    /// <param name="why">What is wrong with them.</param>
    public static BackupException StoreTagsAre(string store, string why) =>
        new(
            StoreTagsWrong,
            $"The tags of the store '{store}' in the configuration cannot be used: {why}.",
            "Write NAME: TAG,TAG below 'store_tags' (in the variable BACKUP_STORE_TAGS NAME=TAG,TAG with blanks between stores), each tag once."
        );
}
