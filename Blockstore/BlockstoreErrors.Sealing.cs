using Backup.Blockstore.Sealing;
using Backup.Foundation.Errors;

namespace Backup.Blockstore;

/// <content>Of sealed blocks and objects, and their keys: 5030 to 5049.</content>
public static partial class BlockstoreErrors
{
    public const int KeyMissing = 5030;
    public const int KeyDestroyed = 5031;
    public const int MasterWrong = 5032;
    public const int KeySpoiled = 5033;
    public const int GroupDestroyed = 5034;
    public const int GroupHasNoKeys = 5035;
    public const int ObjectSpoiled = 5036;
    public const int MasterMissing = 5037;

    /// <summary>Whether what was to be read is as it was stored, and only the key to open it is not there.</summary>
    public static bool IsLocked(BackupException failure) => failure.Number is KeyMissing or KeyDestroyed;

    /// <param name="id">Of the key.</param>
    /// <param name="what">What was sealed under it, and where.</param>
    public static BackupException NoKey(KeyId id, string what) =>
        new(
            KeyMissing,
            $"There is no key {id} ({what}).",
            "The catalogue (metadata.db) is older than what is stored, or another's: bring the newest copy of it back. 'backup store keys list' names the keys that are there."
        );

    /// <param name="id">Of the key.</param>
    /// <param name="at">When it was destroyed.</param>
    /// <param name="what">What was sealed under it, and where.</param>
    public static BackupException KeyGone(KeyId id, DateTimeOffset at, string what) =>
        new(
            KeyDestroyed,
            $"The key {id} was destroyed at {at:u}, with all keys of its group ({what}).",
            "What was sealed under it is lost for good, as was asked for; a groom gives its room back."
        );

    /// <param name="needed">Names of master keys that keys are wrapped under.</param>
    /// <param name="given">Names of those that are configured.</param>
    public static BackupException WrongMaster(IReadOnlyList<string> needed, IReadOnlyList<string> given) =>
        new(
            MasterWrong,
            $"The keys of what is stored are wrapped under master key {string.Join(", ", needed)}; "
                + (
                    given.Count == 0
                        ? "no master key is configured."
                        : $"what is configured is {string.Join(", ", given)}."
                ),
            "Nothing was changed. Configure the master key that fits (encryption.key_file, encryption.key_variable or encryption.key_command); without it nothing that is sealed can be read."
        );

    public static BackupException SpoiledKey(KeyId id, string group) =>
        new(
            KeySpoiled,
            $"The wrapped key {id} of group {group} does not open under the master key: it was changed, or stands in the place of another.",
            "Bring a copy of the catalogue (metadata.db) back in which it is as it was."
        );

    public static BackupException GroupOver(string group) =>
        new(
            GroupDestroyed,
            $"The keys of group {group} were destroyed: nothing more is stored for it.",
            "Make another group, and protect the deployment there."
        );

    public static BackupException NoGroupKeys(string group) =>
        new(
            GroupHasNoKeys,
            $"Group {group} has no keys: nothing was sealed for it yet, or they were destroyed.",
            "'backup store keys list' shows which groups have keys."
        );

    public static BackupException SpoiledObject(string name, string what) =>
        new(
            ObjectSpoiled,
            $"The sealed object '{name}' cannot be opened: {what}.",
            "Check the disk, or bring the file back from a copy; a slice of an initial sync or of the oplog that is lost wants a resync of its deployment."
        );

    public static BackupException NoMaster() =>
        new(
            MasterMissing,
            "No master key is configured.",
            "Set encryption.key_file, encryption.key_variable or encryption.key_command, and start again."
        );
}
