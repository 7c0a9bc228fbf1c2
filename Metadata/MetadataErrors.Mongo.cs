using Backup.Foundation.Errors;

namespace Backup.Metadata;

/// <content>Errors 6300 to 6349: the catalogue on MongoDB.</content>
public static partial class MetadataErrors
{
    public const int MongoIsUnreachable = 6300;
    public const int MongoDeniesAccess = 6301;
    public const int MongoRefuses = 6302;
    public const int CommitUnknown = 6303;
    public const int WritesCollide = 6304;
    public const int MongoWithoutTransactions = 6305;
    public const int MigrationIsHeld = 6306;
    public const int WrongDatabaseName = 6307;

    public static BackupException MongoUnreachable(string database, Exception inner) =>
        new(
            MongoIsUnreachable,
            $"The metadata database '{database}' cannot be asked: {inner.Message}",
            "Nothing was changed, and it is tried again. Look at rs.status() of the replica set that holds the metadata: it needs a primary that a majority of its members follows.",
            transient: true,
            inner: inner
        );

    public static BackupException MongoDenied(string database, Exception inner) =>
        new(
            MongoDeniesAccess,
            $"The metadata database '{database}' is closed to this user: {inner.Message}",
            $"Check user, password and authSource of the connection string, and grant the user the built-in role readWrite on '{database}'.",
            inner: inner
        );

    public static BackupException MongoRefused(string database, Exception inner) =>
        new(
            MongoRefuses,
            $"The metadata database '{database}' refused: {inner.Message}",
            "Nothing was changed. See the server's log at this moment.",
            inner: inner
        );

    public static BackupException OutcomeUnknown(string database, Exception inner) =>
        new(
            CommitUnknown,
            $"Whether the last change of the metadata database '{database}' is stored could not be found out: {inner.Message}",
            "It is there as a whole or not at all. Bring a majority of the replica set's members back, look at what is stored, and do it again where it is not.",
            transient: true,
            inner: inner
        );

    public static BackupException Contended(string database, TimeSpan time, Exception inner) =>
        new(
            WritesCollide,
            $"Others changed the same records of the metadata database '{database}' again and again for {time.TotalSeconds:0} s: {inner.Message}",
            "Nothing was changed, and it is tried again. If it stays so, look at the load of the replica set that holds the metadata.",
            transient: true,
            inner: inner
        );

    public static BackupException NoTransactions(string database, Exception inner) =>
        new(
            MongoWithoutTransactions,
            $"The server of the metadata database '{database}' has no transactions: {inner.Message}",
            "Use a replica set of MongoDB 4.2 or later, of one member at least: start mongod with --replSet and run rs.initiate() once.",
            inner: inner
        );

    public static BackupException MigrationHeld(string database) =>
        new(
            MigrationIsHeld,
            $"Another process brings the metadata database '{database}' up to date, or took that over.",
            "Wait until it has ended, and start this one again.",
            transient: true
        );

    public static BackupException DatabaseName(string name) =>
        new(
            WrongDatabaseName,
            $"'{name}' is no name for the metadata database.",
            "Choose one of 1 to 63 letters, digits, '_' and '-', other than admin, config and local: backup, for example."
        );

    /// <summary>Number 6006, as of a file.</summary>
    public static BackupException ForeignMongo(string database) =>
        new(
            ForeignDatabase,
            $"The database '{database}' is not one of this product, or its own documents are gone.",
            "Choose another name for the metadata database; collections of somebody else are not touched."
        );
}
