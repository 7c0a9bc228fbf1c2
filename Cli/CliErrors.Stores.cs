using Backup.Foundation.Errors;

namespace Backup.Cli;

/// <content>9750 to 9769: stores, and several processes on them.</content>
public static partial class CliErrors
{
    public const int StoreAddressWrong = 9750;
    public const int SeveralCatalogues = 9751;
    public const int CatalogueNotShared = 9752;
    public const int StoreNotShared = 9753;
    public const int OtherIdentity = 9754;
    public const int IdentityMissing = 9755;

    /// <param name="name">Of the store.</param>
    /// <param name="why">Without its address, which may hold a password.</param>
    public static BackupException StoreAddress(string name, string why) =>
        new(
            StoreAddressWrong,
            $"The store '{name}' of the configuration cannot be used: {why}.",
            "Write NAME: packs, NAME: packs:/FOLDER, NAME: mongodb://…/DATABASE or NAME: s3://BUCKET/PREFIX?endpoint=URL (in a file: NAME=ADDRESS, one a line)."
        );

    public static BackupException OneCatalogueOnly(int found) =>
        new(
            SeveralCatalogues,
            $"The configuration names {found} catalogues.",
            "Keep one connection string, under 'metadata' or in the file of 'metadata_file'."
        );

    /// <param name="what">The command.</param>
    public static BackupException NeedsSharedCatalogue(string what) =>
        new(
            CatalogueNotShared,
            $"'{what}' shares its catalogue with other processes, and the configuration names none on MongoDB.",
            "Set 'metadata' (or 'metadata_file') to the connection string of a replica set; everything in one process is 'backup up'."
        );

    /// <param name="store">Its name.</param>
    /// <param name="where">Its folder.</param>
    public static BackupException NeedsSharedStore(string store, string where) =>
        new(
            StoreNotShared,
            $"The store '{store}' in '{where}' belongs to one process, and several are to work on this catalogue.",
            "Set 'stores' (or 'stores_file') to stores on MongoDB or S3; with packs in a folder everything is one process: 'backup up' and no 'metadata'."
        );

    /// <param name="what">Which part of the identity.</param>
    /// <param name="path">Its file.</param>
    public static BackupException IdentityDiffers(string what, string path) =>
        new(
            OtherIdentity,
            $"'{path}' is {what} of another appliance than the one whose catalogue this is.",
            "Stop, and put the folders 'tls' and 'secrets' of a server that works on this catalogue in the place of those in this data folder: agents, links and stored passwords belong to them."
        );

    /// <param name="what">Which part of the identity.</param>
    /// <param name="path">Where its file should be.</param>
    public static BackupException NoIdentity(string what, string path) =>
        new(
            IdentityMissing,
            $"The catalogue belongs to an appliance that has {what} already, and '{path}' is not there.",
            "Copy the folders 'tls' and 'secrets' from the data folder of another server of this appliance, or from a backup of it, and start again."
        );
}
