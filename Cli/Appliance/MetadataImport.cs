using Backup.Cli.Configuration;
using Backup.Cli.Stores;
using Backup.Daemon.Grooming;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Metadata.Exports;
using Backup.Metadata.Secrets;

namespace Backup.Cli.Appliance;

/// <summary>What an import did.</summary>
/// <param name="Into">The file, or the database.</param>
/// <param name="MadeAt">The moment that the catalogue is of.</param>
/// <param name="Rows">Records.</param>
/// <param name="Kept">Where what was there before is; null where nothing was.</param>
/// <param name="MissingRoots">Snapshots and heads whose blocks are gone.</param>
/// <param name="AbandonedSyncs">Replica sets whose copy begins anew.</param>
/// <param name="RemovedSlices">Stored slices of the oplog that are gone.</param>
/// <param name="UnopenedUris">Deployments whose URIs cannot be opened with the key of this folder; of a shared catalogue nothing is said.</param>
internal sealed record ImportReport(
    string Into,
    DateTimeOffset MadeAt,
    long Rows,
    string? Kept,
    IReadOnlyList<string> MissingRoots,
    IReadOnlyList<string> AbandonedSyncs,
    int RemovedSlices,
    IReadOnlyList<string> UnopenedUris
);

/// <summary>Puts an exported catalogue into the place of the one that the configuration names: of a data folder, or of a database of MongoDB that no process works on.</summary>
internal static class MetadataImport
{
    private const string Action = "metadata.import";

    /// <param name="export">The file.</param>
    /// <param name="folder">Held.</param>
    /// <param name="configuration">Where the catalogue, blocks and slices are.</param>
    /// <param name="replace">Also where there is a catalogue.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Nothing was changed then in a data folder; a database may not be whole.</param>
    /// <exception cref="BackupException">6330 to 6337 of the export and of what is there, 9740 the blocks belong to another catalogue.</exception>
    internal static async Task<ImportReport> RunAsync(
        string export,
        DataFolder folder,
        ApplianceConfiguration configuration,
        bool replace,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var catalogue = CataloguePlace.Read(configuration);
        var places = StorePlaces.Read(configuration, folder);
        var key = new CatalogueKey(folder);
        if (!catalogue.IsShared)
        {
            key.Unlock();
        }

        await using var staged = await StagedImport.CreateAsync(export, folder.Metadata, time, key.Uris, cancellation);
        var store = await staged.OpenAsync(cancellation);
        foreach (var place in replace ? [] : places)
        {
            if (!await CatalogueMark.FitsAsync(place, store.Settings, cancellation))
            {
                throw CliErrors.AnotherCatalogue(place.Where, StorePlaces.Exports(places, folder));
            }
        }

        var kept = await LookAtThereAsync(export, catalogue, folder, staged, replace, time, cancellation);
        var findings = await ImportFindings.LookAsync(store, places, cancellation);
        await ExportedHeads.ForgetMarksAsync(store.Settings, cancellation);
        // Since the export groups may have moved.
        await store.GroupStores.ScatterAsync([.. places.Select(static one => one.Name)], cancellation);
        IReadOnlyList<string> unopened = catalogue.IsShared ? [] : await UnopenedAsync(store, cancellation);
        await AuditAsync(store, staged.Export, time, cancellation);
        var id = await CatalogueMark.IdAsync(store.Settings, cancellation);
        if (replace)
        {
            // First, where nothing refuses it any more: killed in between, the appliance does not start with what was there, and the import is run again.
            await MarkAsync(places, id, cancellation);
        }

        kept = await catalogue.ImportAsync(folder, staged, replace, time, cancellation) ?? kept;
        await MarkAsync(places, id, cancellation);
        return new ImportReport(
            catalogue.Where ?? folder.Metadata,
            staged.Export.MadeAt,
            staged.Export.Rows,
            kept,
            findings.MissingRoots,
            findings.AbandonedSyncs,
            findings.RemovedSlices,
            unopened
        );
    }

    /// <summary>Deployments whose URIs were sealed under another key than this folder's.</summary>
    private static async Task<IReadOnlyList<string>> UnopenedAsync(
        IMetadataStore store,
        CancellationToken cancellation
    ) =>
        [
            .. (await store.Deployments.ListAsync(cancellation))
                .Where(one => DeploymentAddresses.Of(store, one).Trouble is not null)
                .Select(static one => one.Name),
        ];

    private static async Task MarkAsync(IReadOnlyList<StorePlace> places, string id, CancellationToken cancellation)
    {
        foreach (var place in places)
        {
            await CatalogueMark.SetAsync(place, id, cancellation);
        }
    }

    /// <summary>Keys that were destroyed in the catalogue that is there stay so; one in a database is exported, since nothing else keeps it.</summary>
    /// <returns>That export; null where there is none.</returns>
    private static async Task<string?> LookAtThereAsync(
        string export,
        CataloguePlace catalogue,
        DataFolder folder,
        StagedImport staged,
        bool replace,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        if (!replace || !catalogue.MayBeThere(folder))
        {
            return null;
        }

        try
        {
            await using var there = await catalogue.OpenAsync(folder, new UriSeal(), time, cancellation);
            await staged.DestroyKeysAsync(await there.GroupKeys.DestroyedAsync(cancellation), cancellation);
            if (!catalogue.IsShared)
            {
                return null;
            }

            var kept = Path.GetFullPath(export) + ".replaced";
            await there.ExportAsync(kept, cancellation);
            return kept;
        }
        catch (BackupException broken)
            when (broken.Number is MetadataErrors.ImportWasBrokenOff or MetadataErrors.DatabaseDamaged)
        {
            // An import is the way out of that.
            return null;
        }
    }

    private static Task AuditAsync(
        IMetadataStore store,
        MetadataExport export,
        TimeProvider time,
        CancellationToken cancellation
    ) =>
        store.Audit.AddAsync(
            new AuditRecord(
                time.GetUtcNow(),
                Environment.UserName,
                "this host",
                Action,
                $"export of {export.MadeAt:u}",
                AuditOutcomes.Ok
            ),
            cancellation
        );
}
