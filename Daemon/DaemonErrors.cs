using Backup.Foundation;
using Backup.Foundation.Errors;

namespace Backup.Daemon;

/// <summary>Errors 9000 to 9499.</summary>
public static partial class DaemonErrors
{
    public const int SliceGap = 9001;
    public const int BadSyncCatalogue = 9002;
    public const int HeadStopped = 9003;
    public const int UnknownFormat = 9004;
    public const int SnapshotGone = 9005;
    public const int EntriesMissing = 9007;
    public const int CountDiffers = 9008;
    public const int MomentInGap = 9010;
    public const int MomentTooOld = 9011;
    public const int MomentNotStored = 9012;
    public const int TransactionUndecided = 9013;
    public const int NothingToRestore = 9014;
    public const int CopyGivenUp = 9015;
    public const int NamespaceFiltered = 9016;
    public const int NamespaceUnknown = 9017;
    public const int CutSilent = 9018;
    public const int PartImpossible = 9019;
    public const int PartNotDecided = 9020;
    public const int CutAbandoned = 9021;
    public const int ClusterNotKnown = 9022;
    public const int PartMissing = 9023;
    public const int BalancerNotStopped = 9024;
    public const int NameTaken = 9025;
    public const int HeadMoved = 9026;
    public const int Unexpected = 9499;

    private const string ListMoments =
        "'backup ranges RS' lists all that can be restored, 'backup snapshots RS' the snapshots.";

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

    /// <param name="near">Restorable moments before and after it.</param>
    public static BackupException InGap(string replicaSet, string moment, string cause, string near) =>
        new(
            MomentInGap,
            $"{Capital(moment)} of '{replicaSet}' cannot be restored, since it lies in a gap: {cause}",
            $"The nearest moments that can be restored (--optime): {near}. {ListMoments}"
        );

    /// <param name="near">Restorable moments before and after it.</param>
    public static BackupException TooOld(string replicaSet, string moment, string near) =>
        new(
            MomentTooOld,
            $"{Capital(moment)} of '{replicaSet}' cannot be restored: the oplog that is kept for the point-in-time window does not reach back so far.",
            $"The nearest moments that can be restored (--optime): {near}. {ListMoments}"
        );

    /// <param name="stored">The newest stored entry.</param>
    /// <param name="near">Restorable moments before and after it.</param>
    public static BackupException NotYet(string replicaSet, string moment, string stored, string near) =>
        new(
            MomentNotStored,
            $"{Capital(moment)} of '{replicaSet}' is not known to be stored whole: what came in so far ends with {stored}.",
            $"Try again when the oplog has come in ('backup status' shows the lag). The nearest moments that can be restored (--optime): {near}. {ListMoments}",
            transient: true
        );

    /// <param name="stored">The newest stored entry.</param>
    /// <param name="near">Restorable moments before and after it.</param>
    public static BackupException Future(string replicaSet, string moment, string stored, string near) =>
        new(
            MomentNotStored,
            $"{Capital(moment)} of '{replicaSet}' lies in the future: what came in so far ends with {stored}.",
            $"Check the time and its zone. The nearest moments that can be restored (--optime): {near}. {ListMoments}"
        );

    /// <param name="prepared">The entry that prepared the oldest transaction that is not decided.</param>
    /// <param name="before">The newest moment that needs no decision.</param>
    public static BackupException Undecided(string replicaSet, string moment, string prepared, string before) =>
        new(
            TransactionUndecided,
            $"Whether a transaction belongs to {moment} of '{replicaSet}' is not known yet: it was prepared at {prepared} and its commit or abort has not come in.",
            $"Try again in a moment; what can be restored now (--optime): {before} and everything before.",
            transient: true
        );

    public static BackupException NothingRestorable(string replicaSet) =>
        new(
            NothingToRestore,
            $"No moment of '{replicaSet}' can be restored yet: there is no snapshot.",
            $"Take one: backup snapshot {replicaSet} --wait. 'backup status' shows how far its initial sync is."
        );

