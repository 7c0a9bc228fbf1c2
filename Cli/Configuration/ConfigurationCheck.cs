using Backup.Cli.Stores;
using Backup.Cli.Telemetry;
using Backup.Foundation.Errors;

namespace Backup.Cli.Configuration;

/// <summary>What only shows when the files that a configuration names are opened.</summary>
internal static class ConfigurationCheck
{
    /// <summary>Everything that is wrong with them; one after the other, so that one mistake hides no other.</summary>
    internal static IEnumerable<BackupException> OfFiles(ApplianceConfiguration configuration)
    {
        Action[] looks =
        [
            () => ProtectList.Read(configuration),
            () => CataloguePlace.Read(configuration),
            () => StorePlaces.Read(configuration, "blocks", "slices"),
            () => KeyFile(configuration),
            () => OtlpOptions.Read(configuration),
        ];
        foreach (var look in looks)
        {
            if (MistakeOf(look) is { } mistake)
            {
                yield return mistake;
            }
        }
    }

    /// <summary>That it is there; whether it is the one that fits, only the catalogue knows.</summary>
    private static void KeyFile(ApplianceConfiguration configuration)
    {
        if (configuration.Text(Settings.EncryptionKeyFile) is { } path && !File.Exists(path))
        {
            throw CliErrors.NamedFileMissing(Settings.EncryptionKeyFile, path);
        }
    }

    private static BackupException? MistakeOf(Action look)
    {
        try
        {
            look();
            return null;
        }
        catch (BackupException mistake)
        {
            return mistake;
        }
    }
}
