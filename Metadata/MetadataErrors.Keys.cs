using Backup.Foundation.Errors;

namespace Backup.Metadata;

/// <content>Keys of groups: 6350 to 6359.</content>
public static partial class MetadataErrors
{
    public const int KeyCopiesLeft = 6350;
    public const int GroupKeysDestroyed = 6351;

    public static BackupException NotSwept(string path) =>
        new(
            KeyCopiesLeft,
            $"The keys are removed, but the write-ahead log of '{path}' could not be emptied, which may hold a copy of them: the database is read without a pause.",
            "Do it again, or start the appliance again: the log is emptied then.",
            transient: true
        );

    public static BackupException KeysDestroyed(string groupId) =>
        new(
            GroupKeysDestroyed,
            $"The keys of group {groupId} were destroyed: it gets no others.",
            "Make another group, and protect the deployment there."
        );
}
