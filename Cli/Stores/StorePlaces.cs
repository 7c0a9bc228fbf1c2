using Backup.Cli.Appliance;
using Backup.Cli.Configuration;
using Backup.MongoWire.Uri;

namespace Backup.Cli.Stores;

/// <summary>The stores that the configuration names.</summary>
internal static class StorePlaces
{
    private const int LongestName = 40;

    /// <summary>Those that are named, the default one first; else packs in the data folder. Each has another name.</summary>
    /// <exception cref="Foundation.Errors.BackupException">
    /// 2100, 2101 of a connection string, 9673 of the file, 9702 of the default store, 9703 and 9704 of tags, 9750 of any other part.
    /// </exception>
    internal static IReadOnlyList<StorePlace> Read(ApplianceConfiguration configuration, DataFolder folder) =>
        Read(configuration, folder.Blocks, folder.Slices);

    /// <inheritdoc cref="Read(ApplianceConfiguration, DataFolder)"/>
    /// <param name="configuration">The file and the environment.</param>
    /// <param name="blocks">The folder of packs in the data folder.</param>
    /// <param name="slices">The folder of slices there.</param>
    internal static IReadOnlyList<StorePlace> Read(ApplianceConfiguration configuration, string blocks, string slices)
    {
        List<StorePlace> places =
        [
            .. configuration.List(Settings.Stores).Select(one => Read(one, blocks, slices)),
            .. configuration.Text(Settings.StoresFile) is { } path
                ? SecretLines.Read(path).Select(one => Read(one, blocks, slices))
                : [],
        ];
        if (places.Count == 0)
        {
            places.Add(new PackPlace(StorePlace.EmbeddedName, blocks, slices));
        }

        if (places.GroupBy(static one => one.Name).FirstOrDefault(static same => same.Count() > 1) is { } twice)
        {
            throw CliErrors.StoreAddress(twice.Key, "another one has the same name");
        }

        return StoreTagLines.Apply(configuration, InOrder(configuration, places));
    }

    /// <summary>The default one first.</summary>
    private static IReadOnlyList<StorePlace> InOrder(ApplianceConfiguration configuration, List<StorePlace> places)
    {
        if (configuration.Text(Settings.DefaultStore) is not { } name)
        {
            return places;
        }

        var first =
            places.Find(one => one.Name == name)
            ?? throw CliErrors.NoDefaultStore(name, places.Select(static one => $"'{one.Name}'"));
        return [first, .. places.Where(one => one != first)];
    }

    /// <summary>Where exports of the metadata are put: beside the packs where there are any, so that what is lost with one disk is not both.</summary>
    internal static string Exports(IReadOnlyList<StorePlace> places, DataFolder folder) =>
        Path.Combine(
            places.Select(static one => one.Folder).FirstOrDefault(static one => one is not null) ?? folder.Root,
            MetadataExports.FolderName
        );

    private static StorePlace Read(string text, string blocks, string slices)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? "" : text[..equals].Trim();
        if (
            name.Length is 0 or > LongestName
            || !name.All(static one => char.IsAsciiLetterOrDigit(one) || one is '-' or '_' or '.')
        )
        {
            throw CliErrors.StoreAddress(
                name,
                "before its address stands a name of letters, digits, '-', '_' and '.', at most 40 of them"
            );
        }

        var address = text[(equals + 1)..].Trim();
        return address switch
        {
            "packs" => new PackPlace(name, blocks, slices),
            _ when address.StartsWith("packs:/", StringComparison.Ordinal) => Packs(name, address["packs:".Length..]),
            _ when address.StartsWith("mongodb", StringComparison.Ordinal) => new MongoPlace(
                name,
                ConnectionString.Parse(address)
            ),
            _ when address.StartsWith("s3://", StringComparison.Ordinal) => S3Place.Read(name, address),
            _ => throw CliErrors.StoreAddress(name, "its address is of no kind that is known"),
        };
    }

    private static PackPlace Packs(string name, string folder) =>
        new(name, Path.Combine(folder, "blocks"), Path.Combine(folder, "slices"));
}
