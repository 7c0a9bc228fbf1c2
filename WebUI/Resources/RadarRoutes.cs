using Backup.Metadata;
using Backup.Metadata.Alerting;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Resources;

/// <summary>How long the last clean second before a mass change is kept.</summary>
internal sealed class RadarRoutes(IMetadataStore metadata) : IApiPart
{
    private const string Radar = "/radar";

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet(Radar, ShowAsync)
            .WithSummary("How long the last clean second before a mass change is kept")
            .Administrators();
        api.MapPut(Radar, SetAsync)
            .WithSummary("Keep the last clean second before a mass change for that long: of those noticed from now on")
            .Administrators("radar.set");
    }

    private async Task<RadarSettingView> ShowAsync(CancellationToken cancellation) =>
        new((long)(await RadarSettings.KeptAsync(metadata.Settings, cancellation)).TotalSeconds);

    private async Task<RadarSettingView> SetAsync(RadarSettingRequest request, CancellationToken cancellation)
    {
        // What no length can be is out of its range, too.
        var seconds = Math.Clamp(request.KeptSeconds, 0, (long)RadarSettings.Most.TotalSeconds + 1);
        await RadarSettings.SetKeptAsync(metadata.Settings, TimeSpan.FromSeconds(seconds), cancellation);
        return await ShowAsync(cancellation);
    }
}
