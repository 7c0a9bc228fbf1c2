using Backup.Cli.Appliance;
using Backup.Cli.Configuration;
using Backup.Metadata;
using Backup.Metadata.Mongo;
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

    internal async Task<IMetadataStore> OpenAsync(
        DataFolder folder,
        TimeProvider time,
        CancellationToken cancellation
    ) =>
        _uri is null
            ? await SqliteMetadataStore.OpenAsync(folder.Metadata, time, cancellation)
            : await MongoMetadataStore.OpenAsync(
                _uri,
                Database,
                new MongoMetadataOptions { Time = time },
                cancellation
            );
}
