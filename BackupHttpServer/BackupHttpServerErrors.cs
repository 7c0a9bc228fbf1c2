using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;

namespace Backup.BackupHttpServer;

/// <summary>Errors 8000 to 8999. Keep the HTTP status of each in <see cref="Problems"/>.</summary>
public static partial class BackupHttpServerErrors
{
    public const int KeyUnknown = 8001;
    public const int AgentRevoked = 8002;
    public const int TokenRefused = 8003;
    public const int NotFound = 8004;
    public const int ProtocolMismatch = ServerRefusals.ProtocolMismatch;
    public const int HeaderWrong = 8006;
    public const int BodyTooLong = 8007;
    public const int Busy = 8008;
    public const int BodyCut = 8009;
    public const int HashWrong = 8010;
    public const int FrameDamaged = 8011;
    public const int BsonDamaged = 8012;
    public const int CountWrong = 8013;
    public const int OutOfOrder = 8014;
    public const int OtherContent = 8015;
    public const int OptimesWrong = 8016;
    public const int ContinuityLost = 8017;
    public const int JsonWrong = 8018;
    public const int SyncOver = 8019;
    public const int OtherAgent = 8020;
    public const int CatalogueWrong = 8021;
    public const int TooSlow = 8022;
    public const int Unexpected = 8023;
    public const int SyncRunning = 8024;
    public const int IdMissing = 8025;
    public const int CertificateUnusable = 8026;
    public const int CannotListen = 8027;
    public const int RangeOver = 8028;
    public const int NotAllDone = 8029;
    public const int IdRepeated = 8030;
    public const int KeyRevoked = 8031;
    public const int KeyReplaced = 8032;
    public const int CertificateMissing = 8033;
    public const int CertificateExpired = 8034;
    public const int CertificateForeign = 8035;
    public const int CertificateRevoked = 8036;
    public const int CertificateOtherAgents = 8037;
    public const int CertificatesOff = ServerRefusals.CertificatesOff;
    public const int CertificateRequestWrong = 8039;
    public const int KeyPending = 8040;
    public const int AgentTooBusy = 8041;
    public const int AgentRate = 8042;
    public const int ServerTooBusy = 8043;
    public const int BackEndBehind = 8044;
    public const int HeadersTooLong = 8045;
    public const int RequestMalformed = 8046;
    public const int MethodWrong = 8047;
    public const int BeginNotStored = 8048;
    public const int StillInitialSync = 8049;
    public const int FilterChanged = 8050;
    public const int NamespaceLeftOut = 8051;
    public const int BuildUnusable = 8052;

    public static BackupException NoKey() =>
        new(
            KeyUnknown,
            "The request bears no API key that this server knows.",
            "Enrol the agent: make a token on the server and run 'backup-agent enroll' with it."
        );

    public static BackupException Revoked(string agentId) =>
        new(
            AgentRevoked,
            $"The agent {agentId} was revoked.",
            "If that was a mistake, enrol it again with a new token ('backup-agent enroll')."
        );

    public static BackupException BadToken() =>
        new(
            TokenRefused,
            "The enrolment token is unknown, used or expired.",
            "A token enrols one agent and does not last: make a new one on the server and enrol with it."
        );

    public static BackupException Nothing(string what) =>
        new(
            NotFound,
            $"There is no {what} for this agent.",
            "Check that the deployment is still protected and belongs to the agent's group; the agent asks again by itself.",
            transient: true
        );

    public static BackupException Protocol(string given, int wanted) =>
        new(
            ProtocolMismatch,
            $"The agent speaks protocol '{given}', this server {wanted}.",
            "Install the agent of the same release as the server."
        );

    public static BackupException Header(string name, string what) =>
        new(HeaderWrong, $"The header {name} {what}.", "Install the agent of the same release as the server.");

    public static BackupException TooLong(long most) =>
        new(
            BodyTooLong,
            $"The body is longer than the {most} bytes allowed here.",
            "Install the agent of the same release as the server."
        );

    public static BackupException Full() =>
        new(
            Busy,
            "The server has as many slices in hand as its memory budget allows.",
            "The agent sends it again by itself; if this lasts, give the server more memory for slices.",
            transient: true
        );

    public static BackupException Cut(long expected, long got) =>
        new(
            BodyCut,
            $"The body ended after {got} of {expected} bytes.",
            "The connection broke; the agent sends the slice again by itself.",
            transient: true
        );

    public static BackupException BadHash() =>
        new(
            HashWrong,
            "The slice's bytes do not have the announced SHA-256; nothing was stored.",
            "It was damaged on its way: the agent sends it again; if it stays so, check the memory of both hosts.",
            transient: true
        );

    public static BackupException BadFrame(Exception inner) =>
        new(
            FrameDamaged,
            $"The slice does not decompress to its announced length; nothing was stored. ({inner.Message})",
            "It was damaged on its way: the agent sends it again; if it stays so, check the memory of both hosts.",
            transient: true,
            inner: inner
        );

    public static BackupException BadBson(Exception inner) =>
        new(
            BsonDamaged,
            $"The slice holds a document that is not well-formed; nothing was stored. {inner.Message}",
            "Run validate on that collection of the source; a damaged document must be repaired or removed there.",
            inner: inner
        );

