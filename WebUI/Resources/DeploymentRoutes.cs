using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Backup.WebUI.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Resources;

/// <summary>Deployments, how they are read, and what of them is backed up.</summary>
internal sealed class DeploymentRoutes(GroupThings things, ApiDesks desks) : IApiPart
{
    private const string One = "/groups/{group}/deployments/{deployment}";

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/groups/{group}/deployments", ListAsync)
            .WithSummary("What is protected, and what was")
            .Needs(Permission.See);
        api.MapPost("/groups/{group}/deployments", AddAsync)
            .WithSummary("Protect a deployment")
            .Needs(Permission.Configure, "deployment.add");
        api.MapGet(One, ShowAsync).WithSummary("A deployment as it is now").Needs(Permission.See);
        api.MapDelete(One, RemoveAsync)
            .WithSummary("Protect it no longer; everything that is stored stays")
            .Needs(Permission.Configure, "deployment.remove", confirmed: true);
        api.MapPut($"{One}/uri", SetUriAsync)
            .WithSummary(
                "Where it is to be found from now on: another password, other hosts; everything that is stored stays"
            )
            .Needs(Permission.Configure, "deployment.uri");
        api.MapGet($"{One}/source", SourceAsync).WithSummary("How it is read").Needs(Permission.See);
        api.MapPatch($"{One}/source", ChangeSourceAsync)
            .WithSummary("Member, cursors, rate; pause and go on")
            .Needs(Permission.Operate, "source.change");
        api.MapGet($"{One}/namespaces", NamespacesAsync).WithSummary("What of it is backed up").Needs(Permission.See);
        api.MapPatch($"{One}/namespaces", ChangeNamespacesAsync)
            .WithSummary("Back up more or less of it")
            .Needs(Permission.Configure, "namespaces.change");
        api.MapPost($"{One}/resync", ResyncAsync)
            .WithSummary("Start the initial sync of a replica set over; snapshots stay")
            .Needs(Permission.Operate, "resync", confirmed: true);
        api.MapPost($"{One}/copies", CopyAsync)
            .WithSummary("Copy single collections of a replica set anew")
            .Needs(Permission.Operate, "copies");
        api.MapDelete($"{One}/copies", CancelCopiesAsync)
            .WithSummary("Give up every such copy that is under way; what was there before stays")
            .Needs(Permission.Operate, "copies.cancel");
    }

    private async Task<PageOf<DeploymentView>> ListAsync(
        string group,
        HttpContext context,
        CancellationToken cancellation
    )
    {
        var ids = (await things.DeploymentsAsync(group, cancellation)).Select(static one => one.Id).ToHashSet();
        var views = (await desks.Status.StatusAsync(cancellation)).Deployments.Where(one => ids.Contains(one.Id));
        return Paging.Page(
            [.. views.OrderBy(static one => one.Id, StringComparer.Ordinal)],
            static one => one.Id,
            KeyOrder.Rising,
            context.Request.Query
        );
    }

    private async Task<Created<DeploymentEntryView>> AddAsync(
        string group,
        DeploymentRequest request,
        CancellationToken cancellation
    )
    {
        var added = await desks.Deployments.AddAsync(group, request, cancellation);
        return TypedResults.Created($"{WebUIHost.Root}/groups/{group}/deployments/{added.Id}", added);
    }

    private async Task<DeploymentView> ShowAsync(string group, string deployment, CancellationToken cancellation)
    {
        var found = await things.DeploymentAsync(group, deployment, cancellation);
        return (await desks.Status.StatusAsync(cancellation)).Deployments.First(one => one.Id == found.Id);
    }

    private async Task<DeploymentEntryView> RemoveAsync(
        string group,
        string deployment,
        CancellationToken cancellation
    ) =>
        await desks.Deployments.RemoveAsync(
            (await things.DeploymentAsync(group, deployment, cancellation)).Id,
            cancellation
        );

    private async Task<DeploymentEntryView> SetUriAsync(
        string group,
        string deployment,
        DeploymentUriRequest request,
        CancellationToken cancellation
    ) =>
        await desks.Deployments.SetUriAsync(
            (await things.DeploymentAsync(group, deployment, cancellation)).Id,
            request.Uri,
            cancellation
        );

    private async Task<SourceView> SourceAsync(string group, string deployment, CancellationToken cancellation) =>
        await desks.Deployments.ReadSourceAsync(
            (await things.DeploymentAsync(group, deployment, cancellation)).Id,
            cancellation
        );

    private async Task<SourceView> ChangeSourceAsync(
        string group,
        string deployment,
        SourceChange change,
        CancellationToken cancellation
    ) =>
        await desks.Deployments.ChangeSourceAsync(
            (await things.DeploymentAsync(group, deployment, cancellation)).Id,
            change,
            cancellation
        );

    private async Task<NamespacesView> NamespacesAsync(
        string group,
        string deployment,
        CancellationToken cancellation
    ) =>
        await desks.Deployments.ReadNamespacesAsync(
            (await things.SubjectAsync(group, deployment, cancellation)).Id,
            cancellation
        );

    private async Task<NamespacesView> ChangeNamespacesAsync(
        string group,
        string deployment,
        NamespacesChange change,
        CancellationToken cancellation
    ) =>
        await desks.Deployments.ChangeNamespacesAsync(
            (await things.SubjectAsync(group, deployment, cancellation)).Id,
            change,
            cancellation
        );

    private async Task<ReplicaSetView> ResyncAsync(string group, string deployment, CancellationToken cancellation) =>
        await desks.Deployments.ResyncAsync(await ReplicaSetAsync(group, deployment, cancellation), cancellation);

    private async Task<ReplicaSetView> CopyAsync(
        string group,
        string deployment,
        CopyRequest request,
        CancellationToken cancellation
    ) =>
        await desks.Deployments.CopyAsync(
            await ReplicaSetAsync(group, deployment, cancellation),
            request,
            cancellation
        );

    private async Task<ReplicaSetView> CancelCopiesAsync(
        string group,
        string deployment,
        CancellationToken cancellation
    ) =>
        await desks.Deployments.CancelCopiesAsync(await ReplicaSetAsync(group, deployment, cancellation), cancellation);

    private async Task<string> ReplicaSetAsync(string group, string deployment, CancellationToken cancellation)
    {
        var subject = await things.SubjectAsync(group, deployment, cancellation);
        return subject.IsCluster ? throw WebUIErrors.OfReplicaSets(subject.Deployment.Name) : subject.Id;
    }
}
