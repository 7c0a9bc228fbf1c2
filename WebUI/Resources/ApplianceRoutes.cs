using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Resources;

/// <summary>The appliance itself, which is no group's.</summary>
internal sealed class ApplianceRoutes(ApiDesks desks) : IApiPart
{
    public void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/appliance", ShowAsync)
            .WithSummary("The appliance itself: its version, certificates, daemons and stores")
            .Administrators();

    private Task<ApplianceView> ShowAsync(CancellationToken cancellation) =>
        desks.Appliance.ApplianceAsync(cancellation);
}
