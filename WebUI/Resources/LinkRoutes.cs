using System.Globalization;
using Backup.Metadata;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Backup.WebUI.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Resources;

/// <summary>Download links.</summary>
internal sealed class LinkRoutes(IMetadataStore metadata, GroupThings things, ApiDesks desks) : IApiPart
{
    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/groups/{group}/links", ListAsync)
            .WithSummary("Download links, newest first")
            .Needs(Permission.See);
        // The desk writes the record itself: it knows what the link leads to.
        api.MapPost("/groups/{group}/links", CreateAsync)
            .WithSummary("Make one; its address is told once")
            .Needs(Permission.Restore, confirmed: true, secret: true);
        api.MapGet("/groups/{group}/links/{link}", ShowAsync).WithSummary("One link").Needs(Permission.See);
        api.MapDelete("/groups/{group}/links/{link}", RevokeAsync)
            .WithSummary("Revoke it: it opens nothing any more")
            .Needs(Permission.Restore);
    }

    private async Task<PageOf<LinkView>> ListAsync(string group, HttpContext context, CancellationToken cancellation)
    {
        var names = await things.NamesAsync(group, cancellation);
        var links = (await metadata.Links.ListAsync(cancellation))
            .Where(one => names.ContainsKey(one.Source.SubjectId))
            .OrderByDescending(KeyOf, StringComparer.Ordinal)
            .ToList();
        var page = Paging.Page(links, KeyOf, KeyOrder.Falling, context.Request.Query);
        var views = new List<LinkView>();
        foreach (var link in page.Items)
        {
            views.Add(await desks.Links.ShowAsync(link.Id, cancellation));
        }

        return new PageOf<LinkView>(views, page.Next);
    }

    private async Task<Created<CreatedLinkView>> CreateAsync(
        string group,
        LinkPlan plan,
        CancellationToken cancellation
    )
    {
        var subject = await things.SubjectAsync(group, plan.Deployment, cancellation);
        var made = await desks.Links.CreateAsync(Plans.Of(plan, subject.Id), cancellation);
        return TypedResults.Created($"{WebUIHost.Root}/groups/{group}/links/{made.Link.Id}", made);
    }

    private async Task<LinkView> ShowAsync(string group, string link, CancellationToken cancellation) =>
        await desks.Links.ShowAsync(await FindAsync(group, link, cancellation), cancellation);

    private async Task<LinkView> RevokeAsync(string group, string link, CancellationToken cancellation) =>
        await desks.Links.RevokeAsync(await FindAsync(group, link, cancellation), cancellation);

    private async Task<string> FindAsync(string group, string id, CancellationToken cancellation)
    {
        var names = await things.NamesAsync(group, cancellation);
        return await metadata.Links.FindAsync(id, cancellation) is { } link && names.ContainsKey(link.Source.SubjectId)
            ? link.Id
            : throw WebUIErrors.Nothing("such download link in this group");
    }

    private static string KeyOf(DownloadLink link) =>
        string.Create(CultureInfo.InvariantCulture, $"{link.CreatedAt.ToUnixTimeMilliseconds():D15} {link.Id}");
}
