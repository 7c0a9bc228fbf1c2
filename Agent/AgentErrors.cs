using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Backup.MongoWire.Uri;

namespace Backup.Agent;

/// <summary>Errors 7000 to 7999.</summary>
public static partial class AgentErrors
{
    public const int TokenMalformed = 7001;
    public const int AuthorityMismatch = 7002;
    public const int ServerUnreachable = 7003;
    public const int NotEnrolled = 7004;
    public const int AlreadyEnrolled = 7005;
    public const int ConfigurationDamaged = 7006;
    public const int PrivilegesMissing = 7007;
    public const int ServerTooOld = 7008;
    public const int NoReplicaSet = 7009;
    public const int OplogHole = 7010;
    public const int RolledBack = 7011;
    public const int MemberBehind = 7012;
    public const int AnswerUnreadable = 7013;
    public const int ServerNotTrusted = 7014;
    public const int NotSupported = 7015;
    public const int Unexpected = 7016;
    public const int DocumentTooLarge = 7017;
    public const int TokenMissing = 7018;
    public const int MemberUnfit = 7019;
    public const int IdentityHeld = 7020;
    public const int RuleUnmatched = 7021;
    public const int AgentMute = 7022;
    public const int SecondAgent = 7023;
    public const int UpdateNotTrusted = 7024;
    public const int UpdateBroken = 7025;
    public const int UpdateNotNewer = 7026;
    public const int UpdateNotPossible = 7027;
    public const int UpdateTakenBack = 7028;
    public const int UpdateRunning = 7029;
    public const int ClusterUnreadable = 7030;
    public const int BalancerNotStopped = 7031;
    public const int BalancerNotStarted = 7032;
    public const int TokenNotWritten = 7033;

    public static BackupException BadToken() =>
        new(
            TokenMalformed,
            "This is no enrolment token.",
            "A token reads 'bk1.….…' in one piece: copy it whole, or make a new one on the server."
        );

    public static BackupException NoToken() =>
        new(
            TokenMissing,
            "No enrolment token was given.",
            "Give it with --token-file FILE or in BACKUP_AGENT_TOKEN (--token shows it to every user of this host)."
        );

    public static BackupException WrongAuthority(Uri server) =>
        new(
            AuthorityMismatch,
            $"The server at {server} is not the one that made this token: its CA has another fingerprint.",
            "Check the server's address. If it is right, somebody stands between you and it, or its CA was made anew: make a new token there."
        );

    public static BackupException Unreachable(Uri server, Exception inner) =>
        new(
            ServerUnreachable,
            $"The backup server at {server} does not answer: {inner.Message}",
            "Check its address and port, that it runs ('backup status' there), and firewalls between; the agent goes on by itself.",
            transient: true,
            inner: inner
        );

    public static BackupException NotTrusted(Uri server, Exception inner) =>
        new(
            ServerNotTrusted,
            $"The certificate of the server at {server} is not from the CA that this agent was enrolled with, or is not for that name.",
            "Use a name that the server's certificate holds (its --name option adds one); if its CA was made anew, enrol this agent again.",
            inner: inner
        );

    public static BackupException Stranger(string folder) =>
        new(
            NotEnrolled,
            $"The agent in '{folder}' is not enrolled.",
            "Run 'backup-agent enroll --server URL --token-file FILE' with the same --data first."
        );

    public static BackupException Enrolled(string folder) =>
        new(
            AlreadyEnrolled,
            $"The agent in '{folder}' is enrolled already.",
            "Run 'backup-agent run'; to enrol it anew, give --force."
        );

    public static BackupException Damaged(string path, Exception inner) =>
        new(
            ConfigurationDamaged,
            $"The file '{path}' cannot be read: {inner.Message}",
            "Check its owner and mode, or enrol the agent again with --force.",
            inner: inner
        );

    public static BackupException Held(string folder, Exception inner) =>
        new(
            IdentityHeld,
            $"Another process changes the identity of the agent in '{folder}' now.",
            "It is tried again; if it stays so, look for a second backup-agent with the same --data.",
            transient: true,
            inner: inner
        );

