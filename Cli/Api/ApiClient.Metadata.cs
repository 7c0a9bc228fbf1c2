using Backup.WebUI.Contracts;

namespace Backup.Cli.Api;

/// <content>Exports of the appliance's own metadata.</content>
internal sealed partial class ApiClient
{
    private const string MetadataExports = "/appliance/metadata/exports";

    internal Task<MetadataExportsView> MetadataExportsAsync(CancellationToken cancellation) =>
        GetAsync<MetadataExportsView>(MetadataExports, cancellation);

    internal Task<MetadataExportView> ExportMetadataAsync(CancellationToken cancellation) =>
        PostAsync<MetadataExportView>(MetadataExports, cancellation);

    internal Task<FinishedUpgradeView> FinishUpgradeAsync(CancellationToken cancellation) =>
        PostAsync<FinishedUpgradeView>("/appliance/metadata/finish-upgrade", cancellation);
}
