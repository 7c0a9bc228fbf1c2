using Backup.Foundation.Errors;

namespace Backup.AlertService;

/// <content>Errors 8844 to 8849: what the radar noticed.</content>
public static partial class AlertServiceErrors
{
    public const int MassChanged = 8844;

    /// <param name="what">For example <c>120,000 documents of shop.orders were deleted</c>.</param>
    /// <param name="when">Since when, and until when.</param>
    /// <param name="usual">What is usual.</param>
    /// <param name="wayOut">How it is restored.</param>
    public static BackupException ManyChanged(string what, string when, string usual, string wayOut) =>
        new(MassChanged, $"{what} {when}. {usual}", wayOut);
}
