using Backup.BackupHttpServer.Access;
using Backup.BackupHttpServer.Updates;
using Backup.Foundation.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.BackupHttpServer.Endpoints;

/// <summary>Builds that are offered to agents. An agent of another release may ask for them: they are its way to this one.</summary>
internal sealed class UpdateEndpoints(AgentGate gate, UpdateStore updates, UpdateSigner signer)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        _ = routes.MapGet(AgentRoutes.UpdateTemplate, OfferAsync);
        _ = routes.MapGet(AgentRoutes.UpdateProgramTemplate, ProgramAsync);
    }

    private async Task OfferAsync(HttpContext context)
    {
        _ = await gate.HolderAsync(context, anyProtocol: true);
        if (updates.Find(Json.Route(context, "platform")) is not { } build)
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        await Json.WriteAsync(context, signer.Sign(build), AgentJson.Default.UpdateOffer);
    }

    private async Task ProgramAsync(HttpContext context)
    {
        _ = await gate.HolderAsync(context, anyProtocol: true);
        await using var program =
            updates.Open(Json.Route(context, "sha256")) ?? throw BackupHttpServerErrors.Nothing("such build");
        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = program.Length;
        await program.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
