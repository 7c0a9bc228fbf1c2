using Backup.BackupHttpServer.Access;
using Backup.BackupHttpServer.Slices;
using Backup.Blockstore;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.BackupHttpServer.Endpoints;

/// <summary>
/// Discovery and the initial sync. A slice is stored as an object first and recorded second, then acknowledged; an object without its
/// record (a crash between the two) is overwritten when the slice comes again, since its name holds its hash.
/// </summary>
internal sealed class SyncEndpoints(
    IMetadataStore metadata,
    IObjectStore objects,
    AgentGate gate,
    Assignments assignments,
    SliceBudget budget,
    TimeProvider time
)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        _ = routes.MapPost(AgentRoutes.DiscoveryTemplate, DiscoverAsync);
        _ = routes.MapPost(AgentRoutes.SyncsTemplate, BeginAsync);
        _ = routes.MapPut(AgentRoutes.SyncSliceTemplate, SliceAsync);
        _ = routes.MapPost(AgentRoutes.RangeDoneTemplate, DoneAsync);
        _ = routes.MapPost(AgentRoutes.RangeResetTemplate, ResetAsync);
        _ = routes.MapPost(AgentRoutes.CopiedTemplate, CopiedAsync);
    }

    private async Task DiscoverAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var agent = await gate.AuthenticateAsync(context);
        var deployment = await gate.DeploymentAsync(agent, Json.Route(context, "deploymentId"), cancellation);
        var leased = await gate.UnderLeaseAsync(context, agent, deployment.Id);
        var report = await Json.ReadAsync(context, AgentJson.Default.DiscoveryReport);
        var stored = await leased.Deployments.EnsureReplicaSetAsync(
            new ReplicaSetRecord(
                Guid.CreateVersion7(time.GetUtcNow()).ToString("N"),
                deployment.Id,
                report.Name,
                report.SetId,
                report.MongoVersion,
                report.FeatureCompatibilityVersion,
                report.StorageEngine,
                ReplicaSetState.Waiting,
                StopCode: null,
                StopMessage: null,
                StopHint: null,
                SyncId: null,
                Foundation.Optime.Zero,
                SourceSeenAt: null
            ),
            cancellation
        );
        await AnswerAsync(context, stored);
    }

    private async Task BeginAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var agent = await gate.AuthenticateAsync(context);
        var replicaSet = await gate.ReplicaSetAsync(agent, Json.Route(context, "replicaSetId"), cancellation);
        var leased = await gate.UnderLeaseAsync(context, agent, replicaSet.DeploymentId);
        if (replicaSet.SyncId is { } running)
        {
            var current = await metadata.Syncs.FindAsync(running, cancellation);
            if (current is not null && current.State != SyncState.Abandoned)
            {
                throw BackupHttpServerErrors.Running(running);
            }
        }

        var headers = SliceHeaders.Read(context.Request, mayBeEmpty: true);
        var begin = SliceHeaders.ReadOptime(context.Request, AgentHeaders.Begin);
        var deployment = await gate.DeploymentAsync(agent, replicaSet.DeploymentId, cancellation);
        var listedBy = context.Request.Headers[AgentHeaders.Filter].ToString();
        // An agent that knows no filters lists everything.
        if (
            (listedBy.Length > 0 ? listedBy : FilterText.Fingerprint(null))
            != FilterText.Fingerprint(deployment.Namespaces)
        )
        {
            throw BackupHttpServerErrors.OtherFilter();
        }

        using var body = await SliceBody.ReceiveAsync(context.Request, headers, budget);
        var listed = SyncCatalogues.Read(body.Raw, headers.Documents);
        var sync = new SyncRecord(
            Guid.CreateVersion7(time.GetUtcNow()).ToString("N"),
            replicaSet.Id,
            SyncState.Copying,
            begin,
            End: null,
            time.GetUtcNow(),
            Order: deployment.Namespaces.IsEverything ? null : new CopyOrder([], deployment.Namespaces)
        );
        var ranges = SyncCatalogues.RangesOf(sync.Id, listed);
        await leased.Syncs.BeginAsync(sync, body.Raw.ToArray(), ranges, cancellation);
        await leased.Deployments.SetStateAsync(replicaSet.Id, ReplicaSetState.InitialSync, cancellation: cancellation);
        await AnswerAsync(context, replicaSet with { SyncId = sync.Id });
    }

    private async Task SliceAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var agent = await gate.AuthenticateAsync(context);
        var (sync, set) = await gate.AnySyncAsync(agent, Json.Route(context, "syncId"), cancellation);
        var leased = await gate.UnderLeaseAsync(context, agent, set.DeploymentId);
        var (id, range) = RangeOf(context);
        var sequence = SequenceOf(context);
        var headers = SliceHeaders.Read(context.Request);
        var position = await PositionAsync(sync.Id, id, range, cancellation);
        if (sequence < position.NextSequence)
        {
            await RepeatAsync(context, sync.Id, id, range, sequence, headers);
            return;
        }

        RequireOpen(sync, position, sequence);
        using var body = await SliceBody.ReceiveAsync(context.Request, headers, budget);
        var (first, last) = SliceContent.CheckDocuments(body.Raw, headers.Documents);
        if (position.LastId is { } before && first.Span.SequenceEqual(before))
        {
            throw BackupHttpServerErrors.RepeatedId();
        }

        var slice = new SyncSlice(
            sync.Id,
            id,
            range,
            sequence,
            $"{SliceNames.RangePrefix(sync.Id, id, range)}{sequence:D10}-{headers.HashText}",
            headers.Documents,
            headers.RawLength,
            headers.StoredLength,
            headers.Sha256
        );
        await objects.PutAsync(slice.ObjectName, body.Stored, cancellation);
        if (await leased.Syncs.AddSliceAsync(slice, last.Memory.ToArray(), cancellation))
        {
            await Json.WriteAsync(
                context,
                new SliceAnswer(sequence + 1, Duplicate: false),
                AgentJson.Default.SliceAnswer
            );
            return;
        }

        await RepeatAsync(context, sync.Id, id, range, sequence, headers);
    }

    private async Task DoneAsync(HttpContext context)
    {
        var agent = await gate.AuthenticateAsync(context);
        var (sync, set) = await gate.AnySyncAsync(agent, Json.Route(context, "syncId"), context.RequestAborted);
        var leased = await gate.UnderLeaseAsync(context, agent, set.DeploymentId);
        var (id, range) = RangeOf(context);
        _ = await PositionAsync(sync.Id, id, range, context.RequestAborted);
        if (sync.State == SyncState.Copying)
        {
            await leased.Syncs.CollectionDoneAsync(sync.Id, id, range, context.RequestAborted);
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private async Task ResetAsync(HttpContext context)
    {
        var agent = await gate.AuthenticateAsync(context);
        var (sync, set) = await gate.AnySyncAsync(agent, Json.Route(context, "syncId"), context.RequestAborted);
        var leased = await gate.UnderLeaseAsync(context, agent, set.DeploymentId);
        var (id, range) = RangeOf(context);
        var position = await PositionAsync(sync.Id, id, range, context.RequestAborted);
        RequireOpen(sync, position, position.NextSequence);
        var next = await leased.Syncs.ResetCollectionAsync(sync.Id, id, range, context.RequestAborted);
        var answer = new SliceAnswer(next, Duplicate: false);
        await Json.WriteAsync(context, answer, AgentJson.Default.SliceAnswer);
    }

    private async Task CopiedAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var agent = await gate.AuthenticateAsync(context);
        var (sync, replicaSet) = await gate.AnySyncAsync(agent, Json.Route(context, "syncId"), cancellation);
        var leased = await gate.UnderLeaseAsync(context, agent, replicaSet.DeploymentId);
        var report = await Json.ReadAsync(context, AgentJson.Default.CopiedReport);
        if (sync.State == SyncState.Copying)
        {
            var progress = await metadata.Syncs.ProgressAsync(sync.Id, cancellation);
            var left = progress.Collections - progress.CollectionsDone;
            if (left > 0)
            {
                throw BackupHttpServerErrors.StillCopying(left);
            }

            // Before the daemon may know of it, never after: a small head tails by then, and would be told to be catching up for ever.
            if (!sync.IsPartial)
            {
                await leased.Deployments.SetStateAsync(
                    replicaSet.Id,
                    ReplicaSetState.CatchingUp,
                    cancellation: cancellation
                );
            }

            await leased.Syncs.CopiedAsync(sync.Id, report.End.ToOptime(), cancellation);
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private async Task AnswerAsync(HttpContext context, ReplicaSetRecord replicaSet)
    {
        var assignment = await assignments.MakeAsync(replicaSet, context.RequestAborted);
        await Json.WriteAsync(context, assignment, AgentJson.Default.Assignment);
    }

    /// <summary>The slice stands there already: acknowledged again where it is the same, refused where it is not.</summary>
    private async Task RepeatAsync(
        HttpContext context,
        string syncId,
        Guid id,
        int range,
        long sequence,
        SliceHeaders headers
    )
    {
        var stored = await metadata.Syncs.FindSliceAsync(syncId, id, range, sequence, context.RequestAborted);
        if (stored is null || !stored.Sha256.AsSpan().SequenceEqual(headers.Sha256))
        {
            throw BackupHttpServerErrors.Differs(sequence);
        }

        var position = await PositionAsync(syncId, id, range, context.RequestAborted);
        var answer = new SliceAnswer(position.NextSequence, Duplicate: true);
        await Json.WriteAsync(context, answer, AgentJson.Default.SliceAnswer);
    }

    private async Task<SyncCollection> PositionAsync(
        string syncId,
        Guid id,
        int range,
        CancellationToken cancellation
    ) =>
        await metadata.Syncs.FindCollectionAsync(syncId, id, range, cancellation)
        ?? throw BackupHttpServerErrors.Nothing("such collection in this sync");

    private static void RequireOpen(SyncRecord sync, SyncCollection position, long sequence)
    {
        if (sync.State != SyncState.Copying)
        {
            throw BackupHttpServerErrors.Over(sync.Id);
        }

        if (position.Done)
        {
            throw BackupHttpServerErrors.RangeDone(position.Collection);
        }

        if (sequence != position.NextSequence)
        {
            throw BackupHttpServerErrors.WrongSequence(sequence, position.NextSequence);
        }
    }

    private static (Guid Collection, int Range) RangeOf(HttpContext context) =>
        (Guid.Parse(Json.Route(context, "collection")), int.Parse(Json.Route(context, "range")));

    private static long SequenceOf(HttpContext context) => long.Parse(Json.Route(context, "sequence"));
}
