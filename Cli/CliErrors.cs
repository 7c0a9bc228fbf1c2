using Backup.Foundation.Errors;

namespace Backup.Cli;

/// <summary>Errors 9500 to 9999.</summary>
public static partial class CliErrors
{
    public const int BadArgument = 9501;
    public const int NoDataFolder = 9502;
    public const int DataFolderInUse = 9503;
    public const int DataFolderNotAllowed = 9504;
    public const int NotRunning = 9505;
    public const int UnknownReplicaSet = 9506;
    public const int AmbiguousReplicaSet = 9507;
    public const int UnknownSnapshot = 9508;
    public const int NoSnapshotYet = 9509;
    public const int OutputNotEmpty = 9510;
    public const int OutputFailed = 9511;
    public const int StreamDamaged = 9512;
    public const int AgentMissing = 9513;
    public const int PortInUse = 9514;
    public const int JobFailed = 9515;
    public const int SandboxGone = 9516;
    public const int StoreClosed = 9517;
    public const int UnknownKey = 9518;
    public const int UnknownCertificate = 9519;
    public const int UnknownAgent = 9520;
    public const int AmbiguousAgent = 9521;
    public const int UnknownDeployment = 9522;
    public const int PauseTooLong = 9523;
    public const int AgentSilent = 9524;
    public const int UnknownCluster = 9530;
    public const int WholeCluster = 9531;
    public const int NoCluster = 9532;
    public const int UnknownLink = 9540;
    public const int UnknownDocument = 9560;
    public const int Unexpected = 9999;

    public static BackupException Argument(string what, string hint) => new(BadArgument, what, hint);

    public static BackupException MissingDataFolder(string path) =>
        new(
            NoDataFolder,
            $"There is no appliance's data in '{path}'.",
            "Name the folder that 'backup up' uses with --data DIR or the variable BACKUP_DATA, or start one: backup up --data DIR."
        );

    public static BackupException InUse(string path, string holder) =>
        new(
            DataFolderInUse,
            $"The data folder '{path}' is in use by {holder}.",
            "Use 'backup status' and the other commands beside it as they are; stop that process before you start another 'up', or give this one a folder of its own with --data DIR."
        );

    public static BackupException NotAllowed(string path, Exception inner) =>
        new(
            DataFolderNotAllowed,
            $"The data folder '{path}' cannot be used: {inner.Message}",
            "Run the command as the user who owns the folder, or give that user the right to write there.",
            inner: inner
        );

    public static BackupException ApplianceNotRunning(string path) =>
        new(
            NotRunning,
            $"No running appliance was found on the data folder '{path}'.",
            $"Start it: backup up --data {path}. Restores, verifications and lists work without it."
        );

    public static BackupException NoSuchReplicaSet(string name, IEnumerable<string> known) =>
        new(
            UnknownReplicaSet,
            $"There is no replica set '{name}'.",
            known.Any()
                ? $"Known are: {string.Join(", ", known)}. 'backup status' shows them."
                : "None is known yet: the agent has not reported one. 'backup status' shows what it says."
        );

    public static BackupException SeveralReplicaSets(string name, IEnumerable<string> ids) =>
        new(
            AmbiguousReplicaSet,
            $"Several replica sets are called '{name}'.",
            $"Name it by its id: {string.Join(", ", ids)}."
        );

    public static BackupException NoSuchDeployment(string name, IEnumerable<string> known) =>
        new(
            UnknownDeployment,
            $"There is no deployment '{name}'.",
            $"Known are: {string.Join(", ", known)}. 'backup deployments list' shows them."
        );

    /// <param name="left">Until the oplog no longer holds what is backed up last; zero or less: it does not any more.</param>
    public static BackupException LongPause(string replicaSet, TimeSpan left, TimeSpan window) =>
        new(
            PauseTooLong,
            left > TimeSpan.Zero
                ? $"The reading of {replicaSet} is paused, and its oplog holds what is to be read for about {Commands.DurationText.Rough(left)} more (of {Commands.DurationText.Rough(window)})."
                : $"The reading of {replicaSet} is paused for longer than its oplog holds ({Commands.DurationText.Rough(window)}).",
            left > TimeSpan.Zero
                ? $"Let it go on before that: backup source {replicaSet} --resume. Else a new initial sync is needed, and the moments between cannot be restored."
                : $"A new initial sync will be needed: backup source {replicaSet} --resume, then backup resync {replicaSet}."
        );

    public static BackupException NoAnswer(string host, string id, TimeSpan patience) =>
        new(
            AgentSilent,
            $"The agent {id} of {host} did not answer within {patience.TotalSeconds:0} s.",
            "'backup agents list' shows when it was last heard; where it runs, its own log and 'backup-agent status' say more.",
            transient: true
        );

