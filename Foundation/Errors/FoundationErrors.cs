namespace Backup.Foundation.Errors;

/// <summary>Errors 1000 to 1999.</summary>
public static class FoundationErrors
{
    public const int ZstdMissing = 1001;
    public const int ZstdFailed = 1002;
    public const int DiskFull = 1003;
    public const int WriteFailed = 1004;
    public const int BadPattern = 1005;
    public const int BadSecretKey = 1006;
    public const int NotUnsealed = 1007;
    public const int BadRename = 1008;
    public const int MasterKeyUnusable = 1020;
    public const int MasterKeyOpen = 1021;

    public static BackupException NoZstd(Exception inner) =>
        new(
            ZstdMissing,
            "The compression library libzstd.so.1 cannot be loaded.",
            "Install it: 'apt-get install libzstd1' (Debian, Ubuntu) or 'dnf install libzstd' (RHEL, Fedora).",
            inner: inner
        );

    public static BackupException Zstd(string what) =>
        new(ZstdFailed, $"zstd: {what}.", "The data is damaged or is no zstd frame; fetch or send it again.");

    public static BackupException NoSpace(string path, Exception inner) =>
        new(
            DiskFull,
            $"No space left on the disk that holds '{path}'.",
            "Free space or move the data folder to a larger disk; work goes on by itself once there is room.",
            transient: true,
            inner: inner
        );

    public static BackupException CannotWrite(string path, Exception inner) =>
        new(
            WriteFailed,
            $"Writing '{path}' failed: {inner.Message}",
            "Check the folder's owner and permissions and the health of the disk.",
            transient: true,
            inner: inner
        );

    public static BackupException Rename(string text) =>
        new(
            BadRename,
            $"'{text}' does not say what is called otherwise.",
            "Write FROM=TO: shop.orders=shop.orders_old, shop.*=shop2.*, or prod_*=test_*; both sides name one namespace, or both end with a star."
        );

    public static BackupException Pattern(string text) =>
        new(
            BadPattern,
            $"'{text}' names no namespaces.",
            "Write db or db.* (a database), db.coll (a collection), or db.prefix* (those that begin so); a star stands at the end only."
        );

    public static BackupException SecretKey(string path, string why, Exception? inner = null) =>
        new(
            BadSecretKey,
            $"The key for stored secrets in '{path}' cannot be used: {why}.",
            "Put the file back from a copy of the data folder. Without it the stored secrets are lost: move it away, start again, and make SSH keys and targets anew.",
            inner: inner
        );

    /// <param name="source">Where it is kept; nothing of the key.</param>
    /// <param name="why">Without a dot.</param>
    public static BackupException MasterKey(string source, string why, Exception? inner = null) =>
        new(
            MasterKeyUnusable,
            $"The master key ({source}) cannot be used: {why}.",
            "Give 32 random bytes or 64 hexadecimal digits, 'openssl rand -hex 32' for example; the same ones each time. Nothing was changed.",
            inner: inner
        );

    public static BackupException OpenMasterKey(string path) =>
        new(
            MasterKeyOpen,
            $"Others than its owner may read or change the master key in '{path}'.",
            "Take that from them: chmod 600, and make it the appliance's own. If somebody may have read it, rotate it: 'backup store keys rotate-master'."
        );

    public static BackupException Sealed(string purpose, string why, Exception? inner = null) =>
        new(
            NotUnsealed,
            $"The stored secret ({purpose}) cannot be opened: {why}.",
            "Put the key file of the data folder (secrets/box.key) back as it was, or remove what the secret belongs to and make it anew.",
            inner: inner
        );
}
