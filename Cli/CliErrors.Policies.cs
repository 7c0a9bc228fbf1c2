using Backup.Foundation.Errors;

namespace Backup.Cli;

/// <content>Errors 9570 to 9589: policies, and the keeping of snapshots.</content>
public static partial class CliErrors
{
    public const int BadSnapshotEnd = 9570;
    public const int BadPolicyField = 9571;

    /// <param name="what">For people.</param>
    /// <param name="hint">What would be right.</param>
    /// <param name="field">As the request names it.</param>
    public static BackupException SnapshotEnd(string what, string hint, string field) =>
        new(BadSnapshotEnd, what, hint) { Field = field };

    /// <param name="what">For people.</param>
    /// <param name="hint">What would be right.</param>
    /// <param name="field">As the request names it.</param>
    public static BackupException PolicyField(string what, string hint, string field) =>
        new(BadPolicyField, what, hint) { Field = field };
}
