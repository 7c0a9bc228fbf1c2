using Backup.Foundation.Errors;

namespace Backup.Metadata;

/// <content>Errors 6150 to 6199: policies, and what is kept.</content>
public static partial class MetadataErrors
{
    public const int UnknownZone = 6150;
    public const int LastSnapshot = 6151;
    public const int SnapshotRead = 6152;
    public const int SnapshotPinned = 6153;
    public const int PartOfCut = 6154;

    /// <param name="name">As it was asked for.</param>
    /// <param name="near">Names that are known.</param>
    public static BackupException Zone(string name, IReadOnlyList<string> near) =>
        new(
            UnknownZone,
            $"There is no time zone '{name}'.",
            near.Count > 0
                ? $"Did you mean {string.Join(" or ", near)}? Names are those of IANA, spelt as there."
                : "Names are those of IANA, for example Europe/Berlin, America/New_York or UTC; 'timedatectl list-timezones' lists them. The package tzdata has to be installed."
        )
        {
            Field = "zone",
        };

    public static BackupException Last(string id) =>
        new(
            LastSnapshot,
            $"'{id}' is the only snapshot that there is: without it nothing can be restored until the next one is taken.",
            "Take another one first, or say that it is meant (--force)."
        );

    public static BackupException BeingRead(string id) =>
        new(
            SnapshotRead,
            $"The snapshot '{id}' is being read: by a restore, a download, a verification, or somebody who is served from it.",
            "Wait until that has ended, or end it. After a crash of the reader it is over within three minutes.",
            transient: true
        );

    public static BackupException Pinned(string id) =>
        new(SnapshotPinned, $"The snapshot '{id}' is pinned.", $"Unpin it first: backup snapshot unpin {id}");

    public static BackupException Part(string id, string cutId) =>
        new(
            PartOfCut,
            $"The snapshot '{id}' is a part of the cluster snapshot '{cutId}', and stays and goes with it.",
            $"Name the cluster snapshot: {cutId}"
        );
}
