using Backup.Foundation.Errors;

namespace Backup.Cli;

/// <content>9590 to 9599: what the web interface asks.</content>
public static partial class CliErrors
{
    public const int RestoresBusy = 9590;
    public const int RestoreAbandoned = 9591;
    public const int NotOver = 9592;
    public const int TargetForgotten = 9593;
    public const int UnknownJob = 9594;

    public static BackupException TooManyRestores(int most) =>
        new(
            RestoresBusy,
            $"{most} restores are under way already.",
            "Wait for one of them, or cancel one.",
            transient: true
        );

    public static BackupException AbandonedRestore() =>
        new(
            RestoreAbandoned,
            "The appliance ended while the restore ran.",
            "What was written stays where it is. Retry it: it goes on from there."
        );

    /// <param name="state">As the API tells it.</param>
    public static BackupException CannotRetry(string state) =>
        new(
            NotOver,
            $"What is {state} is not tried again: only what failed or was cancelled is.",
            state is "queued" or "running" ? "Wait for its end, or cancel it." : "Ask for a new one."
        );

    public static BackupException TargetNotKept() =>
        new(
            TargetForgotten,
            "The connection string of the target was forgotten when the restore ended.",
            "Send 'uri' too: the same target, and the restore goes on with what is there."
        )
        {
            Field = "uri",
        };

    public static BackupException NoSuchJob(string job) =>
        new(UnknownJob, $"There is no job '{job}'.", "'backup jobs list' shows them; the newest come first.");
}
