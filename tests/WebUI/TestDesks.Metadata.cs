using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;

namespace Backup.Tests.WebUI;

/// <content>Exports of the metadata.</content>
internal sealed partial class TestDesks : IMetadataDesk
{
    private static MetadataExportView SomeExport => new("metadata-20261122T120000Z.bkmeta", Noon, 4711);

    public Task<MetadataExportsView> ExportsAsync(CancellationToken cancellation) =>
        Task.FromResult(new MetadataExportsView("/data/blocks/metadata-exports", 7, [SomeExport], null));

    public Task<MetadataExportView> ExportAsync(CancellationToken cancellation) => Does("export metadata", SomeExport);

    public Task<FinishedUpgradeView> FinishUpgradeAsync(CancellationToken cancellation) =>
        Does("finish the upgrade", new FinishedUpgradeView(true, 3));
}