    public static BackupException Filtered(string ns, string filter) =>
        new(
            NamespaceFiltered,
            $"'{ns}' is not in this backup: what was backed up then is {filter}.",
            "Restore from a moment before it was left out ('backup ranges RS' shows the changes), or change the filter for the time to come ('backup namespaces RS')."
        );

    public static BackupException NotInBackup(string ns) =>
        new(
            NamespaceUnknown,
            $"There is no collection '{ns}' in this backup.",
            "Check the name, or restore without --namespace: everything that is there is written."
        );

    public static BackupException GivenUp(string syncId) =>
        new(
            CopyGivenUp,
            $"The copy {syncId} was given up while the head took it over; nothing was changed.",
            "The head goes on from its last checkpoint by itself.",
            transient: true
        );

    /// <param name="what">Where it stands still.</param>
    public static BackupException Silent(string cluster, string what) =>
        new(
            CutSilent,
            $"A cut through the cluster '{cluster}' does not go on: {what}.",
            "'backup status' shows which agents work on it and what they say; the next one is tried by itself."
        );

    /// <param name="set">As users name it.</param>
    /// <param name="time">The cut's time.</param>
    /// <param name="cause">With its number.</param>
    public static BackupException NoPart(string set, string time, string cause, Exception? inner) =>
        new(
            PartImpossible,
            $"'{set}' cannot give what it held at {time}: {cause}",
            "Snapshots that are there stay; the next one is tried by itself. Where this goes on, 'backup status' says what is wrong with the set.",
            inner: inner
        );

    /// <param name="prepared">The entry that prepared the oldest transaction that is not decided.</param>
    public static BackupException PartUndecided(string replicaSet, string time, string prepared) =>
        new(
            PartNotDecided,
            $"Whether a transaction of '{replicaSet}' belongs to {time} did not become known in time: it was prepared at {prepared} and its commit or abort has not come in.",
            "The next cluster snapshot is tried by itself. A transaction that stays prepared holds up the source too: see its currentOp."
        );

    public static BackupException Abandoned(string cluster) =>
        new(
            CutAbandoned,
            $"A cut through the cluster '{cluster}' was given up: the job that it was made for was cancelled or has ended.",
            "Take another: backup snapshot CLUSTER. By its policy the next one is taken by itself."
        );

    /// <param name="what">What is missing.</param>
    public static BackupException NotACluster(string cluster, string what) =>
        new(
            ClusterNotKnown,
            $"No cut can be made through the cluster '{cluster}': {what}.",
            "'backup status' shows what is known of it and what its agents say."
        );

    public static BackupException BalancerAwake(string cluster) =>
        new(
            BalancerNotStopped,
            $"The balancer of the cluster '{cluster}' could not be brought to rest for its newest cut.",
            "Chunks that were on their way at its time may be on two shards in it; a restore goes by the chunks' owners. Find out what keeps the balancer busy (sh.isBalancerRunning())."
        );

    /// <param name="missing">The sets, and where each stands.</param>
    public static BackupException NoParts(string cluster, string time, string missing) =>
        new(
            PartMissing,
            $"The snapshot of the cluster '{cluster}' at {time} did not become whole in time; what is missing: {missing}.",
            "Nothing of it is offered; the next one is tried by itself. 'backup status' shows agents and heads."
        );

    public static BackupException SameName(string name, string host) =>
        new(
            NameTaken,
            $"Another daemon, on host '{host}', runs under this one's name, '{name}': this one has stopped, and keeps no head any more.",
            "Give each daemon a name of its own, or stop the other one; then start this one again."
        );

    public static BackupException Moved(string replicaSetId) =>
        new(
            HeadMoved,
            $"The head of replica set '{replicaSetId}' went to another daemon while the snapshot was asked for.",
            "Nothing is to be done: the daemon that keeps it now takes the snapshot.",
            transient: true
        );

    public static BackupException Defect(Exception inner) =>
        new(
            Unexpected,
            $"The daemon failed at something that it does not know: {inner.GetType().Name}: {inner.Message}",
            "Its log says more under this code: report it as a defect.",
            inner: inner
        );

    private static string Capital(string moment) =>
        string.Concat(char.ToUpperInvariant(moment[0]).ToString(), moment.AsSpan(1));
}
