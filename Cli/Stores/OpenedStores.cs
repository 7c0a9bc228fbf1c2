using Backup.Blockstore;
using Backup.Blockstore.Shared;
using Backup.Cli.Appliance;
using Backup.Cli.Configuration;
using Backup.Daemon.Grooming;
using Backup.Metadata;
using Microsoft.Extensions.Logging;

namespace Backup.Cli.Stores;

/// <summary>What every process of an appliance works on: the catalogue, the keys, the slices; and where the blocks are.</summary>
internal sealed class OpenedStores : IAsyncDisposable
{
    private readonly OpenSlices _slices;

    private OpenedStores(
        CataloguePlace catalogue,
        IMetadataStore metadata,
        Encryption encryption,
        IReadOnlyList<StorePlace> places,
        OpenSlices slices,
        TimeProvider time,
        ILoggerFactory loggers
    )
    {
        (Catalogue, Metadata, Encryption, Places, _slices) = (catalogue, metadata, encryption, places, slices);
        (Time, Loggers) = (time, loggers);
        Objects = encryption.Seal(slices.Store);
    }

    internal CataloguePlace Catalogue { get; }

    internal IMetadataStore Metadata { get; }

    internal Encryption Encryption { get; }

    /// <summary>Of blocks and slices; at least one, the first is where groups are that were assigned to none.</summary>
    internal IReadOnlyList<StorePlace> Places { get; }

    /// <summary>Slices, sealed for the group that they are of.</summary>
    internal IObjectStore Objects { get; }

    /// <summary>Null where nobody else works on the block stores.</summary>
    internal IPublicationFence? Fence => Places.Any(static one => one.IsShared) ? new PublicationFence(Metadata) : null;

    internal TimeProvider Time { get; }

    internal ILoggerFactory Loggers { get; }

    /// <summary>On failure everything that was opened is closed again.</summary>
    /// <param name="folder">Of this process.</param>
    /// <param name="key">Of the folder: unlocked here where the catalogue belongs to it alone.</param>
    /// <param name="configuration">What names the stores.</param>
    /// <param name="sharer">The command that shares them; null: it may have them to itself.</param>
    /// <param name="loggers">Where they log.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Foundation.Errors.BackupException">9700 to 9704 and 9750 to 9753 of the configuration, 9740 of a store; those of the catalogue, the keys and the store.</exception>
    internal static async Task<OpenedStores> OpenAsync(
        DataFolder folder,
        CatalogueKey key,
        ApplianceConfiguration configuration,
        string? sharer,
        ILoggerFactory loggers,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        // All that can be wrong with the configuration, before anything is opened.
        var catalogue = CataloguePlace.Read(configuration);
        var places = StorePlaces.Read(configuration, folder);
        if (sharer is not null && !catalogue.IsShared)
        {
            throw CliErrors.NeedsSharedCatalogue(sharer);
        }

        if (catalogue.IsShared && places.FirstOrDefault(static one => !one.IsShared) is { } own)
        {
            throw CliErrors.NeedsSharedStore(own.Name, own.Where);
        }

        if (!catalogue.IsShared)
        {
            key.Unlock();
        }

        var metadata = await catalogue.OpenAsync(folder, key.Uris, time, cancellation);
        Encryption? encryption = null;
        try
        {
            // Before anything else is touched: with the wrong master key nothing is to be done.
            var logger = loggers.CreateLogger("Backup.Encryption");
            encryption = await Encryption.OpenAsync(configuration, metadata, time, logger, cancellation);
            // Before a groom: to another catalogue nothing of these blocks is of any use.
            await CatalogueMark.RequireAsync(places, metadata, StorePlaces.Exports(places, folder), cancellation);
            var slices = await OpenSlices.OpenAsync(
                places,
                metadata.GroupStores,
                encryption.GroupOfObjectAsync,
                cancellation
            );
            return new OpenedStores(catalogue, metadata, encryption, places, slices, time, loggers);
        }
        catch
        {
            await (encryption?.DisposeAsync() ?? ValueTask.CompletedTask);
            await metadata.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _slices.DisposeAsync();
        await Encryption.DisposeAsync();
        await Metadata.DisposeAsync();
    }
}
