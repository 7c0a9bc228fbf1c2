using Backup.Foundation.Errors;

namespace Backup.Daemon;

public static partial class DaemonErrors
{
    public const int TargetNotEmpty = 9030;
    public const int TargetRefused = 9031;
    public const int TargetCountDiffers = 9032;
    public const int TargetRefusedDocument = 9033;
    public const int TargetUnfit = 9034;
    public const int TargetHashDiffers = 9154;
    public const int TargetHasOthers = 9157;
    public const int TargetKeptOtherwise = 9158;

    public static BackupException WrongHash(string ns) =>
        new(
            TargetHashDiffers,
            $"What is in '{ns}' is not, byte by byte, what was restored into it.",
            "Somebody else writes into the target, or its servers or their disks changed data: restore into a deployment that nobody uses yet, with --drop."
        );

    public static BackupException ForeignDocument(string ns) =>
        new(
            TargetHasOthers,
            $"'{ns}' of the target holds documents that the backup does not have at that moment.",
            "--resume goes on with the same restore only: of the same snapshot or moment, the same namespaces. Start again with --drop, or under other names with --rename."
        );

    public static BackupException NotEmptyTarget(IReadOnlyCollection<string> namespaces) =>
        new(
            TargetNotEmpty,
            $"The target already holds {Listed(namespaces)}; nothing was written.",
            "Restore into an empty deployment, or name what is to be restored with --namespace; --drop removes exactly these collections first."
        );

    /// <param name="collections">With what of each differs: <c>'shop.orders' (capped, size)</c>.</param>
    public static BackupException KeptOtherwise(IReadOnlyCollection<string> collections) =>
        new(
            TargetKeptOtherwise,
            $"The target has collections already that are kept otherwise than those of the backup: {Shortened(collections)}; nothing was written.",
            "Drop them (--drop does it, of exactly these collections), or restore beside them under other names with --rename."
        );

    /// <param name="what">What was being done, for example <c>creating the index 'a_1' of 'shop.orders'</c>.</param>
    public static BackupException Refused(string what, BackupException cause) =>
        new(
            TargetRefused,
            $"The target failed at {what}: {cause.Code} {cause.Message}",
            $"{cause.Hint} What was restored so far stays: start again with --drop once the cause is gone.",
            cause.IsTransient,
            cause
        );

    public static BackupException WrongCount(string ns, long written, long found) =>
        new(
            TargetCountDiffers,
            $"{written} documents were restored into '{ns}', and {found} are there.",
            "Somebody else writes into the target, or its servers lost writes: restore into a deployment that nobody uses yet, with --drop."
        );

    /// <param name="differences">For example <c>'shop.orders' has 3 documents instead of 4</c>; at least one.</param>
    /// <param name="isBalancerOn">What the balancer of the target is now.</param>
    public static BackupException WrongCounts(IReadOnlyCollection<string> differences, bool isBalancerOn) =>
        new(
            TargetCountDiffers,
            $"The target has not what was restored: {Shortened(differences)}. Its balancer {(isBalancerOn ? "was started again, as it was on" : "stays off, as it was")} at the source.",
            "Somebody else writes into the target, or documents were not loaded (mongorestore tells of each): restore into a new cluster that nobody uses yet. 'backup cluster-check' counts again."
        );

    public static BackupException RefusedDocument(string ns, int code, string said) =>
        new(
            TargetRefusedDocument,
            $"The target refused a document of '{ns}' (code {code}): {said}",
            "Restore into a deployment that nobody writes to, of the source's version or a later one; --drop removes what was restored so far."
        );

    public static BackupException UnfitTarget(string why, string hint) => new(TargetUnfit, why, hint);

    private static string Listed(IReadOnlyCollection<string> names) =>
        Shortened([.. names.Select(static one => $"'{one}'")]);

    private static string Shortened(IReadOnlyCollection<string> parts)
    {
        const int most = 10;
        var shown = string.Join(", ", parts.Take(most));
        return parts.Count > most ? $"{shown} and {parts.Count - most} more" : shown;
    }
}
