using System.Globalization;
using Backup.Foundation.Errors;

namespace Backup.AlertService;

/// <summary>Errors 8800 to 8849: what is found to be wrong.</summary>
public static partial class AlertServiceErrors
{
    public const int AgentDown = 8801;
    public const int AgentOutdated = 8802;
    public const int OplogBehind = 8803;
    public const int OplogWindowShort = 8804;
    public const int OplogHole = 8805;
    public const int HeadBehind = 8806;
    public const int SnapshotLate = 8807;
    public const int VerificationFailed = 8809;
    public const int JobRetried = 8810;
    public const int DaemonDown = 8811;
    public const int StoreSpace = 8812;
    public const int StoreForecast = 8813;
    public const int CertificateExpiring = 8814;
    public const int HostDown = 8815;
    public const int NoPrimary = 8816;
    public const int ReplicationLag = 8817;
    public const int NoTwoFactor = 8818;
    public const int ChannelFailing = 8819;
    public const int RestoreFinished = 8820;
    public const int RestoreFailed = 8821;
    public const int CatalogueUnwritable = 8822;
    public const int GroomFailed = 8823;
    public const int StoreReclaimable = 8824;

    internal const string UnwritableConsequence =
        "Agents wait, and keep what they have to send; moments since then cannot be restored before there is room, and an oplog that is full meanwhile needs a new initial sync.";

    public static BackupException SilentAgent(string host, string last) =>
        new(
            AgentDown,
            $"The agent on {host} was last heard of {last}.",
            "Look on that host: 'systemctl status backup-agent' and 'backup-agent status'; whether it reaches this server is told by 'backup-agent check'. Where the host is gone for good: backup agents revoke."
        );

    public static BackupException OldAgent(string host, string version, string wanted) =>
        new(
            AgentOutdated,
            $"The agent on {host} is of release {version}; the server is of {wanted}.",
            "Offer the newer one: backup agents offer FILE, or install it on the host."
        );

    public static BackupException Late(string set, string behind) =>
        new(
            OplogBehind,
            $"What is stored of {set} is {behind} behind the source.",
            "Look at 'backup status' and 'backup source': an agent that is silent, a limit of its rate, a slow network or a slow disk of the appliance are the usual causes."
        );

    public static BackupException ShortWindow(string set, string window, string behind) =>
        new(
            OplogWindowShort,
            $"The oplog of {set} spans {window} only; what is stored is {behind} behind.",
            "Make the source's oplog larger (replSetResizeOplog), so that it spans at least a day."
        );

    public static BackupException Gap(string set, string from, string cause) =>
        new(
            OplogHole,
            $"{set} has a gap: nothing between {from} and what follows can be restored by the second. {cause}",
            "Look at 'backup ranges'. Where the gap is still open, the way out stands with the deployment's error; one that is closed leaves the window by itself."
        );

    public static BackupException SlowHead(string set, string behind) =>
        new(
            HeadBehind,
            $"The head of {set} is {behind} behind the oplog that is stored.",
            "Nothing is lost: the oplog is there. Look at the processor and the disk of the daemon, and at 'backup status'."
        );

    public static BackupException LateSnapshot(string name, string last, string interval) =>
        new(
            SnapshotLate,
            $"The last snapshot of {name} was taken {last}; one is due every {interval}.",
            "Look at the tasks ('backup jobs', or Activity): a task that fails says why. Take one now: backup snapshot."
        );

    public static BackupException Unproved(string set, string cause) =>
        new(
            VerificationFailed,
            $"The last verification of {set} found a snapshot that is not what it should be. {cause}",
            "Take another snapshot and verify it (backup snapshot, backup verify); restore from one that was verified. Look after the disk."
        );

    public static BackupException Again(string kind, string subject, int attempts, string cause) =>
        new(
            JobRetried,
            $"The task '{kind}' of {subject} was begun {attempts} times. {cause}",
            "Look at the task's error; cancel it where it cannot be done."
        );

    public static BackupException SilentDaemon(string name, string host, string last) =>
        new(
            DaemonDown,
            $"The daemon {name} on {host} has not worked since {last}.",
            "Look on its host: 'systemctl status backup-daemon' and its log. Heads that nobody else has taken go on where they were once it is back."
        );

    public static BackupException FullDisk(string path, double percent, string free) =>
        new(
            StoreSpace,
            string.Create(
                CultureInfo.InvariantCulture,
                $"The disk of {path} is {percent:0.#} % full: {free} are free."
            ),
            "Make room: a larger disk, a shorter policy, or snapshots that nobody needs deleted. Ingest stops before the disk is full, and goes on by itself once there is room."
        );

    /// <param name="why">Of the catalogue.</param>
    public static BackupException Unwritable(string why) =>
        new(
            CatalogueUnwritable,
            $"The appliance can write nothing down: its disk is full. {why}".TrimEnd(),
            "Make room on it: it goes on by itself then. Deleting snapshots frees nothing before it can be written down; a larger disk, or another's files, do."
        );

    public static BackupException FillingDisk(string path, double days, string growth) =>
        new(
            StoreForecast,
            string.Create(
                CultureInfo.InvariantCulture,
                $"The disk of {path} will be full in {days:0.#} days: it has grown by {growth} a day."
            ),
            "Make room before: a larger disk, a shorter policy, or another store."
        );

    public static BackupException Ungroomed(string at, string why) =>
        new(
            GroomFailed,
            $"The groom of the block store at {at} failed: {why}",
            "Do what that number says (docs/errors.md), and try it: backup store groom. Where a block is damaged, 'backup store check' names what is hit."
        );

    public static BackupException Unneeded(double percent, string bytes) =>
        new(
            StoreReclaimable,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{percent:0.#} % of the block store ({bytes}) is needed by nobody, and stays after its grooms."
            ),
            "Look at what has been in work for long (backup jobs list, Activity): it holds back what was written meanwhile. 'backup store groom' shows what is held back; groom.extra_percent says how much may stay."
        );

    public static BackupException EndingCertificate(string name, string until) =>
        new(
            CertificateExpiring,
            $"The certificate of {name} ends on {until}.",
            "The server renews its own by itself when it starts; an agent's is renewed when it enrols again."
        );

    public static BackupException DownHost(string host, string set, string state) =>
        new(
            HostDown,
            $"The member {host} of {set} is {state}.",
            "Look on that host. The backup goes on as long as another member has the data."
        );

    public static BackupException Headless(string set) =>
        new(
            NoPrimary,
            $"{set} has no primary: nothing can be written to it.",
            "Look at the members (Hosts, or rs.status() on one of them): a majority of them has to be up and to reach each other."
        );

    public static BackupException SlowMember(string host, string set, string behind) =>
        new(
            ReplicationLag,
            $"The member {host} of {set} is {behind} behind.",
            "Look at its disk, its network and what it is asked; the backup reads from another member where it can."
        );

    public static BackupException OneFactor(string email) =>
        new(
            NoTwoFactor,
            $"{email} logs in with a password alone.",
            "Ask for a second factor: Account, in the web interface."
        );

    public static BackupException Unheard(string channel, string kind, string cause) =>
        new(
            ChannelFailing,
            $"The {kind} channel '{channel}' cannot be reached. {cause}",
            "Mend its settings and try it: backup alerts test, or Alerts, Channels in the web interface."
        );

    public static BackupException Restored(string what) =>
        new(RestoreFinished, $"The restore {what} is finished.", "Look at it: Activity, in the web interface.");

    public static BackupException NotRestored(string what, string cause) =>
        new(
            RestoreFailed,
            $"The restore {what} failed. {cause}",
            "Look at the task: what is there can be gone on with."
        );
}
