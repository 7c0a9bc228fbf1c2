using Backup.Foundation.Errors;

namespace Backup.Daemon;

public static partial class DaemonErrors
{
    public const int NotAnId = 9150;
    public const int DocumentsMissing = 9151;
    public const int CappedHistory = 9152;
    public const int DocumentOnSeveralShards = 9180;

    public static BackupException NoId(string text, string why) =>
        new(
            NotAnId,
            $"'{(text.Length > 100 ? text[..100] + "…" : text)}' cannot be an _id: {why}.",
            "Write it as extended JSON, for example 17, '\"text\"', '{\"$oid\": \"5f0c…\"}', or plainly as text or ObjectId."
        );

    public static BackupException NoDocuments(string ns, string why) =>
        new(
            DocumentsMissing,
            $"The documents of '{ns}' are not in the backup at that moment: {why}.",
            "'backup ranges' shows from when to when, and which moments have them."
        );

    public static BackupException SeveralDocuments(string ns, string id, string one, string other) =>
        new(
            DocumentOnSeveralShards,
            $"'{ns}' has several documents with the _id {id}: on {one} and on {other}. That can be where _id is not the shard key.",
            "Name the shard: backup get CLUSTER/SHARD …, backup history CLUSTER/SHARD …."
        );

    public static BackupException HistoryOfCapped(string ns) =>
        new(
            CappedHistory,
            $"'{ns}' is a capped collection: which of its documents go, and when, is not written down one by one.",
            "Look at single moments: backup get … --time."
        );
}
