using Backup.Foundation.Errors;

namespace Backup.Blockstore;

/// <summary>Errors 5000 to 5999.</summary>
public static partial class BlockstoreErrors
{
    public const int BlockMissing = 5001;
    public const int BlockDamaged = 5002;
    public const int ObjectMissing = 5003;
    public const int StoreInUse = 5004;
    public const int WritesStopped = 5005;
    public const int BlockLength = 5006;
    public const int ObjectName = 5007;
    public const int NewerFormat = 5008;
    public const int EncodingWrong = 5009;
    public const int FolderUnusable = 5010;
    public const int ObjectUnreadable = 5011;
    public const int ObjectUnwritable = 5012;
    public const int GroomBlind = 5013;
    public const int GroomUnderWay = 5014;
    public const int PackCannotBeRead = 5080;

    public static BackupException NoBlock(BlockId id) =>
        new(
            BlockMissing,
            $"The block store holds no block {id}.",
            "Check that the whole data folder is there; 'backup store check' names the snapshots that are hit."
        );

    /// <param name="where">Pack and offset.</param>
    /// <param name="what">What does not fit.</param>
    public static BackupException Damaged(BlockId id, string where, string what, Exception? inner = null) =>
        new(
            BlockDamaged,
            $"Block {id} is damaged: {what} ({where}).",
            "Check the disk; restore this pack file from a copy. 'backup store check' names the snapshots that are hit; the block is written anew when its content comes again.",
            inner: inner
        );

    public static BackupException PackUnreadable(string folder, Exception inner) =>
        new(
            PackCannotBeRead,
            $"The packs in '{folder}' cannot all be read: {inner.Message}",
            "Look after the disk (its cables, dmesg, SMART). Move a pack that it does not give back out of the folder 'packs', and do it again: its blocks are written anew as their content comes again.",
            inner: inner
        );

    public static BackupException NoObject(string name) =>
        new(ObjectMissing, $"There is no object '{name}'.", "It was removed or never stored; send it again.");

    public static BackupException InUse(string folder, Exception inner) =>
        new(
            StoreInUse,
            $"The block store in '{folder}' is in use by another process.",
            "Stop the other 'backup up' or 'backup daemon' that uses this folder, or choose another data folder.",
            inner: inner
        );

    public static BackupException Stopped(string folder, Exception cause) =>
        new(
            WritesStopped,
            $"The block store in '{folder}' takes no more blocks since a write failed: {cause.Message}",
            "Remove the cause (disk full, bad disk, permissions): it is opened again by itself; everything that was durable is unharmed.",
            transient: true,
            inner: cause
        );

    public static BackupException BadLength(int length) =>
        new(
            BlockLength,
            $"A block has 1 to {IBlockStore.MaxRawLength} bytes, not {length}.",
            "Report this as a defect: blocks are cut before they are stored."
        );

    public static BackupException BadName(string name) =>
        new(
            ObjectName,
            $"'{name}' is no object name.",
            "Names are parts of letters, digits, '-', '_' and '.', joined by '/'; no part begins with a dot."
        );

    public static BackupException NameTaken(string name) =>
        new(
            ObjectName,
            $"'{name}' cannot be both an object and the prefix of another.",
            "Delete the one that is there first, or choose another name."
        );

    public static BackupException Newer(string path, int version, int known) =>
        new(
            NewerFormat,
            $"'{path}' has format version {version}; this program reads up to {known}.",
            "Use the newer release that wrote it."
        );

    public static BackupException Miscoded(BlockId id) =>
        new(
            EncodingWrong,
            $"Block {id} does not decode to what was encoded; nothing was stored.",
            "Check this machine's memory and processor; the same work is tried again after a restart."
        );

    public static BackupException Unusable(string folder, Exception inner) =>
        new(
            FolderUnusable,
            $"The folder '{folder}' cannot be used: {inner.Message}",
            "Check the folder's owner and permissions and that its disk is mounted.",
            inner: inner
        );

    public static BackupException Unreadable(string name, Exception inner) =>
        new(
            ObjectUnreadable,
            $"The object '{name}' cannot be read: {inner.Message}",
            "Check the folder's owner and permissions and the health of the disk.",
            inner: inner
        );

    public static BackupException Unwritable(string name, Exception inner) =>
        new(
            ObjectUnwritable,
            $"The object '{name}' cannot be written or removed: {inner.Message}",
            "Check the folder's owner and permissions and that its disk is mounted.",
            inner: inner
        );

    /// <param name="names">What refers to what cannot be read, each with why; the first few.</param>
    /// <param name="count">How many there are.</param>
    public static BackupException Blind(IReadOnlyList<string> names, int count, Exception inner) =>
        new(
            GroomBlind,
            $"Nothing was removed: what {count} of the things that refer to blocks need is not known. {string.Join(" ", names)}",
            "Verify these snapshots; heal the store or delete those that are damaged, and groom again.",
            inner: inner
        );

    public static BackupException Grooming(string folder) =>
        new(
            GroomUnderWay,
            $"The block store in '{folder}' is being groomed already.",
            "Wait for that, or cancel it.",
            transient: true
        );
}
