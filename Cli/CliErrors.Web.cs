using Backup.Foundation.Errors;

namespace Backup.Cli;

/// <content>9590 to 9599: what the web interface asks.</content>
public static partial class CliErrors
{
    public const int RestoresBusy = 9590;

    public static BackupException TooManyRestores(int most) =>
        new(
            RestoresBusy,
            $"{most} restores are under way already.",
            "Wait for one of them, or cancel one.",
            transient: true
        );
}
