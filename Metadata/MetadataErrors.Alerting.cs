using Backup.Foundation.Errors;

namespace Backup.Metadata;

/// <content>Errors 6200 to 6229: alerts, and what they keep.</content>
public static partial class MetadataErrors
{
    public const int AlertIsOver = 6200;
    public const int KeptForAlert = 6210;
    public const int RadarKeptRange = 6211;

    public static BackupException Over(long id) =>
        new(AlertIsOver, $"Alert {id} is over already.", "Look at what is open now: backup alerts");

    public static BackupException RadarKept() =>
        new(
            RadarKeptRange,
            "The moment before a mass change cannot be kept for that long.",
            "Give a length from one hour to 90 days: 1h, 7d, 90d."
        )
        {
            Field = "keptSeconds",
        };

    public static BackupException Kept(string id) =>
        new(
            KeptForAlert,
            $"The snapshot '{id}' is kept for an alert: the last second before a mass change is restored from it.",
            "Restore what is needed and resolve the alert first: backup alerts list, backup alerts resolve ALERT"
        );
}
