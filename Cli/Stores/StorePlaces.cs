using Backup.Cli.Appliance;
using Backup.Cli.Configuration;
using Backup.MongoWire.Uri;

namespace Backup.Cli.Stores;

/// <summary>The stores that the configuration names.</summary>
internal static class StorePlaces
{
    private const int LongestName = 40;

    /// <summary>One: that which is named, else packs in the data folder.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2100, 2101 of a connection string, 9673 of the file, 9750 of any other part.</exception>
    internal static IReadOnlyList<StorePlace> Read(ApplianceConfiguration configuration, DataFolder folder)
    {
        List<StorePlace> places =
        [
            .. configuration.List(Settings.Stores).Select(one => Read(one, folder)),
            .. configuration.Text(Settings.StoresFile) is { } path
                ? SecretLines.Read(path).Select(one => Read(one, folder))
                : [],
        ];
        // Nobody is to believe that something is kept in a store that nothing is ever written to.
        return places.Count > 1
                ? throw CliErrors.StoreAddress(places[1].Name, "one store is used, and another stands before it")
            : places.Count == 1 ? places
            : [new PackPlace(StorePlace.EmbeddedName, folder.Blocks, folder.Slices)];
    }

    private static StorePlace Read(string text, DataFolder folder)
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
            "packs" => new PackPlace(name, folder.Blocks, folder.Slices),
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
