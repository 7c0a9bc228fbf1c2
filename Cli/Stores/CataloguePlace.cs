using Backup.Cli.Appliance;
using Backup.Cli.Configuration;
using Backup.Metadata;
using Backup.Metadata.Exports;
using Backup.Metadata.Mongo;
using Backup.Metadata.Secrets;
using Backup.Metadata.Sqlite;
using Backup.MongoWire.Uri;

namespace Backup.Cli.Stores;

/// <summary>Where the catalogue of everything is: in the data folder, or in a MongoDB that several processes share.</summary>
internal sealed class CataloguePlace
{
    private const string DefaultDatabase = "backup";

    private readonly string? _uri;

    private CataloguePlace(string? uri, string? where, string? database)
    {
        _uri = uri;
        (Where, Database) = (where, database ?? DefaultDatabase);
    }

    /// <summary>Several processes work on it.</summary>
    internal bool IsShared => _uri is not null;

    /// <summary>For people, without the password; null: in the data folder.</summary>
    internal string? Where { get; }

    private string Database { get; }

    /// <exception cref="Foundation.Errors.BackupException">2100, 2101 of the connection string, 9673 of its file, 9751 there are several.</exception>
    internal static CataloguePlace Read(ApplianceConfiguration configuration)
    {
        IReadOnlyList<string> all =
        [
            .. configuration.List(Settings.Metadata),
            .. configuration.Text(Settings.MetadataFile) is { } path ? SecretLines.Read(path) : [],
        ];
        if (all.Count > 1)
        {
            throw CliErrors.OneCatalogueOnly(all.Count);
        }

        if (all.Count == 0)
        {
            return new CataloguePlace(null, null, null);
        }

        var parsed = ConnectionString.Parse(all[0]);
        return new CataloguePlace(all[0], parsed.Redacted, parsed.Database);
    }

    /// <summary>Puts an imported catalogue into the place of this one.</summary>
    /// <param name="folder">Held; of this process.</param>
    /// <param name="import">The catalogue.</param>
    /// <param name="replace">Also where there is one that is not empty.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up; what is in MongoDB may not be whole then.</param>
    /// <returns>Where what was there before is; null where nothing was, or where that is known already.</returns>
    /// <exception cref="Foundation.Errors.BackupException">6335 to 6337.</exception>
    internal async Task<string?> ImportAsync(
        DataFolder folder,
        StagedImport import,
        bool replace,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        if (_uri is null)
        {
            return await import.InstallAsync(folder.Metadata, replace, cancellation);
        }

        var options = new MongoMetadataOptions { Time = time };
        await MongoMetadataStore.ImportAsync(_uri, Database, import, replace, options, cancellation);
        return null;
    }

    /// <summary>Whether there may be a catalogue to open: one in MongoDB is made by opening it.</summary>
    internal bool MayBeThere(DataFolder folder) => IsShared || File.Exists(folder.Metadata);

    /// <param name="folder">Of this process.</param>
    /// <param name="uris">Seals and opens URIs of deployments; where it is not locked, all of a file that are not sealed yet are sealed at once.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    internal async Task<IMetadataStore> OpenAsync(
        DataFolder folder,
        UriSeal uris,
        TimeProvider time,
        CancellationToken cancellation
    ) =>
        _uri is null
            ? await SqliteMetadataStore.OpenAsync(folder.Metadata, time, uris, cancellation)
            : await MongoMetadataStore.OpenAsync(
                _uri,
                Database,
                new MongoMetadataOptions { Time = time, Uris = uris },
                cancellation
            );
}
