using Backup.Foundation.Errors;

namespace Backup.Cli;

/// <content>9690 to 9694: signed reports.</content>
public static partial class CliErrors
{
    public const int NotAVerification = 9690;
    public const int ReportNotGood = 9691;

    public static BackupException NoReport(string job) =>
        new(
            NotAVerification,
            $"There is no report of job '{job}': it is no verification, or has not ended.",
            "'backup jobs list' shows verifications; 'backup verify SNAPSHOT' makes one."
        );

    public static BackupException BadReport(string file, string why) =>
        new(
            ReportNotGood,
            $"The report '{file}' does not hold: {why}.",
            "Compare the authority's fingerprint with that of 'backup appliance'; fetch the report again with 'backup jobs report'."
        );
}
