using Backup.BackupHttpServer.Access;
using Backup.BackupHttpServer.Slices;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.BackupHttpServer.Endpoints;

/// <summary>Which collections are copied beside the oplog, and how such a copy begins. Its slices come as those of any sync.</summary>
internal sealed class PartialSyncEndpoints(
    IMetadataStore metadata,
    AgentGate gate,
    Assignments assignments,
    SliceBudget budget
)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        _ = routes.MapGet(AgentRoutes.PartialSyncTemplate, LookAsync);
        _ = routes.MapPost(AgentRoutes.PartialBeginTemplate, BeginAsync);
    }

    private async Task LookAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var agent = await gate.AuthenticateAsync(context);
        var replicaSet = await gate.ReplicaSetAsync(agent, Json.Route(context, "replicaSetId"), cancellation);
        _ = await gate.UnderLeaseAsync(context, agent, replicaSet.DeploymentId);
        var partials = replicaSet.SyncId is { } syncId
            ? await metadata.PartialSyncs.ListAsync(syncId, cancellation)
            : [];
        // One after another: each has all of the source's bounds for itself.
        var next = partials.FirstOrDefault(one => one.IsOpen);
        if (next is { State: SyncState.Wanted or SyncState.Copying })
        {
            await AnswerAsync(context, next);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private async Task BeginAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var agent = await gate.AuthenticateAsync(context);
        var (sync, replicaSet) = await gate.AnySyncAsync(agent, Json.Route(context, "syncId"), cancellation);
        var leased = await gate.UnderLeaseAsync(context, agent, replicaSet.DeploymentId);
        var headers = SliceHeaders.Read(context.Request, mayBeEmpty: true);
        var begin = SliceHeaders.ReadOptime(context.Request, AgentHeaders.Begin);
        if (sync is not { IsPartial: true, State: SyncState.Wanted })
        {
            throw BackupHttpServerErrors.Running(sync.Id);
        }

        using var body = await SliceBody.ReceiveAsync(context.Request, headers, budget);
        var ranges = SyncCatalogues.RangesOf(sync.Id, SyncCatalogues.Read(body.Raw, headers.Documents));
        if (!await leased.PartialSyncs.BeginAsync(sync.Id, begin, body.Raw.ToArray(), ranges, cancellation))
        {
            throw BackupHttpServerErrors.BeginTooOld(begin);
        }

        await AnswerAsync(context, (await metadata.Syncs.FindAsync(sync.Id, cancellation))!);
    }

    private async Task AnswerAsync(HttpContext context, SyncRecord partial)
    {
        var position =
            partial.State == SyncState.Wanted
                ? null
                : await assignments.PositionAsync(partial, newest: null, context.RequestAborted);
        var answer = new PartialSyncAnswer(partial.Id, partial.Order!, position);
        await Json.WriteAsync(context, answer, AgentJson.Default.PartialSyncAnswer);
    }
}
