using Backup.WebUI.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Access;

/// <summary>Who asks: what programs begin with.</summary>
internal sealed class CallerRoutes(AccessDesk access) : IApiPart
{
    public void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/caller", ShowAsync).WithSummary("Who asks, and what they may do where").SignedIn();

    private async Task<CallerView> ShowAsync(Caller caller, CancellationToken cancellation) =>
        new(
            caller.Name,
            caller.Kind.ToString().ToLowerInvariant(),
            caller.IsAdministrator,
            [
                .. (await access.Metadata.Access.GroupsAsync(cancellation))
                    .Where(one => caller.Groups.ContainsKey(one.Id))
                    .OrderBy(static one => one.Name, StringComparer.Ordinal)
                    .Select(one => new GroupView(one.Id, one.Name, null, PermissionNames.Of(caller.Groups[one.Id]))),
            ],
            caller.Home
        );
}
