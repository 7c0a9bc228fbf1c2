using Backup.Foundation.Errors;

namespace Backup.BackupHttpServer;

public static partial class BackupHttpServerErrors
{
    public const int LinkUnknown = 8060;
    public const int LinkExpired = 8061;
    public const int LinkRevoked = 8062;
    public const int LinkUsedUp = 8063;
    public const int LinkSourceGone = 8064;
    public const int RangeWrong = 8065;
    public const int DownloadChanged = 8066;
    public const int SumUnknown = 8067;
    public const int DownloadTooBusy = 8068;
    public const int DownloadStalled = 8069;
    public const int InstallersTooMany = 8070;
    public const int NothingToInstall = 8071;
    public const int DownloadPartUnsure = 8072;

    public static BackupException InstallersBusy() =>
        new(
            InstallersTooMany,
            "Several hosts fetch the agent at this moment.",
            "Run the same command again in a minute.",
            transient: true
        );

    public static BackupException NoInstaller(string why) =>
        new(
            NothingToInstall,
            $"There is no agent to install here: {why}.",
            "Install the package backup-agent, or copy the program from the appliance's host."
        );

    public static BackupException NoLink() =>
        new(
            LinkUnknown,
            "There is no such download link.",
            "Copy the whole link as it was shown when it was made; 'backup links list' shows which there are, 'backup links create' makes another."
        );

    public static BackupException Expired(DateTimeOffset at) =>
        new(
            LinkExpired,
            $"This download link expired at {at:yyyy-MM-dd HH:mm:ss}Z.",
            "Make another with 'backup links create', with a longer --expires if need be."
        );

    public static BackupException WasRevoked(DateTimeOffset at) =>
        new(
            LinkRevoked,
            $"This download link was revoked at {at:yyyy-MM-dd HH:mm:ss}Z.",
            "Make another with 'backup links create'."
        );

    public static BackupException UsedUp(int uses, bool isOpen) =>
        new(
            LinkUsedUp,
            isOpen
                ? $"This download link was good for {uses} download(s), all of which were begun; one that was cut can only be gone on with."
                : $"This download link was good for {uses} download(s), and they are done.",
            isOpen
                ? "Go on with the file that is there (curl -C -), or make another link: backup links create."
                : "Make another with 'backup links create'; --uses says how many downloads it is good for."
        );

    public static BackupException SourceGone(BackupException cause) =>
        new(
            LinkSourceGone,
            $"What this download link leads to is gone, or cannot be read: {cause.Code} {cause.Message}",
            cause.Hint,
            inner: cause
        );

    public static BackupException Range(string what) =>
        new(
            RangeWrong,
            $"The range that is asked for is not served: {what}.",
            "Ask for one range of bytes that begins before the end, for example with curl -C -; or for everything, without a range."
        );

    public static BackupException Changed() =>
        new(
            DownloadChanged,
            "What this link leads to has other bytes than when the download was begun (another release of the appliance, or a transaction that is decided by now).",
            "Remove the file and begin again; the use that was begun is given back."
        );

    /// <param name="tag">Of what the link leads to now, with its quotes.</param>
    public static BackupException PartUnsure(string tag) =>
        new(
            DownloadPartUnsure,
            "What this link leads to has become other bytes since it was made, and this request for a part does not say which of them it goes on with.",
            $"Remove the file and begin again; who has the start of what it leads to now goes on with the header If-Range: {tag} (curl -C - --header 'If-Range: {tag}')."
        );

    public static BackupException NoSum(string? trouble) =>
        new(
            SumUnknown,
            trouble is null
                ? "The sum of this download is not known yet."
                : $"The sum of this download cannot be found out: {trouble}",
            "It is there when all bytes were made once: in the background after the link was made (not with --no-checksum), or by a whole download. Ask again.",
            transient: true
        );

    public static BackupException DownloadsBusy(string why) =>
        new(
            DownloadTooBusy,
            $"No further download is let in now: {why}.",
            "Ask again in a moment; curl does by itself with --retry 20.",
            transient: true
        );

    public static BackupException Stalled(TimeSpan patience) =>
        new(
            DownloadStalled,
            $"The download took nothing for {patience.TotalSeconds:0} s and was cut off.",
            "Go on with it where it stopped: curl -C -.",
            transient: true
        );
}
