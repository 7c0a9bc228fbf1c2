using Backup.Foundation.Errors;

namespace Backup.Metadata;

/// <content>Sealed URIs of deployments: 6345 to 6349.</content>
public static partial class MetadataErrors
{
    public const int UriIsNotOpened = 6345;
    public const int UriKeyMissing = 6346;
    public const int UpgradeIsNotFinished = 6347;
    public const int UriIsTaken = 6348;

    public static BackupException UriNotOpened(string deployment, string why, Exception inner) =>
        new(
            UriIsNotOpened,
            $"The URI of the deployment '{deployment}' cannot be opened, so nothing of it is backed up: {why}",
            "Put the key file of the data folder (secrets/box.key) back from a copy and start the appliance again; or give the URI anew: 'backup deployments set-uri'. Nothing else waits for it.",
            inner: inner
        );

    public static BackupException NoUriKey(string deployment) =>
        new(
            UriKeyMissing,
            $"The URI of the deployment '{deployment}' is sealed, and this process has not the key.",
            "Ask a running appliance or server. One that was stopped needs the folder 'secrets' that its catalogue's servers have."
        );

    public static BackupException UpgradeNotFinished() =>
        new(
            UpgradeIsNotFinished,
            "The catalogue is still one that the release before understands, so URIs of deployments stand in it unsealed.",
            "Once every server and daemon runs this release: 'backup metadata finish-upgrade'."
        );

    public static BackupException UriTaken(string name) =>
        new(
            UriIsTaken,
            $"The deployment '{name}' of the same group has that URI already.",
            "One URI is protected once in a group. Nothing was changed."
        );
}