    /// <param name="missing">For example <c>find on local.oplog.rs</c>.</param>
    public static BackupException NoPrivileges(string user, IEnumerable<string> missing) =>
        new(
            PrivilegesMissing,
            $"The user {user} lacks: {string.Join(", ", missing)}.",
            "Grant it on admin: db.getSiblingDB('admin').grantRolesToUser('<user>', ['backup', 'clusterMonitor'])"
        );

    public static BackupException TooOld(string version) =>
        new(
            ServerTooOld,
            $"The server runs MongoDB {version}; 4.0 is the oldest that can be backed up.",
            "Upgrade it."
        );

    public static BackupException NoSet(string what) =>
        new(
            NoReplicaSet,
            $"This is no replica set that can be backed up: {what}.",
            "A standalone has no oplog: start mongod with --replSet rs0 and run rs.initiate() once; give the URI ?replicaSet=rs0."
        );

    public static BackupException Hole(Optime last, Optime oldest) =>
        new(
            OplogHole,
            $"The oplog has a hole: {last} was the last entry backed up, the oldest that the source still has is {oldest}.",
            "Points in time between them cannot be restored. Make the source's oplog larger (replSetResizeOplog) and start a fresh initial sync ('backup resync RS'); snapshots taken so far stay."
        );

    public static BackupException Rollback(Optime last, string found) =>
        new(
            RolledBack,
            $"The entry {last} (term {last.Term}) that was backed up is no longer in the source's oplog ({found}): the source went back behind a majority-committed point, or was restored.",
            "Start a fresh initial sync ('backup resync RS'); snapshots taken so far stay."
        );

    public static BackupException Behind(Optime last, Optime newest) =>
        new(
            MemberBehind,
            $"The member is at {newest}, behind {last} that is backed up already.",
            "The agent waits for it or takes another member by itself; if it lasts, look at the replica set's health (rs.status()).",
            transient: true
        );

    public static BackupException Unfit(HostAddress member, string why) =>
        new(
            MemberUnfit,
            $"The member {member} is not read from any longer: {why}.",
            "The agent takes another member by itself; look at the replica set's health (rs.status()) if that member should serve.",
            transient: true
        );

    /// <param name="reasons">For each member that the rule means, why it is not read from; or that it means none.</param>
    public static BackupException NoMember(MemberRule rule, IEnumerable<string> reasons) =>
        new(
            RuleUnmatched,
            $"No member that can be read from fits the rule '{rule}': {string.Join("; ", reasons)}.",
            "The agent waits for one and takes no other. Bring that member back, or change the rule ('backup source RS --member ...').",
            transient: true
        );

    public static BackupException Mute(string socket, Exception inner) =>
        new(
            AgentMute,
            $"The agent does not answer on '{socket}': {inner.Message}",
            "Run the command as the user who runs the agent. If it is, the agent hangs, or is of another release: start it again.",
            inner: inner
        );

    public static BackupException Second(string folder, int process) =>
        new(
            SecondAgent,
            $"Another agent (process {process}) runs with the identity in '{folder}'; 'backup-agent status' shows that one.",
            "Stop one of the two: they take turns with one lease, which helps nobody."
        );

    public static BackupException BadAnswer(string what) =>
        new(
            AnswerUnreadable,
            $"The backup server's answer cannot be read: {what}",
            "Check that the address is the one for agents (port 8081), and that agent and server are of the same release."
        );

    public static BackupException Unsupported(string what, string hint) => new(NotSupported, what, hint);

    public static BackupException Defect(Exception inner) =>
        new(
            Unexpected,
            $"The agent failed at something that it does not know: {inner.GetType().Name}: {inner.Message}",
            "It tries again by itself; if it stays so, report it as a defect with the agent's log.",
            transient: true,
            inner: inner
        );

    public static BackupException TooLarge(string ns, int length) =>
        new(
            DocumentTooLarge,
            $"A document of {ns} has {length} bytes; no server makes such.",
            "Run validate on that collection of the source."
        );
}