    public static BackupException BadCount(long announced, long found) =>
        new(
            CountWrong,
            $"The slice holds {found} documents, {announced} were announced; nothing was stored.",
            "Install the agent of the same release as the server."
        );

    public static BackupException WrongSequence(long given, long next) =>
        new(
            OutOfOrder,
            $"Slice {given} came where {next} is next; nothing was stored.",
            "The agent asks for its position and goes on from there by itself; of several agents only the one with the lease is heard.",
            transient: true
        );

    public static BackupException Differs(long sequence) =>
        new(
            OtherContent,
            $"Slice {sequence} is stored with other content; nothing was changed.",
            "The agent asks for its position and goes on from there by itself; of several agents only the one with the lease is heard.",
            transient: true
        );

    public static BackupException BadOptimes(string what) =>
        new(
            OptimesWrong,
            $"The slice's optimes are not those of its entries: {what}; nothing was stored.",
            "Install the agent of the same release as the server."
        );

    public static BackupException Gap(Optime previous, Optime last) =>
        new(
            ContinuityLost,
            $"The slice follows {previous} (term {previous.Term}), the last durable entry is {last} (term {last.Term}); nothing was stored.",
            "The agent asks for its position and proves continuity again by itself.",
            transient: true
        );

    public static BackupException BadJson(string what) =>
        new(
            JsonWrong,
            $"The request's JSON cannot be read: {what}",
            "Install the agent of the same release as the server."
        );

    public static BackupException Over(string syncId) =>
        new(
            SyncOver,
            $"The sync {syncId} is not the replica set's current one any more, or no longer copies.",
            "The agent asks for its assignment and goes on from there by itself.",
            transient: true
        );

    public static BackupException Taken(long fence, string holder) =>
        new(
            OtherAgent,
            $"The request was made under the lease {fence} on this deployment, which is over. {holder}; nothing was stored.",
            "The agent stands by and asks for the lease again by itself.",
            transient: true
        );

    public static BackupException BadCatalogue(string what) =>
        new(
            CatalogueWrong,
            $"The catalogue cannot be read: {what}",
            "Install the agent of the same release as the server."
        );

    public static BackupException Slow() =>
        new(
            TooSlow,
            "The request came too slowly.",
            "Check the network between agent and server; the agent sends it again by itself.",
            transient: true
        );

    public static BackupException Defect(Exception inner) =>
        new(
            Unexpected,
            "The server failed at something that it does not know.",
            "Its log holds the details under this code: report them as a defect.",
            transient: true,
            inner: inner
        );

    public static BackupException BeginTooOld(Optime begin) =>
        new(
            BeginNotStored,
            $"The stored oplog does not reach back to {begin}, where the copy would begin.",
            "The agent begins it again by itself, at a later entry, once the transactions that are open now have ended.",
            transient: true
        );

    public static BackupException OtherFilter() =>
        new(
            FilterChanged,
            "What is to be backed up of this deployment was changed while the agent listed it.",
            "The agent lists it again by itself.",
            transient: true
        );

    public static BackupException LeftOut(string ns, string filter) =>
        new(
            NamespaceLeftOut,
            $"'{ns}' is not backed up: the deployment's filter is {filter}.",
            "Change the filter ('backup namespaces RS'); what it then includes is copied by itself."
        );

    public static BackupException NothingBeside(string replicaSet) =>
        new(
            StillInitialSync,
            $"The initial sync of '{replicaSet}' is not done: it copies every collection.",
            "Wait until 'backup status' shows it tailing, or begin the whole sync again ('backup resync RS')."
        );

    public static BackupException Running(string syncId) =>
        new(
            SyncRunning,
            $"The replica set has a sync already ({syncId}).",
            "The agent asks for its assignment and goes on from there by itself.",
            transient: true
        );

    public static BackupException NoId(int ordinal) =>
        new(
            IdMissing,
            $"Document {ordinal} of the slice has no _id; nothing was stored.",
            "Collections of documents without _id cannot be backed up: give them an _id, or drop the collection."
        );

    public static BackupException RepeatedId() =>
        new(
            IdRepeated,
            "The slice begins with the document that the one before it ended with; nothing was stored.",
            "The agent asks for its position and goes on from there by itself.",
            transient: true
        );

    public static BackupException BadCertificate(string path, string what, Exception? inner = null) =>
        new(
            CertificateUnusable,
            $"The certificate file '{path}' cannot be used: {what}",
            "Put the file back from a copy. Without it: delete it, restart, and enrol all agents again, since they trust the old one.",
            inner: inner
        );

    public static BackupException Listen(string endpoint, Exception inner) =>
        new(
            CannotListen,
            $"The server cannot listen on {endpoint}: {inner.Message}",
            "Choose another port (--agents PORT), or stop the process that has it.",
            inner: inner
        );

    public static BackupException RangeDone(Guid collection) =>
        new(
            RangeOver,
            $"The collection {collection} was reported as wholly copied; no slice of it is taken any more.",
            "The agent asks for its position and goes on from there by itself.",
            transient: true
        );

    public static BackupException StillCopying(int left) =>
        new(
            NotAllDone,
            $"{left} collections are not wholly copied yet.",
            "The agent asks for its position and goes on from there by itself.",
            transient: true
        );
}
