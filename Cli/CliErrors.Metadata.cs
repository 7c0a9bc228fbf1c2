using Backup.Foundation.Errors;

namespace Backup.Cli;

/// <content>9740 to 9749: exports and imports of the metadata.</content>
public static partial class CliErrors
{
    public const int BlocksOfAnotherCatalogue = 9740;
    public const int ExportFailed = 9741;
    public const int DestinationIsThere = 9742;

    public static BackupException AnotherCatalogue(string blocks, string exports) =>
        new(
            BlocksOfAnotherCatalogue,
            $"The catalogue is not the one that the blocks in '{blocks}' belong to: most likely the catalogue was lost, and another one was made.",
            $"Bring the catalogue back: backup metadata import FILE, with the newest file in '{exports}'. To begin anew with these blocks, which removes all that is stored with the next groom, remove the note of their catalogue first: the file 'catalogue' beside packs, the object 'appliance/catalogue' in MongoDB or S3."
        );

    public static BackupException NotExported(string folder, Exception inner) =>
        new(
            ExportFailed,
            $"The metadata could not be exported into '{folder}': {inner.Message}",
            "It is tried again every quarter of an hour. Check the disk's free space and the rights of the folder; 'backup metadata export' tries it at once.",
            transient: true,
            inner: inner
        );

    public static BackupException FileIsThere(string path) =>
        new(DestinationIsThere, $"'{path}' is there already.", "Choose another name, or remove the file first.");
}
