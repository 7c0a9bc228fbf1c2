using Backup.Foundation.Errors;

namespace Backup.Metadata;

/// <content>Block stores: 6320 to 6329.</content>
public static partial class MetadataErrors
{
    public const int StoreSessionRevoked = 6320;

    /// <param name="what">Of the replica set it is about.</param>
    public static BackupException SessionRevoked(string what) =>
        new(
            StoreSessionRevoked,
            $"Nothing of {what} was stored: this process was silent for too long, the others that share its block store went on without it, and blocks that it has put may be gone.",
            "Work begins again from what is stored, here or at another daemon. Look why this process hung: a host that was suspended, no memory, no network.",
            transient: true
        );
}
