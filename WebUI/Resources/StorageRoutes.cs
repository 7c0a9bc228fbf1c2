using Backup.Foundation.Contracts;
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

/// <summary>What is stored, what snapshots hold, and how the sources' servers are.</summary>
internal sealed class StorageRoutes(GroupThings things, ApiDesks desks) : IApiPart
{
    private const int Hour = 60;

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/groups/{group}/storage", StorageAsync)
            .WithSummary("The store of blocks, what of it is needed, and its disk")
            .Needs(Permission.See);
        api.MapPost("/groups/{group}/storage/groom", GroomAsync)
            .WithSummary("Give back the room of blocks that nobody needs, or count them alone: dryRun")
            .Needs(Permission.Operate, "storage.groom");
        api.MapPost("/groups/{group}/storage/check", CheckAsync)
            .WithSummary(
                "Look whether blocks are as they were written, and what is hit where they are not; readPercent of them, else all"
            )
            .Needs(Permission.Operate, "storage.check");
        api.MapGet("/groups/{group}/storage/stores", StoresAsync)
            .WithSummary("The block stores there are, and which one the group is in")
            .Needs(Permission.See);
        api.MapPost("/groups/{group}/storage/move", MoveAsync)
            .WithSummary(
                "Assign the group to another block store, and bring there what it has elsewhere, while all goes on"
            )
            .Needs(Permission.Operate, "storage.move");
        api.MapPut("/groups/{group}/storage/tags", SetTagsAsync)
            .WithSummary(
                "Give the group these tags; where its block store lacks one of them the group is moved to a store that has all, while all goes on"
            )
            .Needs(Permission.Operate, "storage.tags");
        api.MapGet("/groups/{group}/deployments/{deployment}/contents", ContentsAsync)
            .WithSummary("Databases and collections: ?snapshot=ID or ?time=INSTANT, else of the newest snapshot")
            .Needs(Permission.See);
        api.MapGet("/groups/{group}/deployments/{deployment}/monitoring", MonitoringAsync)
            .WithSummary(
                "What its servers reported: ?minutes=60, at most two days; ?points=N samples of them, evenly spread"
            )
            .Needs(Permission.See);
    }

    private Task<StorageView> StorageAsync(string group, CancellationToken cancellation) =>
        desks.Storage.StorageAsync(cancellation);

    private async Task<Accepted<JobView>> GroomAsync(string group, GroomRequest request, CancellationToken cancellation)
    {
        var job = await desks.Storage.GroomAsync(request, cancellation);
        return TypedResults.Accepted(JobRoutes.PathOf(group, job.Id), job);
    }

    private async Task<Accepted<JobView>> CheckAsync(string group, CheckRequest request, CancellationToken cancellation)
    {
        if (request.ReadPercent is not (>= 0 and <= 100))
        {
            throw WebUIErrors.Value("readPercent", "a number from 0 to 100");
        }

        var job = await desks.Storage.CheckAsync(request, cancellation);
        return TypedResults.Accepted(JobRoutes.PathOf(group, job.Id), job);
    }

    private Task<StoresView> StoresAsync(string group, CancellationToken cancellation) =>
        desks.Storage.StoresAsync(group, cancellation);

    private async Task<Accepted<JobView>> MoveAsync(string group, MoveRequest request, CancellationToken cancellation)
    {
        if (string.IsNullOrEmpty(request.Store))
        {
            throw WebUIErrors.Value("store", "the name of a store");
        }

        var job = await desks.Storage.MoveAsync(group, request, cancellation);
        return TypedResults.Accepted(JobRoutes.PathOf(group, job.Id), job);
    }

    private async Task<StoresView> SetTagsAsync(
        string group,
        TagsRequest request,
        HttpContext context,
        CancellationToken cancellation
    )
    {
        var tags = StoreTags.Normal(request.Tags);
        context.Features.Set(new AuditSubject(tags.Count > 0 ? $"tags {string.Join(", ", tags)}" : "no tags"));
        return await desks.Storage.SetTagsAsync(group, new TagsRequest(tags), cancellation);
    }

    private async Task<ContentsView> ContentsAsync(
        string group,
        string deployment,
        CancellationToken cancellation,
        string? snapshot = null,
        DateTimeOffset? time = null
    )
    {
        var subject = await things.SubjectAsync(group, deployment, cancellation);
        uint? second = time is { } instant ? (uint)Math.Clamp(instant.ToUnixTimeSeconds(), 0, uint.MaxValue) : null;
        return await desks.Storage.ContentsAsync(subject.Id, snapshot, second, cancellation);
    }

    private async Task<PageOf<MonitoringSample>> MonitoringAsync(
        string group,
        string deployment,
        CancellationToken cancellation,
        int minutes = Hour,
        int points = int.MaxValue
    )
    {
        var found = await things.DeploymentAsync(group, deployment, cancellation);
        // All of them: at most one a minute of two days.
        return new PageOf<MonitoringSample>(
            await desks.Agents.MonitoringAsync(found.Id, minutes, points, cancellation),
            null
        );
    }
}
