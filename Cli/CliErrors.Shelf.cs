using Backup.Foundation.Errors;

namespace Backup.Cli;

/// <content>9700 to 9709: several block stores.</content>
public static partial class CliErrors
{
    public const int StoresAreOne = 9700;
    public const int StoreWasRenamed = 9701;
    public const int DefaultStoreUnknown = 9702;

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
}
