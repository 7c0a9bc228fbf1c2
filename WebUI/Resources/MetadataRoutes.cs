using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Resources;

/// <summary>Exports of the appliance's own metadata, for its administrators. Their content is given to nobody: it stays on the host.</summary>
internal sealed class MetadataRoutes(ApiDesks desks) : IApiPart
{
    private const string Exports = "/appliance/metadata/exports";

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet(Exports, ListAsync)
            .WithSummary("Exports of the appliance's own metadata, the newest first")
            .Administrators();
        api.MapPost(Exports, ExportAsync)
            .WithSummary("Export the appliance's own metadata into a file beside the blocks")
            .Administrators("metadata.export");
        api.MapPost("/appliance/metadata/finish-upgrade", FinishUpgradeAsync)
            .WithSummary("Let the catalogue take what the release before would not understand; that one is kept out")
            .Administrators("metadata.finish-upgrade");
    }

    private Task<MetadataExportsView> ListAsync(CancellationToken cancellation) =>
        desks.Metadata.ExportsAsync(cancellation);

    private Task<FinishedUpgradeView> FinishUpgradeAsync(CancellationToken cancellation) =>
        desks.Metadata.FinishUpgradeAsync(cancellation);

    private async Task<Created<MetadataExportView>> ExportAsync(CancellationToken cancellation) =>
        TypedResults.Created((string?)null, await desks.Metadata.ExportAsync(cancellation));
}
