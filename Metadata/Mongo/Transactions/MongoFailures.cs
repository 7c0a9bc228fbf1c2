using Backup.Foundation.Errors;
using Backup.MongoWire;
using Backup.MongoWire.Client;

namespace Backup.Metadata.Mongo.Transactions;

/// <summary>The catalogue's errors of what the wire and the server say.</summary>
internal static class MongoFailures
{
    private const int IllegalOperation = 20;
    private const int DuplicateKey = 11000;
    private const int OutOfDiskSpace = 14031;

    /// <summary>Of the wire or the server.</summary>
    internal static bool IsForeign(BackupException failure) =>
        failure is CommandException
        || failure.Number is >= MongoWireErrors.SrvFailed and < MongoWireErrors.CommandFailed;

    /// <param name="database">Its name.</param>
    /// <param name="failure">One of the catalogue's own stays what it is.</param>
    internal static BackupException Translate(string database, BackupException failure) =>
        failure switch
        {
            CommandException { ServerCode: DuplicateKey } => MetadataErrors.Exists("record", failure),
            CommandException { ServerCode: OutOfDiskSpace } => FoundationErrors.NoSpace(database, failure),
            CommandException { ServerCode: ServerErrors.Unauthorized or ServerErrors.AuthenticationFailed } =>
                MetadataErrors.MongoDenied(database, failure),
            CommandException { ServerCode: IllegalOperation } => MetadataErrors.NoTransactions(database, failure),
            CommandException => MetadataErrors.MongoRefused(database, failure),
            { Number: MongoWireErrors.Standalone or MongoWireErrors.ServerTooOld } => MetadataErrors.NoTransactions(
                database,
                failure
            ),
            { Number: >= MongoWireErrors.SrvFailed and < MongoWireErrors.CommandFailed } =>
                MetadataErrors.MongoUnreachable(database, failure),
            _ => failure,
        };

    /// <summary>It was tried again and again for that long.</summary>
    internal static BackupException GivenUp(string database, TimeSpan time, BackupException last) =>
        last is CommandException { IsStateChange: false }
            ? MetadataErrors.Contended(database, time, last)
            : MetadataErrors.MongoUnreachable(database, last);
}
