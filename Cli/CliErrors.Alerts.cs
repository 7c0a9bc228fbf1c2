using Backup.Foundation.Errors;

namespace Backup.Cli;

/// <content>9640 to 9649: alerts.</content>
public static partial class CliErrors
{
    public const int UnknownAlert = 9640;
    public const int UnknownChannel = 9641;

    public static BackupException NoSuchAlert(string alert) =>
        new(UnknownAlert, $"There is no alert {alert}.", "List them: backup alerts list --all");

    public static BackupException NoSuchChannel(string channel) =>
        new(UnknownChannel, $"There is no alert channel '{channel}'.", "List them: backup alerts channels list");
}
