using Backup.BackupHttpServer.Access;
using Backup.BackupHttpServer.Slices;
using Backup.Blockstore;
using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.BackupHttpServer.Endpoints;

/// <summary>Oplog slices, each the continuation of the last durable one, and holes.</summary>
internal sealed class OplogEndpoints(
    IMetadataStore metadata,
    IObjectStore objects,
    AgentGate gate,
    SliceBudget budget,
    TimeProvider time
)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        _ = routes.MapPut(AgentRoutes.OplogSliceTemplate, SliceAsync);
        _ = routes.MapPost(AgentRoutes.HolesTemplate, HoleAsync);
    }

    private async Task SliceAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var agent = await gate.AuthenticateAsync(context);
        var (sync, replicaSet) = await gate.SyncAsync(agent, Json.Route(context, "syncId"), cancellation);
        var leased = await gate.UnderLeaseAsync(context, agent, replicaSet.DeploymentId);
        var sequence = long.Parse(Json.Route(context, "sequence"));
        var headers = SliceHeaders.Read(context.Request);
        var previous = SliceHeaders.ReadOptime(context.Request, AgentHeaders.Previous);
        var first = SliceHeaders.ReadOptime(context.Request, AgentHeaders.First);
        var last = SliceHeaders.ReadOptime(context.Request, AgentHeaders.Last);
        var newest = await metadata.OplogSlices.NewestAsync(sync.Id, cancellation);
        if (sequence <= (newest?.Sequence ?? -1))
        {
            await RepeatAsync(context, sync.Id, sequence, headers);
            return;
        }

        RequireContinuity(sync, newest, sequence, previous, first);
        using var body = await SliceBody.ReceiveAsync(context.Request, headers, budget);
        SliceContent.CheckEntries(body.Raw, headers.Documents, first, last);
        var slice = new OplogSlice(
            replicaSet.Id,
            sync.Id,
            sequence,
            previous,
            first,
            last,
            headers.Documents,
            $"{SliceNames.OplogPrefix(sync.Id)}{sequence:D12}-{headers.HashText}",
            headers.RawLength,
            headers.StoredLength,
            headers.Sha256,
            time.GetUtcNow()
        );
        await objects.PutAsync(slice.ObjectName, body.Stored, cancellation);
        if (await leased.OplogSlices.AddAsync(slice, cancellation))
        {
            await Json.WriteAsync(
                context,
                new SliceAnswer(sequence + 1, Duplicate: false),
                AgentJson.Default.SliceAnswer
            );
            return;
        }

        await RepeatAsync(context, sync.Id, sequence, headers);
    }

    private async Task HoleAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var agent = await gate.AuthenticateAsync(context);
        var replicaSet = await gate.ReplicaSetAsync(agent, Json.Route(context, "replicaSetId"), cancellation);
        var leased = await gate.UnderLeaseAsync(context, agent, replicaSet.DeploymentId);
        var report = await Json.ReadAsync(context, AgentJson.Default.HoleReport);
        var (from, to) = (report.From.ToOptime(), report.To.ToOptime());
        await leased.OplogSlices.AddHoleAsync(
            new OplogHole(
                replicaSet.Id,
                from,
                to > from ? to : Optime.Zero,
                report.Fault.Message,
                time.GetUtcNow(),
                // Where nothing is missing at the source, what was shipped is no longer what is there.
                to > from
                    ? HoleKind.OplogLost
                    : HoleKind.RolledBack,
                replicaSet.SyncId ?? "",
                report.Fault.Code
            ),
            cancellation
        );
        await leased.Deployments.SetStateAsync(
            replicaSet.Id,
            ReplicaSetState.Stopped,
            report.Fault.Code,
            report.Fault.Message,
            report.Fault.Hint,
            cancellation
        );
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static void RequireContinuity(
        SyncRecord sync,
        OplogSlice? newest,
        long sequence,
        Optime previous,
        Optime first
    )
    {
        var next = newest is null ? 0 : newest.Sequence + 1;
        if (sequence != next)
        {
            throw BackupHttpServerErrors.WrongSequence(sequence, next);
        }

        // The first slice of a sync starts with the entry that the sync begins at; there is nothing before it.
        if (newest is null && (first != sync.Begin || previous != first))
        {
            throw BackupHttpServerErrors.Gap(first, sync.Begin);
        }

        if (newest is not null && (previous != newest.Last || first <= previous))
        {
            throw BackupHttpServerErrors.Gap(previous, newest.Last);
        }
    }

    private async Task RepeatAsync(HttpContext context, string syncId, long sequence, SliceHeaders headers)
    {
        // Old slices are groomed away with their rows; whoever sends one of those is far behind and asks for its position.
        var stored = await metadata.OplogSlices.FindAsync(syncId, sequence, context.RequestAborted);
        if (stored is null || !stored.Sha256.AsSpan().SequenceEqual(headers.Sha256))
        {
            throw BackupHttpServerErrors.Differs(sequence);
        }

        var newest = await metadata.OplogSlices.NewestAsync(syncId, context.RequestAborted);
        var answer = new SliceAnswer((newest?.Sequence ?? sequence) + 1, Duplicate: true);
        await Json.WriteAsync(context, answer, AgentJson.Default.SliceAnswer);
    }
}
