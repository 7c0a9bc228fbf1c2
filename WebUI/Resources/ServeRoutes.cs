using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Backup.WebUI.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Resources;

/// <summary>Moments served as read-only MongoDB endpoints, by the process that answers.</summary>
internal sealed class ServeRoutes(GroupThings things, ApiDesks desks) : IApiPart
{
    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/groups/{group}/served", ListAsync)
            .WithSummary("Backups that are served as a read-only MongoDB")
            .Needs(Permission.See);
        // The desk writes the records itself: they name the moment.
        api.MapPost("/groups/{group}/served", StartAsync)
            .WithSummary("Serve a snapshot or a moment; a password that is made is told once")
            .Needs(Permission.Restore, confirmed: true, secret: true);
        api.MapDelete("/groups/{group}/served/{served}", StopAsync)
            .WithSummary("Serve it no more; its clients are disconnected")
            .Needs(Permission.Restore);
    }

    private async Task<PageOf<ServedView>> ListAsync(
        string group,
        HttpContext context,
        CancellationToken cancellation
    ) =>
        Paging.Page(
            [.. (await OursAsync(group, cancellation)).OrderBy(static one => one.Id, StringComparer.Ordinal)],
            static one => one.Id,
            KeyOrder.Rising,
            context.Request.Query
        );

    private async Task<Created<ServedView>> StartAsync(string group, ServePlan plan, CancellationToken cancellation)
    {
        var subject = await things.SubjectAsync(group, plan.Deployment, cancellation);
        var served = await desks.Serving.StartAsync(Plans.Of(plan, subject.Id), cancellation);
        return TypedResults.Created($"{WebUIHost.Root}/groups/{group}/served", served);
    }

    private async Task<ServedView> StopAsync(string group, string served, CancellationToken cancellation) =>
        (await OursAsync(group, cancellation)).Any(one => one.Id == served)
            ? await desks.Serving.StopAsync(served)
            : throw WebUIErrors.Nothing("such served backup in this group");

    private async Task<IEnumerable<ServedView>> OursAsync(string group, CancellationToken cancellation)
    {
        var names = await things.NamesAsync(group, cancellation);
        return desks.Serving.List().Where(one => names.ContainsKey(one.Subject));
    }
}