    public static BackupException NoSuchAgent(string name) =>
        new(
            UnknownAgent,
            $"There is no agent '{name}'.",
            "'backup agents list' shows those that are known, with their ids."
        );

    public static BackupException SeveralAgents(string host, IEnumerable<string> ids) =>
        new(AmbiguousAgent, $"Several agents run on '{host}'.", $"Name it by its id: {string.Join(", ", ids)}.");

    public static BackupException NoSuchSnapshot(string id) =>
        new(UnknownSnapshot, $"There is no snapshot '{id}'.", "'backup snapshots RS' lists those that are there.");

    public static BackupException NoSuchKey(string id) =>
        new(
            UnknownKey,
            $"There is no API key '{id}'.",
            "'backup keys list' lists those that are there, with their ids."
        );

    public static BackupException NoSuchCertificate(string id) =>
        new(
            UnknownCertificate,
            $"There is no certificate '{id}'.",
            "'backup certificates list' lists those that are there, with their ids."
        );

    public static BackupException NothingToRestore(string replicaSet) =>
        new(
            NoSnapshotYet,
            $"The replica set '{replicaSet}' has no snapshot yet.",
            $"Take one: backup snapshot {replicaSet} --wait. 'backup status' shows how far its initial sync is."
        );

    public static BackupException NotEmpty(string path) =>
        new(
            OutputNotEmpty,
            $"The output '{path}' is already there.",
            "Give a path that does not exist yet; nothing is overwritten."
        );

    public static BackupException Output(string path, Exception inner) =>
        new(
            OutputFailed,
            $"Writing the output '{path}' failed: {inner.Message}",
            "Check the path, its permissions and the free space, then start the restore again; nothing half-done was left under that name.",
            inner: inner
        );

    public static BackupException Damaged(string what) =>
        new(
            StreamDamaged,
            $"What arrived is not what was sent: {what}.",
            "Start the restore again; if it fails again, check the snapshot with 'backup verify SNAPSHOT'."
        );

    public static BackupException NoAgent(string path) =>
        new(
            AgentMissing,
            $"The program backup-agent is not at '{path}'.",
            "Build or install the agent beside the command backup; ./backup does both."
        );

    public static BackupException Port(int port, string option, Exception inner) =>
        new(
            PortInUse,
            $"Port {port} cannot be opened: {inner.Message}",
            $"Stop what listens there, or choose another port with {option} PORT.",
            inner: inner
        );

    public static BackupException SandboxEnded() =>
        new(
            SandboxGone,
            "This sandbox ended with the process that ran it.",
            "Its snapshots can be restored; each 'backup up' without --protect starts a new sandbox."
        );

    public static BackupException Defect(Exception inner) =>
        new(
            Unexpected,
            $"The appliance failed at something that it does not know: {inner.GetType().Name}: {inner.Message}",
            "The log in the data folder says more under this code: report it as a defect.",
            inner: inner
        );

    public static BackupException StoreReopening(string path) =>
        new(
            StoreClosed,
            $"The block store in '{path}' is being opened again after a failed write.",
            "Remove the cause (disk full, bad disk, permissions), then try again in a few seconds; the log names it.",
            transient: true
        );

    public static BackupException NoSuchCluster(string name) =>
        new(
            UnknownCluster,
            $"There is no sharded cluster '{name}'.",
            "'backup deployments list' shows what is protected; 'backup status' shows what the agents found there."
        );

    public static BackupException ClusterForm(string name, string format) =>
        new(
            WholeCluster,
            $"'{name}' is a sharded cluster: set by set it is written into a folder, as archives, not as {format}.",
            "Add --merged for the whole cluster as one, leave --format out, or restore one set: backup restore CLUSTER/SHARD …"
        );

    public static BackupException NoSuchLink(string id) =>
        new(
            UnknownLink,
            $"There is no download link '{id}'.",
            "'backup links list --all' shows those that were made, with their ids."
        );

    public static BackupException UsersOfCluster(string name) =>
        Argument(
            $"'{name}' is a sharded cluster: its users and roles are on its config servers.",
            "Restore without --users, and make them anew: see docs/cluster-restore.md."
        );

    public static BackupException ReplicaSetForm(string name, string option) =>
        new(NoCluster, $"{option} is for sharded clusters, and '{name}' is a replica set.", $"Leave {option} out.");

    public static BackupException NoDocument(string ns, string id, string when) =>
        new(
            UnknownDocument,
            $"'{ns}' has no document with the _id {id} at {when}.",
            "'backup history' tells when it was there. An _id is a number, text or ObjectId: '17' is a number, '\"17\"' text."
        );

    public static BackupException Job(string code, string message, string hint, string? field = null) =>
        new(
            code is ['B', 'K', .. var digits] && int.TryParse(digits, out var number) ? number : JobFailed,
            message,
            hint
        )
        {
            Field = field,
        };
}
