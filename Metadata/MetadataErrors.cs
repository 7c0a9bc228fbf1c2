using Backup.Foundation.Errors;

namespace Backup.Metadata;

/// <summary>Errors 6000 to 6999.</summary>
public static partial class MetadataErrors
{
    public const int DatabaseDamaged = 6001;
    public const int NewerSchema = 6002;
    public const int DatabaseBusy = 6003;
    public const int CannotOpen = 6004;
    public const int DatabaseFailed = 6005;
    public const int ForeignDatabase = 6006;
    public const int AlreadyThere = 6008;
    public const int NotThere = 6009;
    public const int SyncNotDone = 6010;
    public const int SyncNotCurrent = 6011;
    public const int PolicyRange = 6012;
    public const int KeyNotValid = 6013;
    public const int LeaseLost = 6014;
    public const int SourceRange = 6015;
    public const int CutOpen = 6016;
    public const int OtherCluster = 6017;
    public const int HeadLeaseLost = 6018;

    public static BackupException Damaged(string path, Exception inner) =>
        new(
            DatabaseDamaged,
            $"The metadata database '{path}' is damaged: {inner.Message}",
            "Stop the appliance and put a copy of the database back; the blocks and slices are not touched by this.",
            inner: inner
        );

    public static BackupException Newer(string path, long version, int known) =>
        new(
            NewerSchema,
            $"The metadata database '{path}' has schema version {version}; this program knows up to {known}.",
            "Use the newer release that wrote it; a database is never taken back to an older schema."
        );

    public static BackupException Busy(string path, Exception inner) =>
        new(
            DatabaseBusy,
            $"The metadata database '{path}' is locked by another process.",
            "It is tried again; if this stays, look for a second process that has the file open ('fuser').",
            transient: true,
            inner: inner
        );

    public static BackupException Unopenable(string path, Exception inner) =>
        new(
            CannotOpen,
            $"The metadata database '{path}' cannot be opened for writing: {inner.Message}",
            "Check the folder's owner and permissions and that its disk is mounted.",
            inner: inner
        );

    public static BackupException Failed(string path, Exception inner) =>
        new(
            DatabaseFailed,
            $"The metadata database '{path}' failed: {inner.Message}",
            "Check the health of the disk; what was stored before is unharmed.",
            inner: inner
        );

    public static BackupException Foreign(string path) =>
        new(
            ForeignDatabase,
            $"'{path}' is an SQLite database, but not one of this product.",
            "Choose another data folder."
        );

    public static BackupException Exists(string what, Exception? inner = null) =>
        new(
            AlreadyThere,
            $"The {what} is there already, or what it belongs to is not there.",
            "Read what is stored before adding to it.",
            inner: inner
        );

    public static BackupException Missing(string what, string id) =>
        new(
            NotThere,
            $"There is no {what} '{id}'.",
            "It was removed or never added; list what is there with 'backup status'."
        );

    public static BackupException NotDone(string syncId, long open) =>
        new(
            SyncNotDone,
            $"Sync '{syncId}' is not complete: {open} collections or ranges are not done.",
            "The agent has to send their last slices first; it goes on by itself."
        );

    public static BackupException NotCurrent(string syncId) =>
        new(
            SyncNotCurrent,
            $"Sync '{syncId}' is not one that takes this now: it was abandoned, or it is another replica set's, or its state forbids it.",
            "The agent fetches its configuration again and goes on with the replica set's current sync."
        );

    /// <param name="what">For people.</param>
    /// <param name="range">What would be right.</param>
    /// <param name="field">As the request names it.</param>
    public static BackupException Policy(string what, string range, string field) =>
        new(PolicyRange, $"The snapshot policy's {what} is out of its range.", $"Choose {range}.") { Field = field };

    public static BackupException Source(string what, string range) =>
        new(SourceRange, $"The source's {what} is out of its range.", $"Choose {range}.");

    public static BackupException KeyEnded(string keyId) =>
        new(
            KeyNotValid,
            $"The API key '{keyId}' has ended, or was not taken into use yet.",
            "'backup keys list' shows which keys are valid."
        );

    public static BackupException Fenced(string deploymentId, long fence) =>
        new(
            LeaseLost,
            $"The lease {fence} on deployment '{deploymentId}' is over; nothing was stored.",
            "Another agent took over, or this one gave it back; it stands by and asks again by itself.",
            transient: true
        );

    public static BackupException HeadFenced(string replicaSetId, string daemonId, long fence) =>
        new(
            HeadLeaseLost,
            $"The daemon '{daemonId}' does not keep the head of replica set '{replicaSetId}' any more (lease {fence}); nothing was stored.",
            "Another daemon took over, since this one was silent or was told to give the head away; nothing is to be done: this one stops keeping it by itself.",
            transient: true
        );

    public static BackupException Open(string clusterId) =>
        new(
            CutOpen,
            $"A cut of the cluster '{clusterId}' is being made.",
            "Wait until it is complete or has failed; 'backup status' shows how far it is.",
            transient: true
        );

    public static BackupException Another(string name, string known, string found) =>
        new(
            OtherCluster,
            $"Behind the URI of '{name}' is another cluster than before: its id is {found}, and was {known}.",
            "If the cluster was built anew, protect it under a URI of its own; else correct the host names."
        );
}
