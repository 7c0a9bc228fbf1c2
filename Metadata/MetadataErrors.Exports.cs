using Backup.Foundation.Errors;

namespace Backup.Metadata;

/// <content>Exports of the catalogue: 6330 to 6349.</content>
public static partial class MetadataErrors
{
    public const int ExportIsTorn = 6330;
    public const int ExportIsNewer = 6331;
    public const int NotAnExport = 6332;
    public const int ExportCannotBeRead = 6333;
    public const int ExportDoesNotFit = 6334;
    public const int CatalogueIsThere = 6335;
    public const int CatalogueIsInUse = 6336;
    public const int ImportWasBrokenOff = 6337;
    public const int ValueIsTooLong = 6338;

    private const string AnotherExport =
        "Take another export: one a day stands in the folder metadata-exports beside the blocks.";

    public static BackupException ExportTorn(string path, string where) =>
        new(
            ExportIsTorn,
            $"The export '{path}' is not as it was written: its {where} does not fit. It was cut short, or bytes of it changed.",
            $"Nothing was imported. {AnotherExport}"
        );

    public static BackupException ExportNewer(string path, string what, long version, long known) =>
        new(
            ExportIsNewer,
            $"The export '{path}' has version {version} of the {what}; this release knows {known}.",
            "Nothing was imported. Import it with the release that made it, or with a newer one."
        );

    public static BackupException NoExport(string path) =>
        new(
            NotAnExport,
            $"'{path}' is no export of the metadata.",
            "Name a file that 'backup metadata export' has written, or one of the folder metadata-exports beside the blocks."
        );

    public static BackupException ExportUnreadable(string path, Exception inner) =>
        new(
            ExportCannotBeRead,
            $"The export '{path}' cannot be read: {inner.Message}",
            $"Check the name and the rights of the file. {AnotherExport}",
            inner: inner
        );

    public static BackupException ExportUnfit(string path, string why, Exception? inner = null) =>
        new(
            ExportDoesNotFit,
            $"What the export '{path}' holds is no catalogue of its version: {why}",
            $"Nothing was imported. {AnotherExport}",
            inner: inner
        );

    public static BackupException CatalogueThere(string where) =>
        new(
            CatalogueIsThere,
            $"There is a catalogue already: {where}. Nothing was imported.",
            "An import puts another catalogue in its place. Where that is what you want: backup metadata import FILE --replace; what is there is kept aside."
        );

    public static BackupException CatalogueInUse(string where) =>
        new(
            CatalogueIsInUse,
            $"Other processes work on the catalogue {where}. Nothing was imported.",
            "Stop every process of the appliance that uses it, on every host, and import again."
        );

    public static BackupException ImportBrokenOff(string database) =>
        new(
            ImportWasBrokenOff,
            $"An import into the metadata database '{database}' is under way, or was broken off: what is there is not whole.",
            "Wait for it to end. Where nobody imports any more, run it again: backup metadata import FILE --replace; it begins anew."
        );

    public static BackupException ValueTooLong(string path, long bytes) =>
        new(
            ValueIsTooLong,
            $"A record of {bytes} bytes is more than the export '{path}' can hold.",
            "Nothing was exported. The list of collections of a copy under way may be that long: export again once it is built."
        );
}
