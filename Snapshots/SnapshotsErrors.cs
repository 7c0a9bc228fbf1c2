using Backup.Foundation;
using Backup.Foundation.Errors;

namespace Backup.Snapshots;

/// <summary>Errors 4000 to 4999.</summary>
public static class SnapshotsErrors
{
    public const int DocumentMissing = 4001;
    public const int DamagedBlock = 4002;
    public const int DamagedManifest = 4003;
    public const int NoId = 4004;
    public const int UnknownCollection = 4005;
    public const int NewerFormat = 4006;
    public const int OutOfOrder = 4007;
    public const int FolderNotEmpty = 4008;
    public const int RecordTooLarge = 4009;
    public const int ChunksUnfit = 4010;
    public const int NotConfigServers = 4011;
    public const int RenameImpossible = 4012;
    public const int FolderNameWrong = 4013;
    public const int SeriesNotAsLines = 4014;
    public const int SortFailed = 4015;

    public static BackupException Missing(string collection, string id, Optime at) =>
        new(
            DocumentMissing,
            $"The oplog entry at {at} updates a document that is not there: '{collection}', _id {id}.",
            "The backup of this collection is not whole: start a fresh initial sync ('backup resync RS'); earlier snapshots stay good."
        );

    public static BackupException Block(string what, string id, Exception? inner = null) =>
        new(
            DamagedBlock,
            $"Block {id} does not hold what it should: {what}.",
            "Verify the store; restore from another snapshot, and start a fresh initial sync ('backup resync RS') if the newest one is hit.",
            inner: inner
        );

    public static BackupException Manifest(string what, string id, Exception? inner = null) =>
        new(
            DamagedManifest,
            $"The manifest in block {id} cannot be read: {what}.",
            "Use another snapshot; verify the store.",
            inner: inner
        );

    public static BackupException Newer(string format, int version, int known) =>
        new(
            NewerFormat,
            $"A {format} of format version {version} was found; this program knows versions up to {known}.",
            "Upgrade this program to the version that wrote it, or a later one."
        );

    public static BackupException WithoutId() =>
        new(
            NoId,
            "A document without _id cannot be backed up.",
            "Exclude that collection, or copy it into one whose documents have an _id."
        );

    public static BackupException NotInCatalogue(Guid collection) =>
        new(
            UnknownCollection,
            $"An operation names collection {collection}, which the head's catalogue does not hold.",
            "The oplog before it is not whole: start a fresh initial sync ('backup resync RS')."
        );

    public static BackupException Order(string what) =>
        new(OutOfOrder, $"Records of a run must come in rising key order: {what}.", "Report this as a defect.");

    public static BackupException NotEmpty(string folder) =>
        new(FolderNotEmpty, $"The folder '{folder}' is not empty.", "Name an empty or new folder for the restore.");

    public static BackupException TooLarge(long length) =>
        new(
            RecordTooLarge,
            $"A record of {length} bytes is larger than a block can be.",
            "No MongoDB document is that large: the source sent damaged data; start a fresh initial sync ('backup resync RS')."
        );

    public static BackupException Chunks(string collection, string what) =>
        new(
            ChunksUnfit,
            $"The chunks of '{collection}' do not fit together at that moment: {what}.",
            "Restore another moment, or each shard by itself ('backup restore CLUSTER/SHARD …'); check the config servers of the source."
        );

    public static BackupException Rename(string why) =>
        new(
            RenameImpossible,
            $"What is restored cannot be renamed so: {why}.",
            "Give other names with --rename, or restore less with --namespace."
        );

    public static BackupException NoFolderName(string database) =>
        new(
            FolderNameWrong,
            $"The database '{database}' cannot be written as a folder: mongorestore takes the folder's name for the database's as it stands, and this is no name of both.",
            "Give it another name with --rename 'NAME.*=OTHER.*', leave it out with --namespace, or restore with --format archive."
        );

    public static BackupException SeriesAsLines(IReadOnlyCollection<string> namespaces) =>
        new(
            SeriesNotAsLines,
            $"Time series cannot be written as lines of JSON: {string.Join(", ", namespaces.Take(10).Select(static one => $"'{one}'"))}{(namespaces.Count > 10 ? $" and {namespaces.Count - 10} more" : "")}. A server keeps their measurements in buckets, compressed ones too, and the lines would hold those.",
            "Restore them with --format archive or directory, or into MongoDB with --to, and let mongoexport write the measurements; or name the other collections with --namespace."
        );

    public static BackupException Sort(string folder, Exception cause) =>
        new(
            SortFailed,
            $"The documents of a capped collection could not be sorted in '{folder}': {cause.Message}",
            "Make room on that disk, as much as the largest capped collection takes, or leave the collection out with --namespace.",
            transient: true,
            cause
        );

    public static BackupException NoConfigServers(string set, string collection) =>
        new(
            NotConfigServers,
            $"The replica set '{set}' has no 'config.{collection}' at that moment, as the config servers of a cluster have.",
            "Restore a moment when the cluster was set up; 'backup ranges CLUSTER' lists them."
        );
}
