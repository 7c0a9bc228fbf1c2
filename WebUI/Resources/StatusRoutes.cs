using Backup.Metadata;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Resources;

/// <summary>How everything is that the caller may see, of all groups at once.</summary>
internal sealed class StatusRoutes(IMetadataStore metadata, ApiDesks desks) : IApiPart
{
    public void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/status", ShowAsync)
            .WithSummary("How everything is in the groups of the caller: deployments, agents, alerts, troubles")
            .SignedIn();

    private async Task<StatusView> ShowAsync(Caller caller, CancellationToken cancellation)
    {
        var groups = caller.GroupsWith(Permission.See);
        var deployments = (await metadata.Deployments.ListAsync(cancellation))
            .Where(one => groups.Contains(one.GroupId))
            .Select(static one => one.Id)
            .ToHashSet(StringComparer.Ordinal);
        var agents = (await metadata.Access.AgentsAsync(cancellation))
            .Where(one => groups.Contains(one.GroupId))
            .Select(static one => one.Id)
            .ToHashSet(StringComparer.Ordinal);
        // Those of the appliance as a whole are everybody's, but for what names accounts.
        var alerts = (await metadata.Alerts.ListAsync(cancellation: cancellation))
            .Where(one => one.GroupId is null || groups.Contains(one.GroupId))
            .Where(one => caller.IsOfAppliance || !one.IsOfAccounts)
            .Select(static one => one.Id)
            .ToHashSet();
        var all = await desks.Status.StatusAsync(cancellation);
        return all with
        {
            Deployments = [.. all.Deployments.Where(one => deployments.Contains(one.Id))],
            Agents = [.. all.Agents.Where(one => agents.Contains(one.Id))],
            Alerts = [.. all.Alerts.Where(one => alerts.Contains(one.Id))],
            Misplaced = [.. all.Misplaced.Where(one => groups.Contains(one.Group))],
        };
    }
}
