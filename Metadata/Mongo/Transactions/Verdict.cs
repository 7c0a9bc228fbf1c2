using Backup.Foundation.Errors;
using Backup.MongoWire;
using Backup.MongoWire.Client;

namespace Backup.Metadata.Mongo.Transactions;

/// <summary>What a failure of a transaction means. Source: the driver specification "transactions".</summary>
internal static class Verdict
{
    private const string Transient = "TransientTransactionError";
    private const string Unknown = "UnknownTransactionCommitResult";

    private const int LockTimeout = 24;
    private const int WriteConcernFailed = 64;
    private const int WriteConflict = 112;
    private const int SnapshotUnavailable = 246;
    private const int NoSuchTransaction = 251;

    /// <summary>Before a commit was sent: nothing of it is there, and the same again may go well.</summary>
    internal static bool IsWorthAnotherTry(BackupException failure) =>
        failure switch
        {
            CommandException refused => refused.Labels.Contains(Transient)
                || ServerErrors.IsTransient(refused.ServerCode)
                || refused.ServerCode is WriteConflict or LockTimeout or SnapshotUnavailable or NoSuchTransaction,
            // The client has waited for a server as long as it does.
            { Number: MongoWireErrors.NoSuitableServer } => false,
            { Number: >= MongoWireErrors.HostUnreachable and <= MongoWireErrors.ConnectionLost } => failure.IsTransient,
            _ => false,
        };

    /// <summary>After a commit was sent: whether it is there is not known until it is asked for again.</summary>
    internal static bool IsUnknown(BackupException failure) =>
        failure switch
        {
            CommandException refused => refused.Labels.Contains(Unknown)
                || ServerErrors.IsTransient(refused.ServerCode)
                || refused.ServerCode is ServerErrors.MaxTimeExpired or WriteConcernFailed,
            _ => failure.Number is >= MongoWireErrors.HostUnreachable and < MongoWireErrors.CommandFailed,
        };

    /// <summary>After a commit was sent: the server knows that nothing of it is there.</summary>
    internal static bool IsUndone(BackupException failure) =>
        failure is CommandException refused
        && (refused.Labels.Contains(Transient) || refused.ServerCode == NoSuchTransaction);
}
