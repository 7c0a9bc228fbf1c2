using Backup.Foundation.Errors;

namespace Backup.Daemon;

/// <content>9160 to 9179: data files.</content>
public static partial class DaemonErrors
{
    public const int MongodSetting = 9160;
    public const int MongodUnusable = 9161;
    public const int MongodMissing = 9162;
    public const int DataFilesNoRoom = 9163;
    public const int MongodNotStarted = 9164;
    public const int MongodEnded = 9165;
    public const int MongodDiskFull = 9166;
    public const int MongodNotStopped = 9167;
    public const int SeedWrong = 9168;
    public const int DataFilesPlace = 9169;
    public const int DataFilesNoShell = 9170;
    public const int DataFilesNotLoaded = 9171;

    public static BackupException WrongMongodSetting(string given) =>
        new(
            MongodSetting,
            $"'{given}' names no mongod.",
            "Give VERSION=PATH, for example 4.2=/opt/mongodb/4.2/bin/mongod: the first two numbers of the version, each once; the variable BACKUP_MONGOD takes several with commas between them."
        );

    public static BackupException UnusableMongod(string family, string path, string why) =>
        new(
            MongodUnusable,
            $"The mongod of MongoDB {family}, '{path}', cannot be used: {why}",
            "Give the path of a mongod of that version (--mongod VERSION=PATH of 'backup up', or the variable BACKUP_MONGOD), or leave it out: only restores to data files need it."
        );

    public static BackupException NoMongod(string family, string source, IReadOnlyCollection<string> known) =>
        new(
            MongodMissing,
            $"The source is MongoDB {source}: its data files are written by a mongod of {family}, and none is known (known: {(known.Count == 0 ? "none" : string.Join(", ", known))}). Nothing was written.",
            $"Install MongoDB {family} on the appliance's host, and start 'backup up' with --mongod {family}=PATH or the variable BACKUP_MONGOD={family}=PATH; or restore in another form (--format archive) or straight into MongoDB (--to URI)."
        );

    public static BackupException NoRoomForDataFiles(string place, long needed, long free) =>
        new(
            DataFilesNoRoom,
            $"The data files are estimated at up to {needed / 1_000_000} MB, and '{place}' has {free / 1_000_000} MB free. Nothing was written.",
            "Give an --output FOLDER on a larger disk (a tar is built in the data folder first), or restore less with --namespace."
        );

    public static BackupException NotStarted(string mongod, string said) =>
        new(
            MongodNotStarted,
            $"'{mongod}' did not start: {said}",
            "See whether it runs by itself on an empty --dbpath; the appliance's log has the last lines of its log. Nothing was left behind."
        );

    public static BackupException MongodDied(string exit, string said) =>
        new(
            MongodEnded,
            $"The mongod that wrote the data files ended before they were whole ({exit}): {said}",
            "Nothing was left behind. See whether something killed it (memory, for example: the kernel's log tells); the appliance's log has the last lines of its log. Then start the restore again."
        );

    public static BackupException DiskFullOfDataFiles(string place) =>
        new(
            MongodDiskFull,
            $"The disk of '{place}' became full while mongod wrote the data files there.",
            "Nothing was left behind. Make room, give an --output FOLDER on a larger disk, or restore less with --namespace."
        );

    public static BackupException NotStopped(string how) =>
        new(
            MongodNotStopped,
            $"The mongod that wrote the data files did not shut down cleanly ({how}): they may not be whole, and were removed.",
            "Start the restore again; the appliance's log has the last lines of its log."
        );

    public static BackupException WrongSeed(string why) =>
        new(
            SeedWrong,
            $"The replica set to seed is not named rightly: {why}.",
            "Give --seed SET=HOST:PORT[,HOST:PORT…], the members as they reach each other, 50 at most; and --oplog-mb from 990 to 1048576."
        );

    public static BackupException NoPlace(string path, string why) =>
        new(
            DataFilesPlace,
            $"Data files cannot be written to '{path}': {why}",
            "mongod writes into the folder itself: its parent must be there and be writable for the appliance's user, the folder itself must not be there yet. --output FILE.tar and --output - are written by the command instead."
        );

    public static BackupException NotLoaded(BackupException cause) =>
        new(
            DataFilesNotLoaded,
            $"The mongod that writes the data files did not take the backup: {cause.Code} {cause.Message}",
            "Nothing was left behind. Another release of the same version may take it (the source's own, for example), as may a restore in another form (--format archive) or without that collection (--namespace).",
            cause.IsTransient,
            cause
        );

    public static BackupException NoShell(Exception inner) =>
        new(
            DataFilesNoShell,
            $"/bin/sh cannot be started: {inner.Message}",
            "mongod is kept by a shell that ends it should the appliance be killed: see that /bin/sh is there.",
            inner: inner
        );
}
