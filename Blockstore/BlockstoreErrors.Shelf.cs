using Backup.Foundation.Errors;

namespace Backup.Blockstore;

/// <content>Several stores: 5070 to 5079.</content>
public static partial class BlockstoreErrors
{
    public const int StoreUnknown = 5070;

    /// <param name="name">That was asked for.</param>
    /// <param name="known">Those that there are.</param>
    public static BackupException NoStore(string name, IReadOnlyList<string> known) =>
        new(
            StoreUnknown,
            $"There is no block store '{name}'; there is {string.Join(", ", known.Select(static one => $"'{one}'"))}.",
            "Name it in the configuration of every process ('stores'), and start them again."
        );
}
