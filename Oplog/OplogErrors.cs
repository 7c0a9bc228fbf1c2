using Backup.Foundation;
using Backup.Foundation.Errors;

namespace Backup.Oplog;

/// <summary>Errors 3000 to 3999.</summary>
public static class OplogErrors
{
    public const int MalformedEntry = 3001;
    public const int UnknownCommand = 3002;
    public const int MalformedUpdate = 3003;
    public const int TooDeep = 3004;
    public const int ArrayTooLong = 3005;
    public const int UnknownCollection = 3006;
    public const int TransactionIncomplete = 3007;
    public const int OutOfOrder = 3008;
    public const int DocumentMissing = 3009;
    public const int MalformedCatalogue = 3010;
    public const int SpillDamaged = 3011;

    private const string Resync =
        "The head stays at the entry before it and the oplog is kept. Start a fresh initial sync ('backup resync RS'); if it happens again, report it.";

    public static BackupException Entry(Optime at, string what) =>
        new(MalformedEntry, $"Oplog entry {at}: {what}.", Resync);

    public static BackupException Command(Optime at, string command, string ns) =>
        new(
            UnknownCommand,
            $"Oplog entry {at} in '{ns}' holds the command '{command}', which this version does not know.",
            "The head stays at the entry before it and the oplog is kept. Update this product to a version that supports the source's MongoDB version; the head then goes on by itself."
        );

    public static BackupException Update(string what) =>
        new(MalformedUpdate, $"A partial update is malformed: {what}.", Resync);

    public static BackupException Deep(int limit) =>
        new(TooDeep, $"A partial update is nested deeper than {limit} levels.", Resync);

    public static BackupException LongArray(long length, int limit) =>
        new(
            ArrayTooLong,
            $"A partial update makes an array of {length} elements; a document holds no more than {limit}.",
            Resync
        );

    public static BackupException Collection(Optime at, string ns, Guid? uuid) =>
        new(
            UnknownCollection,
            $"Oplog entry {at} changes a document of '{ns}' ({uuid?.ToString() ?? "no UUID"}), a collection that the head does not know.",
            Resync
        );

    public static BackupException Incomplete(Optime at, string what) =>
        new(TransactionIncomplete, $"Oplog entry {at}: {what}.", Resync);

    public static BackupException Order(Optime at, Optime position) =>
        new(
            OutOfOrder,
            $"Oplog entry {at} comes after {position} was applied.",
            "The entries must come in the order of their timestamps: read the slices again from the head's checkpoint."
        );

    public static BackupException Missing(Optime at, string ns) =>
        new(
            DocumentMissing,
            $"Oplog entry {at} changes a document of '{ns}' that the head does not hold.",
            "The head is damaged at that document: verify the newest snapshots and start a fresh initial sync ('backup resync RS')."
        );

    public static BackupException Catalogue(string what) =>
        new(MalformedCatalogue, $"A catalogue is malformed: {what}.", "Verify the snapshot; use the one before it.");

    public static BackupException Spill(string path, string what) =>
        new(
            SpillDamaged,
            $"The transaction spill file '{path}' {what}.",
            "Check the disk; restarting the daemon rebuilds the file from stored slices.",
            transient: true
        );
}
