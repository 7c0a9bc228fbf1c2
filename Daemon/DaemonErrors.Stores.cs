using Backup.Foundation.Errors;

namespace Backup.Daemon;

/// <content>Several block stores: 9190 to 9199.</content>
public static partial class DaemonErrors
{
    public const int MoveOvertaken = 9190;

    /// <param name="store">Its name.</param>
    public static BackupException MovedElsewhere(string store) =>
        new(
            MoveOvertaken,
            $"The group was not brought into '{store}': it was assigned to another store meanwhile, or its keys were destroyed.",
            "Nothing is lost: whatever it has is read from where it is. Move it again where that is still wanted."
        );
}
