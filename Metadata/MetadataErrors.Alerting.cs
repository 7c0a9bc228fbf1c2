using Backup.Foundation.Errors;

namespace Backup.Metadata;

/// <content>Errors 6200 to 6219: alerts.</content>
public static partial class MetadataErrors
{
    public const int AlertIsOver = 6200;

    public static BackupException Over(long id) =>
        new(AlertIsOver, $"Alert {id} is over already.", "Look at what is open now: backup alerts");
}
