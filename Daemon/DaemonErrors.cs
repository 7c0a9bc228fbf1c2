using Backup.Foundation;
using Backup.Foundation.Errors;

namespace Backup.Daemon;

/// <summary>Errors 9000 to 9499.</summary>
public static class DaemonErrors
{
    public const int SliceGap = 9001;
    public const int BadSyncCatalogue = 9002;
    public const int HeadStopped = 9003;
    public const int UnknownFormat = 9004;
    public const int SnapshotGone = 9005;
    public const int EntriesMissing = 9007;
    public const int CountDiffers = 9008;
    public const int Unexpected = 9499;

    public static BackupException Gap(string replicaSet, Optime after, Optime next) =>
        new(
            SliceGap,
            $"The stored oplog of '{replicaSet}' has a gap: after {after} comes a slice that starts behind {next}.",
            "The head keeps its state and every snapshot stays; start a fresh initial sync ('backup resync RS')."
        );

    public static BackupException MissingEntries(string replicaSet, Optime from) =>
        new(
            EntriesMissing,
            $"The stored oplog of '{replicaSet}' no longer reaches back to {from}, where the head must read on.",
            "Every snapshot stays; start a fresh initial sync ('backup resync RS')."
        );

    public static BackupException Catalogue(string what) =>
        new(
            BadSyncCatalogue,
            $"The list of collections that the agent sent cannot be read: {what}.",
            "Update the agent to the appliance's version; then start the initial sync again."
        );

    public static BackupException Stopped(string replicaSet, string? code, string? message, string? hint) =>
        new(
            HeadStopped,
            $"The replica set '{replicaSet}' is stopped: {code} {message}",
            hint ?? "'backup status' shows the cause."
        );

    public static BackupException Format(string name, IEnumerable<string> known) =>
        new(UnknownFormat, $"There is no restore format '{name}'.", $"Known are: {string.Join(", ", known)}.");

    public static BackupException NoSnapshot(string id) =>
        new(SnapshotGone, $"There is no snapshot '{id}'.", "It may have expired; list those that are there.");

    public static BackupException Miscounted(string id, long recorded, long read) =>
        new(
            CountDiffers,
            $"Snapshot '{id}' was written with {recorded} documents, {read} can be read.",
            "Do not rely on this snapshot: restore an older or newer one, take a new one, and report this."
        );

    public static BackupException Defect(Exception inner) =>
        new(
            Unexpected,
            $"The daemon failed at something that it does not know: {inner.GetType().Name}: {inner.Message}",
            "Its log says more under this code: report it as a defect.",
            inner: inner
        );
}
