using Backup.Foundation.Errors;

namespace Backup.Cli;

/// <content>9680 to 9689: encryption at rest.</content>
public static partial class CliErrors
{
    public const int NoMasterKey = 9680;
    public const int SeveralMasterKeys = 9681;
    public const int NoNextMasterKey = 9682;
    public const int GroupStillProtects = 9683;
    public const int ShredNotMeant = 9684;
    public const int UnknownGroup = 9685;
    public const int NothingSealed = 9686;

    public static BackupException MasterKeyWanted() =>
        new(
            NoMasterKey,
            "Encryption is on, and no master key is configured.",
            "Set encryption.key_file (or encryption.key_variable, or encryption.key_command); 'openssl rand -hex 32' makes a key. 'backup config default' explains each."
        );

    public static BackupException OneMasterKeyOnly(IEnumerable<string> keys) =>
        new(
            SeveralMasterKeys,
            $"The master key is configured in several ways: {string.Join(", ", keys)}.",
            "Leave one of them."
        );

    public static BackupException NextMasterKeyWanted(string? path) =>
        new(
            NoNextMasterKey,
            path is null ? "No next master key is configured." : $"The next master key is not there: '{path}'.",
            "Set encryption.next_key_file (and start the appliance again, where it was not set), and put the new key there: 'openssl rand -hex 32', readable for its owner alone."
        );

    public static BackupException StillProtects(string group, IEnumerable<string> deployments) =>
        new(
            GroupStillProtects,
            $"Group '{group}' still protects {string.Join(", ", deployments)}: its keys are not destroyed.",
            "Remove these deployments first: 'backup deployments remove NAME'."
        );

    public static BackupException ShredWanted(string group) =>
        new(
            ShredNotMeant,
            $"Destroying the keys of group '{group}' was not confirmed; nothing was changed.",
            "Everything that is stored for the group is lost for ever by it. Write the group's name as 'confirm' ('--confirm NAME') to do it."
        )
        {
            Field = "confirm",
        };

    public static BackupException NoSuchGroup(string group, IEnumerable<string> known) =>
        new(UnknownGroup, $"There is no group '{group}'.", $"Groups are: {string.Join(", ", known)}.")
        {
            Field = "group",
        };

    public static BackupException NotEncrypted() =>
        new(
            NothingSealed,
            "Encryption is off and there are no keys: nothing is to be rotated.",
            "Set encryption.state to on, with a master key, and start the appliance again."
        );
}
